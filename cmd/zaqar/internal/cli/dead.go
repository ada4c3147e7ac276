package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/deadletter"
)

// NewCmdDead returns the command zaqar dead.
func NewCmdDead(app *App) *cobra.Command {
	cmd := group("dead", "Work with dead letters",
		newCmdDeadList(app), newCmdDeadShow(app), newCmdDeadRetry(app), newCmdDeadDrop(app))
	cmd.Long = `Work with dead letters: messages that could not be handled. QUEUE is the queue that
they were moved to, such as that of "zaqar consume --dead-letter".

A dead letter of a consumer has the reason, the number of attempts, and the queue
that it came from. Messages that Zaqar itself moved have none of these, nor have
those that were too large for it.`
	return cmd
}

// filterFlags select dead letters.
type filterFlags struct {
	filter    deadletter.Filter
	olderThan seconds
}

func (f *filterFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.filter.Reason, "reason", "", "only those whose reason contains this `text`, in any case")
	flags.Var(&f.olderThan, "older-than", "only those whose last attempt was longer ago than this, in seconds or as 5m")
	flags.StringArrayVar(&f.filter.IDs, "id", nil, "only the one with this `id`, its own or that of the message (repeatable)")
	flags.IntVar(&f.filter.Limit, "limit", 0, "at most `n`")
	inGroup(flags, "Which", "reason", "older-than", "id", "limit")
}

func (f *filterFlags) check(cmd *cobra.Command) error {
	f.filter.OlderThan = time.Duration(f.olderThan)
	if f.filter.Limit < 1 && cmd.Flags().Changed("limit") {
		return badUsage("--limit is %d; it must be at least 1", f.filter.Limit)
	}
	return nil
}

var (
	deadColumns     = []string{"ID", "Queue", "Attempts", "Last", "Reason"}
	deadShowColumns = []string{"ID", "Queue", "Message ID", "Attempts", "Permanent", "First", "Last", "Reason", "Age", "TTL", "Body"}
)

// deadFields are the fields of a dead letter in all columns of show.
func deadFields(l deadletter.Letter) []any {
	fields := []any{l.Message.ID(), nil, nil, nil, nil, nil, nil, nil, whole(l.Message.Age()), whole(l.Message.TTL()), l.Body()}
	if n := l.Message.ClaimCount(); n > 0 {
		fields[3] = n // Zaqar's own count
	}
	if d := l.Dead; d != nil {
		copy(fields[1:], []any{d.Queue, d.ID, d.Attempts, d.Permanent, moment(d.First), moment(d.Last), d.Reason})
	}
	return fields
}

// moment returns a time as text, or nil for none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func newCmdDeadList(app *App) *cobra.Command {
	var f filterFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List dead letters",
		Long: `List dead letters, oldest first, claimed or not. Last is the time of the last
attempt.`,
		Example: `  zaqar dead list jobs-dead
  zaqar dead list jobs-dead --reason timeout --older-than 1h -f json`,
	}
	app.takes(cmd, "QUEUE")
	f.add(cmd)
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := errors.Join(out.check(deadColumns...), f.check(cmd)); err != nil {
			return err
		}
		var rows [][]any
		for l, err := range f.filter.All(ctx, client.Queue(args[0]), zaqar.IncludeClaimed(true)) {
			if err != nil {
				return err
			}
			fields := deadFields(l)
			rows = append(rows, []any{fields[0], fields[1], fields[3], fields[6], fields[7]})
		}
		return out.list(deadColumns, rows)
	})
	return cmd
}

func newCmdDeadShow(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print one dead letter",
		Long: `Print one dead letter, with the body that the message had. ID is its id in the
dead-letter queue, or the id that the message had before.`,
		Example: `  zaqar dead show jobs-dead 50b68a50d6f5b8c8a7c62b01
  zaqar dead show jobs-dead 50b68a50d6f5b8c8a7c62b01 -f value -c Body`,
	}
	app.takes(cmd, "QUEUE", "ID")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(deadShowColumns...); err != nil {
			return err
		}
		only := deadletter.Filter{IDs: args[1:], Limit: 1}
		for l, err := range only.All(ctx, client.Queue(args[0]), zaqar.IncludeClaimed(true)) {
			if err != nil {
				return err
			}
			return out.show(deadShowColumns, deadFields(l))
		}
		return fmt.Errorf("%w: the queue %s has no dead letter %s", zaqar.ErrNotFound, args[0], args[1])
	})
	return cmd
}

func newCmdDeadRetry(app *App) *cobra.Command {
	var f filterFlags
	var to string
	var ttl seconds
	var dry bool
	cmd := &cobra.Command{
		Use:   "retry",
		Short: "Post dead letters to their queues again",
		Long: `Post dead letters to the queues that they came from, and delete them. Those that do
not say where they came from need --to.

Each is posted at least once: after a crash, up to 20 messages may be in both
queues. Dead letters that somebody has claimed, and those that come while the
command runs, are left alone.`,
		Example: `  zaqar dead retry jobs-dead --dry-run
  zaqar dead retry jobs-dead --reason 'connection refused'
  zaqar dead retry jobs-dead --to jobs --ttl 1h`,
	}
	app.takes(cmd, "QUEUE")
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&to, "to", "", "post them to this `queue`")
	flags.Var(&ttl, "ttl", "let them live for this long, in seconds or as 5m (default: the queue's own)")
	flags.BoolVar(&dry, "dry-run", false, "only count what would be posted")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := errors.Join(f.check(cmd), checkTTL(ttl)); err != nil {
			return err
		}
		if to == args[0] {
			return badUsage("--to is the dead-letter queue itself")
		}
		from := client.Queue(args[0])
		ids, err := f.filter.Pick(ctx, from)
		if err != nil {
			return err
		}
		progress := app.progress("posted")
		retry := &deadletter.Retry{Client: client, From: from, To: to, TTL: time.Duration(ttl), DryRun: dry, Progress: progress.show}
		result, err := retry.Do(ctx, ids)
		progress.end()
		app.log("%s", retried(result, dry))
		if err == nil && result.Nowhere > 0 {
			err = fmt.Errorf("%s not posted, because nothing says where they came from: use --to", plural(result.Nowhere, "dead letter"))
		}
		return err
	})
	return cmd
}

// retried says what a retry has done.
func retried(r deadletter.Result, dry bool) string {
	done := "posted again"
	if dry {
		done = "would be posted again"
	}
	text := plural(r.Total(), "dead letter") + " " + done
	var parts []string
	for _, queue := range slices.Sorted(maps.Keys(r.Retried)) {
		parts = append(parts, fmt.Sprintf("%d to %s", r.Retried[queue], queue))
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

func newCmdDeadDrop(app *App) *cobra.Command {
	var f filterFlags
	var yes, dry bool
	cmd := &cobra.Command{
		Use:   "drop",
		Short: "Delete dead letters",
		Long: `Delete dead letters. On a terminal the command asks first. Dead letters
that somebody has claimed, and those that come while it runs, are left alone.`,
		Example: `  zaqar dead drop jobs-dead --dry-run --older-than 168h
  zaqar dead drop jobs-dead --reason 'bad input' --yes`,
	}
	app.takes(cmd, "QUEUE")
	f.add(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only count what would be deleted")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := f.check(cmd); err != nil {
			return err
		}
		queue := client.Queue(args[0])
		ids, err := f.filter.Pick(ctx, queue)
		if err != nil {
			return err
		}
		found := plural(len(ids), "dead letter")
		if dry {
			app.log("%s would be deleted from %s", found, args[0])
			return nil
		}
		if len(ids) > 0 {
			if err := app.confirm(ctx, yes, "Delete %s from %s?", found, args[0]); err != nil {
				return err
			}
			if err := queue.DeleteMessages(ctx, ids); err != nil {
				return err
			}
		}
		app.log("%s deleted from %s", found, args[0])
		return nil
	})
	return cmd
}
