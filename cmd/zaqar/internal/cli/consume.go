package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/consume"
)

// NewCmdConsume returns the command zaqar consume.
func NewCmdConsume(app *App) *cobra.Command {
	var f consumeFlags
	cmd := &cobra.Command{
		Use:   "consume QUEUE [flags] [-- COMMAND ARG...]",
		Short: "Run a command for each message, or print the messages",
		Long: `Claim messages and run a command for each of them. The command reads the body
from standard input: a text as it is, anything else as JSON. These variables
describe the message:

  ZAQAR_QUEUE  ZAQAR_MESSAGE_ID  ZAQAR_CLAIM_ID
  ZAQAR_ATTEMPT    1 for the first attempt of this program
  ZAQAR_AGE        seconds since the message was posted
  ZAQAR_TTL        seconds that the message lives in all
  ZAQAR_BODY_TYPE  string, object, array, number, boolean or null

The exit status of the command decides what happens to the message:

  0                it is deleted
  75               it is tried again after --retry-after; this is no failure
  65               it becomes a dead letter at once
  anything else    the attempt failed: the message is tried again after a
  or a signal      back-off, and becomes a dead letter after --max-attempts

The reason of a failure is the status and the last line that the command wrote
to standard error. Without --dead-letter a message is tried until it succeeds
or expires.

Without a command the bodies are printed, one JSON value on each line. A
message is deleted after its line was written.

Each message is handled at least once: after a crash it is handled again when
its claim ends, at most --claim-ttl later. Claims are extended while commands
run.

Ctrl-C and SIGTERM stop: no message is claimed any more, and running commands
may finish. After --stop-timeout they get SIGTERM, and SIGKILL --kill-after
later; their messages are given back. A second signal kills them at once. The
exit code is 128 plus the signal's number, but 0 after a SIGTERM if nothing had
to be ended. A command runs in a process group of its own, so Ctrl-C does not
reach it.`,
		Example: `  zaqar consume jobs --exec 'jq -r .url | xargs curl -sSO'
  zaqar consume jobs --workers 4 --dead-letter jobs-dead -- ./resize --width 200
  zaqar consume jobs --once > jobs.ndjson
  zaqar consume jobs --max 1`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || cmd.ArgsLenAtDash() == 0 {
				return badUsage("name the queue: zaqar consume QUEUE")
			}
			return checkQueueName("QUEUE", args[0])
		},
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return app.complete(cmd, "QUEUE", args, begin)
	}
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		command, err := f.command(cmd, args[1:])
		if err != nil {
			return err
		}
		if f.deadLetter == args[0] {
			return badUsage("--dead-letter is the queue that is consumed")
		}
		app.global.waits = true
		return app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
			return app.consume(ctx, f.run(app, client.Queue(args[0]), command))
		})(cmd, args)
	}
	return cmd
}

// log prints a line for the user to standard error.
func (a *App) log(format string, values ...any) {
	fmt.Fprintf(a.Err, "zaqar: "+format+"\n", values...)
}

// direct returns the file that o writes to, if it is one, so that a process can write to it
// by itself.
func (o *Output) direct() io.Writer {
	if file, ok := o.w.(*os.File); ok {
		return file
	}
	return o
}

// consume does a run until its end or a signal, and returns an error if it was not a clean
// end. ctx ends with the first signal.
func (a *App) consume(ctx context.Context, run *consume.Run) error {
	// Processes inherit signals that are ignored. Main ignores SIGPIPE.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	now, stop := atSecondSignal(ctx)
	defer stop()
	defer context.AfterFunc(ctx, func() {
		if n := run.Running(); n > 0 && run.Command != nil {
			a.log("stopping; %s may finish within %v (a second signal kills)", plural(n, "command"), run.StopTimeout)
		}
	})()
	err := run.Do(ctx, now)
	if run.Command != nil {
		a.log("%s", summary(run.Stats()))
	}
	stopped, bySignal := errors.AsType[*interrupted](context.Cause(ctx))
	switch {
	case !bySignal:
		return err
	case err != nil:
		if !errors.Is(err, consume.ErrCut) && !errors.Is(err, zaqar.ErrStopped) {
			a.log("%s", said(err.Error()))
		}
		return stopped
	case stopped.signal == syscall.SIGTERM:
		return nil // a clean stop, asked for by a service manager
	}
	return stopped
}

// atSecondSignal returns a context that ends with the second SIGINT, SIGTERM or SIGHUP. A
// third one ends the program.
func atSecondSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		defer signal.Stop(signals)
		for range 2 {
			select {
			case <-signals:
			case <-ctx.Done():
				return
			}
		}
		cancel()
	}()
	return ctx, cancel
}

// summary says what a run has done.
func summary(s zaqar.ConsumerStats) string {
	parts := []string{fmt.Sprintf("%d done", s.Handled)}
	for _, part := range []struct {
		n    int
		name string
	}{{s.Failed, "failed attempt"}, {s.DeadLettered, "dead letter"}} {
		if part.n > 0 {
			parts = append(parts, plural(part.n, part.name))
		}
	}
	if s.GivenBack > 0 {
		parts = append(parts, fmt.Sprintf("%d given back", s.GivenBack))
	}
	return strings.Join(parts, ", ")
}

// plural returns "1 command" or "2 commands".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
