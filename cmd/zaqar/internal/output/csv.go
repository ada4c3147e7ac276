package output

import (
	"bytes"
	"strings"
)

// csv writes rows as Python's csv module does with cliff's settings: "\" escapes itself
// and, without quotes, what is special.
func (o *Options) csv(b *bytes.Buffer, columns []string, rows [][]value) {
	cells := make([]csvCell, len(columns))
	for i, column := range columns {
		cells[i] = csvCell{text: column}
	}
	o.csvRow(b, cells)
	for _, row := range rows {
		for i, v := range row {
			cells[i] = csvCell{text: v.text(), number: v.rank() == kindNumber || v.rank() == kindBool}
			if v.rank() == kindNull {
				cells[i].text = ""
			}
		}
		o.csvRow(b, cells)
	}
}

type csvCell struct {
	text   string
	number bool
}

func (o *Options) csvRow(b *bytes.Buffer, cells []csvCell) {
	for i, cell := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		quoted := o.Quote == "all" || o.Quote == "nonnumeric" && !cell.number ||
			o.Quote == "minimal" && (strings.ContainsAny(cell.text, ",\"\r\n") || cell.text == "" && len(cells) == 1)
		if quoted {
			b.WriteByte('"')
		}
		for _, c := range []byte(cell.text) {
			switch {
			case c == '\\', o.Quote == "none" && strings.IndexByte(",\"\r\n", c) >= 0:
				b.WriteByte('\\')
			case c == '"':
				b.WriteByte('"')
			}
			b.WriteByte(c)
		}
		if quoted {
			b.WriteByte('"')
		}
	}
	b.WriteByte('\n')
}
