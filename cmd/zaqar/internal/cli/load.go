package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/dumpfile"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/progress"
)

// loadFlags are the flags of zaqar load.
type loadFlags struct {
	app     *App
	resume  bool
	state   string
	noState bool
	ttl     seconds
}

// NewCmdLoad returns the command zaqar load.
func NewCmdLoad(app *App) *cobra.Command {
	f := &loadFlags{app: app}
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Post the messages of a dump",
		Long: `Post the messages of a dump that "zaqar dump" wrote, in their order. Without
FILE, or with -, the dump is read from standard input.

Beside FILE, in FILE.loading, the command keeps how many lines are stored for
sure. The file is deleted when all of them are. If the command was interrupted
or has failed, --resume continues where it stopped. Then no message is missing,
and those of one batch at most, which are 80 messages, are there twice.

If a line is refused, the command ends behind its batch. Change the line, or use
--ttl if its TTL is too long for this cloud; --resume posts it first.

For standard input name the state with --state.`,
		Example: `  zaqar load wot wot.ndjson
  zaqar load wot wot.ndjson --resume
  zaqar --os-cloud a dump wot | zaqar --os-cloud b load wot`,
		RunE: checked(f.check, app.withClient(f.run)),
	}
	app.takes(cmd, "QUEUE", "[FILE]")
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&f.resume, "resume", false, "continue where an earlier load stopped")
	flags.StringVar(&f.state, "state", "", "keep how much is stored in this `file` (default: FILE.loading)")
	flags.BoolVar(&f.noState, "no-state", false, "keep nothing; then the load cannot be resumed")
	flags.Var(&f.ttl, "ttl", "the messages live this many `seconds`, or 24h for example, whatever the dump says")
	return cmd
}

func (f *loadFlags) check(args []string) error {
	switch {
	case f.noState && f.state != "":
		return badUsage("--state and --no-state contradict each other; use one of them")
	case f.noState && f.resume:
		return badUsage("--resume needs the state, and --no-state keeps none; use one of them")
	case f.resume && f.state == "" && fileOf(args) == "-":
		return badUsage("--resume needs --state if the dump is read from standard input")
	}
	return checkTTL(f.ttl)
}

// fileOf returns the FILE of the arguments, "-" without one.
func fileOf(args []string) string {
	if len(args) < 2 {
		return "-"
	}
	return args[1]
}

func (f *loadFlags) run(ctx context.Context, client *zaqar.Client, args []string) error {
	file := fileOf(args)
	in, size, err := f.app.openInput(file)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	name, state := file, f.state
	switch {
	case file == "-":
		name = "standard input"
		if isTerminal(f.app.In) {
			f.app.warn("reading a dump from the terminal; end with Ctrl-D")
		}
	case state == "" && !f.noState:
		state = file + ".loading"
	}
	meter := f.app.meter("loaded", size, false)
	failures := &failureLines{app: f.app, meter: meter}
	config := dumpfile.LoadConfig{
		Name: name, TTL: time.Duration(f.ttl), State: state, Resume: f.resume, Meter: meter,
		Report: func(line int, err error) {
			if zaqar.SafeToRetry(err) {
				failures.add(fmt.Sprintf("line %d of %s is not stored: %v", line, name, err), err)
			} else {
				failures.add(fmt.Sprintf("line %d of %s may be stored or not: %v", line, name, err), err)
			}
		},
	}
	defer f.app.noteStop(ctx, meter)()
	result, err := dumpfile.Load(ctx, client, args[0], in, config)
	meter.Clear()
	switch {
	case errors.Is(err, dumpfile.ErrStarted):
		return &incompleteError{fmt.Sprintf("%v; continue with --resume, or delete %s to load everything again", err, state), err}
	case errors.Is(err, dumpfile.ErrNothingToResume):
		return &incompleteError{fmt.Sprintf("%v: either nothing was loaded, or all of it; without --resume everything is loaded", err), err}
	case errors.Is(err, dumpfile.ErrOther):
		return &incompleteError{fmt.Sprintf("%v; nothing was posted", err), err}
	case err != nil && ctx.Err() != nil:
		f.app.warn("stopped: %s", f.stored(result, state))
		return err
	case err != nil:
		return failures.incomplete(f.stored(result, state), err)
	}
	f.app.note("loaded %s into %s", progress.Messages(result.Stored), args[0])
	return nil
}

// stored says what is stored, and how to continue.
func (f *loadFlags) stored(result dumpfile.Loaded, state string) string {
	text := outcome(result.Before+result.Stored, result.NotStored, result.Unknown)
	if state == "" || result.Before+result.Stored+result.Unknown == 0 {
		return text
	}
	return text + "; --resume continues there"
}
