// Package output prints rows and fields as the openstack command does: the formats, the
// flags and the shapes are those of cliff, its framework.
//
// Three things differ, because scripts would fail on what cliff prints: a list or a map as
// part of a value is JSON, not Python; numbers keep their digits; and what is printed for a
// shell is quoted, so that a value cannot run commands. An unknown column is an error.
package output

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// Options are the values of the flags.
type Options struct {
	// Format is table, json, yaml, csv, value or shell.
	Format  string
	Columns []string
	// SortColumns are the columns to sort by, the most important first.
	SortColumns               []string
	SortAscending, Descending bool
	MaxWidth                  int
	FitWidth, PrintEmpty      bool
	NoIndent                  bool
	// Quote is all, minimal, none or nonnumeric.
	Quote  string
	Prefix string
	// Terminal is the width of the terminal, 0 if output goes to none.
	Terminal int

	formats []string
}

// OptionError is a flag with a wrong value.
type OptionError struct{ text string }

func (e *OptionError) Error() string { return e.text }

func wrong(format string, args ...any) error {
	return &OptionError{text: fmt.Sprintf(format, args...)}
}

var (
	listFormats = []string{"csv", "json", "table", "value", "yaml"}
	showFormats = []string{"json", "shell", "table", "value", "yaml"}
	quotes      = []string{"all", "minimal", "none", "nonnumeric"}
)

// AddList adds the flags of a command that prints rows, and returns their names.
func (o *Options) AddList(flags *pflag.FlagSet) []string {
	names := o.add(flags, listFormats)
	flags.StringArrayVar(&o.SortColumns, "sort-column", nil, "sort by this `column` (repeatable)")
	flags.BoolVar(&o.SortAscending, "sort-ascending", false, "sort in ascending order, the default")
	flags.BoolVar(&o.Descending, "sort-descending", false, "sort in descending order")
	o.addTable(flags)
	flags.BoolVar(&o.PrintEmpty, "print-empty", false, "print a table even if it has no rows")
	flags.StringVar(&o.Quote, "quote", "nonnumeric", "csv: which values get quotes: `all|minimal|none|nonnumeric`")
	return append(names, "sort-column", "sort-ascending", "sort-descending", "max-width", "fit-width", "noindent", "print-empty", "quote")
}

// AddShow adds the flags of a command that prints the fields of one thing, and returns
// their names.
func (o *Options) AddShow(flags *pflag.FlagSet) []string {
	names := o.add(flags, showFormats)
	o.addTable(flags)
	flags.StringVar(&o.Prefix, "prefix", "", "shell: begin the names of variables with this `text`")
	return append(names, "max-width", "fit-width", "noindent", "prefix")
}

func (o *Options) add(flags *pflag.FlagSet, formats []string) []string {
	o.formats = formats
	flags.StringVarP(&o.Format, "format", "f", "table", "print in this `format`: "+strings.Join(formats, ", "))
	flags.StringArrayVarP(&o.Columns, "column", "c", nil, "print this `column` only (repeatable)")
	return []string{"format", "column"}
}

func (o *Options) addTable(flags *pflag.FlagSet) {
	width, _ := strconv.Atoi(os.Getenv("CLIFF_MAX_TERM_WIDTH"))
	fit, _ := strconv.Atoi(os.Getenv("CLIFF_FIT_WIDTH"))
	flags.IntVar(&o.MaxWidth, "max-width", width, "table: at most this many `columns` wide, 0 for any")
	flags.BoolVar(&o.FitWidth, "fit-width", fit != 0, "table: as wide as the terminal")
	flags.BoolVar(&o.NoIndent, "noindent", false, "json: print it in one line")
}

// Check returns an [OptionError] if a flag's value is wrong, or names a column that is not
// among columns.
func (o *Options) Check(columns ...string) error {
	if !slices.Contains(o.formats, o.Format) {
		return wrong("--format is %q; it must be one of %s", o.Format, strings.Join(o.formats, ", "))
	}
	if o.Quote != "" && !slices.Contains(quotes, o.Quote) {
		return wrong("--quote is %q; it must be one of %s", o.Quote, strings.Join(quotes, ", "))
	}
	if o.SortAscending && o.Descending {
		return wrong("--sort-ascending and --sort-descending contradict each other; use one of them")
	}
	for _, flag := range []struct {
		name  string
		named []string
	}{{"--column", o.Columns}, {"--sort-column", o.SortColumns}} {
		for _, name := range flag.named {
			if index(columns, name) < 0 {
				return wrong("%s %q: there is no such column; the columns are %s", flag.name, name, strings.Join(columns, ", "))
			}
		}
	}
	return nil
}

// index returns the place of a column. Case does not matter, and "_" stands for a space.
func index(columns []string, name string) int {
	if exact := slices.Index(columns, name); exact >= 0 {
		return exact
	}
	return slices.IndexFunc(columns, func(column string) bool { return plain(column) == plain(name) })
}

func plain(column string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(column)), " ", "_")
}

// selected returns the places of the columns to print, in their own order.
func (o *Options) selected(columns []string) []int {
	var places []int
	for i := range columns {
		if len(o.Columns) == 0 || slices.ContainsFunc(o.Columns, func(name string) bool { return index(columns, name) == i }) {
			places = append(places, i)
		}
	}
	return places
}

func pick[T any](all []T, places []int) []T {
	picked := make([]T, len(places))
	for i, place := range places {
		picked[i] = all[place]
	}
	return picked
}
