package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/follow"
)

// peekFlags are the flags of zaqar peek.
type peekFlags struct {
	app              *App
	limit            int
	all              bool
	claimed, delayed bool
	format           string
}

// NewCmdPeek returns the command zaqar peek.
func NewCmdPeek(app *App) *cobra.Command {
	f := &peekFlags{app: app}
	cmd := &cobra.Command{
		Use:   "peek",
		Short: "Print the next messages of a queue without claiming them",
		Long: `Print the messages that would be claimed next, oldest first. Nothing is claimed
or deleted. Each message is a line: its body, as JSON.`,
		Example: `  zaqar peek wot                  the next 10 messages
  zaqar peek wot -n 1 | jq .
  zaqar peek wot --all --include-claimed -f json`,
		RunE: checked(f.check, app.withClient(f.run)),
	}
	app.takes(cmd, "QUEUE")
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVarP(&f.limit, "limit", "n", 10, "print at most `n` messages")
	flags.BoolVar(&f.all, "all", false, "print all messages")
	flags.BoolVar(&f.claimed, "include-claimed", false, "print the claimed messages, too")
	flags.BoolVar(&f.delayed, "include-delayed", false, "print the messages whose delay is not over, too")
	flags.StringVarP(&f.format, "format", "f", "body", "print `body|json|raw`: raw prints texts without quotes")
	return cmd
}

func (f *peekFlags) check([]string) error {
	if f.limit < 1 {
		return badUsage("--limit is %d; it must be at least 1", f.limit)
	}
	return checkMessageFormat(f.format, false, nil, f.app)
}

func (f *peekFlags) run(ctx context.Context, client *zaqar.Client, args []string) error {
	printer := &follow.Printer{W: f.app.Out, Format: f.format, Terminal: f.app.Out.terminal}
	options := []zaqar.MessagesOption{zaqar.IncludeClaimed(f.claimed), zaqar.IncludeDelayed(f.delayed)}
	if !f.all {
		options = append(options, zaqar.Limit(f.limit))
	}
	printed := 0
	for m, err := range client.Queue(args[0]).Messages(ctx, options...) {
		if err != nil {
			return err
		}
		if err := printer.Print(m); err != nil {
			return err
		}
		printed++
	}
	if printed == 0 {
		f.app.note("there is no such message in %s", args[0])
	}
	return nil
}
