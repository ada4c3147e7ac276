package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/dumpfile"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/follow"
)

// tailFlags are the flags of zaqar tail.
type tailFlags struct {
	app                *App
	follow, start, now bool
	last               int
	position           string
	push               bool
	idle               time.Duration
	format             string
}

// NewCmdTail returns the command zaqar tail.
func NewCmdTail(app *App) *cobra.Command {
	f := &tailFlags{app: app}
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Print the last messages of queues, and those that arrive",
		Long: `Print the last messages of queues. With -f continue with those that arrive, until
Ctrl-C. Nothing is claimed or deleted: everybody who looks sees every message.

Each message is a line: its body, as JSON. If there are several queues, the name
of the queue comes first.

With --position the file keeps how far each queue was printed, and the next run
continues there. It is saved each second, so after a crash up to a second of
messages is printed again; none is left out.`,
		Example: `  zaqar tail wot                          the last 10 messages
  zaqar tail -f wot orders                and those that arrive, of two queues
  zaqar tail -f --now --push wot          only what arrives, at once
  zaqar tail -f --format json wot | jq .id
  zaqar tail -f --start --position wot.pos --idle 5s wot
                                          what is new since the last run`,
	}
	app.takes(cmd, "QUEUE...")
	run := app.withClient(f.run)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := f.check(cmd, args); err != nil {
			return err
		}
		return run(cmd, args)
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&f.follow, "follow", "f", false, "continue with the messages that arrive")
	flags.IntVarP(&f.last, "last", "n", 10, "begin with the last `n` messages of each queue")
	flags.BoolVar(&f.start, "start", false, "begin with the oldest message")
	flags.BoolVar(&f.now, "now", false, "with -f: print only what arrives")
	flags.StringVar(&f.position, "position", "", "with -f: continue behind what was printed before, and keep that in this `file`")
	flags.BoolVar(&f.push, "push", false, "with -f: let the service push over the WebSocket, instead of polling")
	flags.DurationVar(&f.idle, "idle", 0, "with -f: end when no message has come for this `time`, such as 5s")
	flags.StringVar(&f.format, "format", "body", "print `body|json|raw`: raw prints texts without quotes")
	return cmd
}

func (f *tailFlags) check(cmd *cobra.Command, queues []string) error {
	f.app.global.waits = f.follow
	given := func(names ...string) (set []string) {
		for _, name := range names {
			if cmd.Flags().Changed(name) {
				set = append(set, "--"+name)
			}
		}
		return set
	}
	if starts := given("last", "start", "now"); len(starts) > 1 {
		return badUsage("%s contradict each other; use one of them", strings.Join(starts, " and "))
	}
	if idle := given("now", "position", "push", "idle"); len(idle) > 0 && !f.follow {
		return badUsage("%s needs -f", idle[0])
	}
	switch {
	case f.last < 0:
		return badUsage("--last is %d; it must be 0 or more", f.last)
	case f.idle < 0:
		return badUsage("--idle is %v; it must be more than 0", f.idle)
	}
	if f.push {
		f.app.global.transport = "ws"
	}
	return checkMessageFormat(f.format, f.follow, queues, f.app)
}

// checkMessageFormat checks the format of messages. Elsewhere -f is the format, so it warns
// if -f was meant so.
func checkMessageFormat(format string, following bool, queues []string, app *App) error {
	if !slices.Contains(follow.Formats, format) {
		return badUsage("--format is %q; it must be one of %s", format, strings.Join(follow.Formats, ", "))
	}
	for _, queue := range queues {
		if following && slices.Contains([]string{"json", "table", "yaml", "csv", "value", "body", "raw"}, queue) {
			app.warn("here -f follows the queues, and %s is taken for one; for the format use --format", queue)
		}
	}
	return nil
}

func (f *tailFlags) run(ctx context.Context, client *zaqar.Client, queues []string) error {
	slices.Sort(queues)
	queues = slices.Compact(queues)
	tail := follow.Tail{
		Client: client, Queues: queues, Last: f.last, Follow: f.follow, Idle: f.idle,
		Printer: &follow.Printer{W: f.app.Out, Format: f.format, Prefix: len(queues) > 1, Terminal: f.app.Out.terminal},
	}
	switch {
	case f.start:
		tail.Last = follow.All
	case f.now:
		tail.Last = 0
	}
	if f.position != "" {
		positions, err := follow.ReadPositions(f.position, dumpfile.TargetOf(ctx, client, ""))
		if err != nil {
			return err
		}
		tail.Positions = positions
	}
	err := tail.Run(ctx)
	if saving := tail.Positions.Save(); saving != nil && ctx.Err() != nil {
		f.app.warn("the position is not saved: %v", saving)
		return err
	}
	if stop, ok := errors.AsType[*interrupted](err); ok && stop.signal == syscall.SIGTERM {
		return nil // asked to stop, and everything is printed and saved
	}
	return err
}
