package main

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// The chart's measures, in pixels.
const (
	chartWidth, barHeight, gap = 760, 18, 6
	labels, figures            = 270, 90
)

// drawFile draws the results of a file as bars, as an SVG that works on light and on dark
// pages.
func drawFile(w io.Writer, file string) error {
	r, err := read(file)
	if err != nil {
		return err
	}
	var tall int
	for _, m := range r.Tasks {
		tall += 34 + len(m.Sides)*(barHeight+gap)
	}
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n",
		chartWidth, tall+10, chartWidth, tall+10)
	fmt.Fprintln(w, `<style>text{fill:#24292f} .ours{fill:#2da44e} .theirs{fill:#8c959f} @media (prefers-color-scheme: dark){text{fill:#e6edf3}}</style>`)
	y := 10
	for _, m := range r.Tasks {
		y += 16
		fmt.Fprintf(w, `<text x="0" y="%d" font-weight="bold">%s: %s a second</text>`+"\n", y, html.EscapeString(m.Name), html.EscapeString(m.Unit))
		y += 10
		var most float64
		for _, s := range m.Sides {
			most = max(most, s.median(rate))
		}
		for _, s := range m.Sides {
			value := s.median(rate)
			width := max(1, int(value/most*float64(chartWidth-labels-figures)))
			fmt.Fprintf(w, `<text x="0" y="%d">%s</text><rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="2"/><text x="%d" y="%d">%.0f</text>`+"\n",
				y+14, html.EscapeString(s.Name), class(s.Name), labels, y, width, barHeight, labels+width+6, y+14, value)
			y += barHeight + gap
		}
		y += 8
	}
	_, err = fmt.Fprintln(w, "</svg>")
	return err
}

// class returns how a side's bar is drawn.
func class(side string) string {
	if strings.HasPrefix(side, "gophercloud") || side == pythonSide || strings.HasPrefix(side, "bare loop") {
		return "theirs"
	}
	return "ours"
}
