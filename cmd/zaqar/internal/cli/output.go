package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/output"
)

// printer prints the results of a command in the format that its flags select.
type printer struct {
	app     *App
	options output.Options
}

// listOutput adds the flags of a command that prints rows.
func (a *App) listOutput(cmd *cobra.Command) *printer {
	p := &printer{app: a}
	inGroup(cmd.Flags(), "Output", p.options.AddList(cmd.Flags())...)
	return p
}

// showOutput adds the flags of a command that prints the fields of one thing.
func (a *App) showOutput(cmd *cobra.Command) *printer {
	p := &printer{app: a}
	inGroup(cmd.Flags(), "Output", p.options.AddShow(cmd.Flags())...)
	return p
}

// check refuses flags that do not fit the columns. Call it before the first request, so
// that nothing is done if the result could not be printed.
func (p *printer) check(columns ...string) error {
	err := p.options.Check(columns...)
	if wrong, ok := errors.AsType[*output.OptionError](err); ok {
		return badUsage("%s", wrong.Error())
	}
	return err
}

// list prints rows. A value may be nil, a string, an integer, a bool, a json.RawMessage, a
// json.Number, or a map or a slice of these.
func (p *printer) list(columns []string, rows [][]any) error {
	p.options.Terminal = p.app.Out.columns
	return p.options.List(p.app.Out, columns, rows)
}

// show prints the fields of one thing.
func (p *printer) show(columns []string, values []any) error {
	p.options.Terminal = p.app.Out.columns
	return p.options.Show(p.app.Out, columns, values)
}
