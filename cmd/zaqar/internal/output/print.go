package output

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"
)

// List prints rows.
func (o *Options) List(w io.Writer, columns []string, rows [][]any) error {
	if err := o.Check(columns...); err != nil {
		return err
	}
	all := make([][]value, len(rows))
	for i, row := range rows {
		cells, err := valuesOf(row)
		if err != nil {
			return err
		}
		all[i] = cells
	}
	o.sort(columns, all)
	places := o.selected(columns)
	columns = pick(columns, places)
	for i := range all {
		all[i] = pick(all[i], places)
	}
	var b bytes.Buffer
	switch o.Format {
	case "json":
		o.jsonList(&b, columns, all)
	case "yaml":
		if err := yamlList(&b, columns, all); err != nil {
			return err
		}
	case "csv":
		o.csv(&b, columns, all)
	case "value":
		for _, row := range all {
			texts := make([]string, len(row))
			for i, v := range row {
				texts[i] = v.text()
			}
			b.WriteString(strings.Join(texts, " ") + "\n")
		}
	default:
		o.table(&b, columns, all)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Show prints the fields of one thing.
func (o *Options) Show(w io.Writer, columns []string, fields []any) error {
	if err := o.Check(columns...); err != nil {
		return err
	}
	values, err := valuesOf(fields)
	if err != nil {
		return err
	}
	places := o.selected(columns)
	columns, values = pick(columns, places), pick(values, places)
	var b bytes.Buffer
	switch o.Format {
	case "json":
		o.jsonOne(&b, columns, values)
	case "yaml":
		if err := yamlOne(&b, columns, values); err != nil {
			return err
		}
	case "value":
		for _, v := range values {
			b.WriteString(v.text() + "\n")
		}
	case "shell":
		for i, v := range values {
			b.WriteString(o.Prefix + variable(columns[i]) + `="` + shellQuoted.Replace(v.text()) + "\"\n")
		}
	default:
		o.fields(&b, columns, values)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// variable returns the name of a shell variable for a column.
func variable(column string) string {
	return strings.NewReplacer(" ", "_", ":", "_", "-", "_").Replace(strings.ToLower(column))
}

// shellQuoted escapes what is special between double quotes.
var shellQuoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`")

// sort sorts rows by the wanted columns. Values that are not set come last.
func (o *Options) sort(columns []string, rows [][]value) {
	if len(o.SortColumns) == 0 {
		return
	}
	slices.SortStableFunc(rows, func(a, b []value) int {
		for _, name := range o.SortColumns {
			i := index(columns, name)
			order := cmp.Or(cmp.Compare(a[i].rank(), b[i].rank()), a[i].compare(b[i]))
			if o.Descending {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
}
