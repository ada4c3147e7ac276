package main

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// The chart's measures, in pixels. It has two columns.
const (
	columnWidth, columnGap = 450, 24
	labels, figures        = 236, 62
	barHeight, barGap      = 15, 5
	titleHeight, taskGap   = 24, 16
)

// drawFile draws the results of a file as bars, as an SVG whose colours can be read on light
// and on dark pages. It does not ask which one it is on: the reader's system may be dark
// and the page light.
func drawFile(w io.Writer, file string) error {
	r, err := read(file)
	if err != nil {
		return err
	}
	var body strings.Builder
	y := 0
	for _, one := range r.Runs {
		y += 20
		fmt.Fprintf(&body, `<text x="0" y="%d" font-size="16" font-weight="bold">On %s</text>`+"\n", y, html.EscapeString(one.Name))
		y += 18
		fmt.Fprintf(&body, `<text x="0" y="%d">%s</text>`+"\n", y, html.EscapeString(one.Where))
		y += taskGap
		// Each task goes to the shorter column.
		left, right := y, y
		for _, m := range one.Tasks {
			if left <= right {
				left += m.draw(&body, 0, left)
			} else {
				right += m.draw(&body, columnWidth+columnGap, right)
			}
		}
		y = max(left, right) + taskGap
	}
	width := 2*columnWidth + columnGap
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n",
		width, y, width, y)
	fmt.Fprintln(w, `<style>text{fill:#757c86} .ours{fill:#2da44e} .theirs{fill:#8c959f}</style>`)
	fmt.Fprint(w, body.String())
	_, err = fmt.Fprintln(w, "</svg>")
	return err
}

// drawn says what the bars of a task show.
func (m measured) drawn() (title string, figure func(report) float64, format string) {
	has := func(figure func(report) float64) bool { return len(m.Sides) > 0 && m.Sides[0].median(figure) > 0 }
	switch {
	case has(requestsPerMinute):
		return "requests a minute, less is better", requestsPerMinute, "%.0f"
	case has(heap):
		return "MiB of heap at most, less is better", heap, "%.1f"
	case strings.HasPrefix(m.Name, "latency"), m.Name == "connect":
		return "median in ms, less is better", p50, "%.1f"
	}
	return m.Unit + " a second", rate, "%.0f"
}

// draw draws a task, and returns its height.
func (m measured) draw(w io.Writer, x, y int) int {
	title, figure, format := m.drawn()
	top := y
	fmt.Fprintf(w, `<text x="%d" y="%d" font-weight="bold">%s: %s</text>`+"\n", x, y+14, html.EscapeString(m.Name), html.EscapeString(title))
	y += titleHeight
	var most float64
	for _, s := range m.Sides {
		most = max(most, s.median(figure))
	}
	for _, s := range m.Sides {
		value := s.median(figure)
		width := max(1, int(value/most*float64(columnWidth-labels-figures)))
		fmt.Fprintf(w, `<text x="%d" y="%d">%s</text><rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="2"/><text x="%d" y="%d">%s</text>`+"\n",
			x, y+12, html.EscapeString(s.Name), class(s.Name), x+labels, y, width, barHeight, x+labels+width+5, y+12, grouped(fmt.Sprintf(format, value)))
		y += barHeight + barGap
	}
	return y - top + taskGap
}

// grouped puts a comma before each group of three digits.
func grouped(number string) string {
	whole, rest, _ := strings.Cut(number, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return whole
}

// class returns how a side's bar is drawn.
func class(side string) string {
	if strings.HasPrefix(side, "gophercloud") || side == pythonSide || strings.HasPrefix(side, "bare loop") {
		return "theirs"
	}
	return "ours"
}
