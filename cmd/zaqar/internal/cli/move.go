package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/progress"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/transfer"
)

// NewCmdMove returns the command zaqar move.
func NewCmdMove(app *App) *cobra.Command {
	var limit int
	var ttl seconds
	var dry bool
	cmd := &cobra.Command{
		Use:   "move",
		Short: "Move messages to another queue",
		Long: `Move the free messages of a queue to another queue of the same project, oldest
first. Messages that are claimed or delayed stay where they are. A message
keeps the rest of its life, unless --ttl sets another.

Messages are claimed, posted, and then deleted, 20 at a time. Each is moved at
least once: after a crash, up to 20 messages may be in both queues. Ctrl-C ends
after the messages that are being moved. The order is kept, unless others post
or claim at the same time. To move messages to another cloud, use zaqar dump
and zaqar load.`,
		Example: `  zaqar move jobs jobs-old --dry-run
  zaqar move jobs jobs-old
  zaqar move jobs jobs-old --limit 100`,
	}
	app.takes(cmd, "FROM", "TO")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 1 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return app.complete(cmd, "QUEUE", args, begin)
	}
	flags := cmd.Flags()
	flags.IntVar(&limit, "limit", 0, "move at most `n` messages")
	flags.Var(&ttl, "ttl", "let them live for this long in the other queue, in seconds or as 5m")
	flags.BoolVar(&dry, "dry-run", false, "only count what would be moved")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		switch {
		case limit < 1 && flags.Changed("limit"):
			return badUsage("--limit is %d; it must be at least 1", limit)
		case args[0] == args[1]:
			return badUsage("FROM and TO are the same queue")
		}
		if err := checkTTL(ttl); err != nil {
			return err
		}
		from, to := client.Queue(args[0]), client.Queue(args[1])
		if dry {
			n, err := transfer.Free(ctx, from, limit)
			if err == nil {
				app.log("%s would be moved from %s to %s", plural(n, "message"), args[0], args[1])
			}
			return err
		}
		counter := app.progress("moved")
		move := &transfer.Move{From: from, To: to, Limit: limit, TTL: time.Duration(ttl), Progress: counter.show}
		moved, err := move.Do(ctx)
		counter.end()
		app.log("%s moved from %s to %s", plural(moved, "message"), args[0], args[1])
		return err
	})
	return cmd
}

// counter shows a growing number on a terminal.
type counter struct {
	err   *Output
	word  string
	shown bool
}

// progress returns a counter of what was done, such as "moved".
func (a *App) progress(word string) *counter { return &counter{err: a.Err, word: word} }

func (c *counter) show(n int) {
	if c.err.terminal {
		c.shown = true
		fmt.Fprint(c.err, "\r"+progress.Fit(c.word+" "+progress.Grouped(n), c.err.width()))
	}
}

// end removes the number.
func (c *counter) end() {
	if c.shown {
		fmt.Fprint(c.err, "\r\x1b[K")
	}
}
