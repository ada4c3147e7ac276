package output

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// table writes rows as a table. A column of numbers is on the right; the first row decides.
func (o *Options) table(b *bytes.Buffer, columns []string, rows [][]value) {
	if len(rows) == 0 && !o.PrintEmpty {
		b.WriteByte('\n')
		return
	}
	cells := make([][]string, len(rows))
	aligns := make([]text.Align, len(columns))
	for i, row := range rows {
		for column, v := range row {
			cells[i] = append(cells[i], cell(v))
			switch {
			case i == 0 && v.rank() == kindNumber:
				aligns[column] = text.AlignRight
			case i == 0:
				aligns[column] = text.AlignLeft
			}
		}
	}
	if len(rows) == 0 {
		for i := range aligns {
			aligns[i] = text.AlignCenter
		}
	}
	o.render(b, columns, cells, aligns, 8)
}

// fields writes the fields of one thing as a table.
func (o *Options) fields(b *bytes.Buffer, columns []string, values []value) {
	cells := make([][]string, len(columns))
	for i, column := range columns {
		cells[i] = []string{column, cell(values[i])}
	}
	o.render(b, []string{"Field", "Value"}, cells, []text.Align{text.AlignLeft, text.AlignLeft}, 16)
}

// cell returns the text of a value without characters that would move the cursor.
func cell(v value) string {
	clean := strings.NewReplacer("\r\n", "\n", "\r", " ").Replace(v.text())
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, clean)
}

func (o *Options) render(b *bytes.Buffer, columns []string, rows [][]string, aligns []text.Align, least int) {
	style := table.StyleDefault
	style.Format.Header = text.FormatDefault
	writer := table.NewWriter()
	writer.SetStyle(style)
	widths := o.widths(columns, rows, least)
	configs := make([]table.ColumnConfig, len(columns))
	titles := make(table.Row, len(columns))
	for i, column := range columns {
		titles[i] = column
		configs[i] = table.ColumnConfig{Number: i + 1, Align: aligns[i], AlignHeader: aligns[i], WidthMax: widths[i], WidthMaxEnforcer: text.WrapSoft}
	}
	writer.SetColumnConfigs(configs)
	writer.AppendHeader(titles)
	for _, row := range rows {
		line := make(table.Row, len(row))
		for i, text := range row {
			line[i] = text
		}
		writer.AppendRow(line)
	}
	b.WriteString(writer.Render() + "\n")
}

// limit is the largest width of a table, 0 for any.
func (o *Options) limit() int {
	switch {
	case o.MaxWidth > 0:
		return o.MaxWidth
	case o.FitWidth && o.Terminal == 0:
		columns, _ := strconv.Atoi(os.Getenv("COLUMNS"))
		return columns
	}
	return o.Terminal
}

// widths returns the largest width of each column, 0 for any. Columns that need less than
// an equal share keep what they need; the others share the rest. None becomes narrower than
// least: then the table is wider.
func (o *Options) widths(columns []string, rows [][]string, least int) []int {
	limit := o.limit()
	widths := make([]int, len(columns))
	if limit <= 0 || len(columns) == 0 {
		return widths
	}
	needs, total := make([]int, len(columns)), 0
	for i, column := range columns {
		needs[i] = text.LongestLineLen(column)
		for _, row := range rows {
			needs[i] = max(needs[i], text.LongestLineLen(row[i]))
		}
		total += needs[i]
	}
	usable := max(0, limit-1-3*len(columns))
	if total <= usable {
		return widths
	}
	share, rest := usable/len(columns), usable
	var wide []int
	for i, need := range needs {
		if need <= share {
			rest -= need
		} else {
			wide = append(wide, i)
		}
	}
	for i, column := range wide {
		widths[column] = max(least, rest/(len(wide)-i))
		rest -= widths[column]
	}
	return widths
}
