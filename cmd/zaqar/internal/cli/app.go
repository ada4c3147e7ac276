package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/zaqar-go/zaqar"
)

// App is what all commands share: the streams and the global options.
type App struct {
	*Streams
	global globalOptions
}

// NewApp returns an App for one run of the program.
func NewApp(streams *Streams) *App { return &App{Streams: streams} }

// withClient returns a cobra.Command's RunE. It connects to the Zaqar that the global
// options select, calls run, and closes the client. The context ends with the first
// SIGINT, SIGTERM or SIGHUP. If it ended, the command exits with 128 and the signal's
// number, unless run returns [errStopped] or nil.
func (a *App) withClient(run func(ctx context.Context, client *zaqar.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, stop := untilSignal(cmd.Context(), func() {})
		defer stop()
		client, err := a.connect(ctx)
		if err != nil {
			return ended(ctx, err)
		}
		err = run(ctx, client, args)
		if closing := client.Close(); err == nil {
			err = closing
		}
		a.global.finish(a.Streams)
		return ended(ctx, err)
	}
}

// ended returns the signal that ended ctx instead of an error that it caused.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// confirm asks before something is deleted. It asks only if a person can answer: standard
// input and standard error are terminals. Otherwise, and with yes, it returns nil.
func (a *App) confirm(ctx context.Context, yes bool, question string, args ...any) error {
	if yes || !isTerminal(a.In) || !a.Err.terminal {
		return nil
	}
	fmt.Fprintf(a.Err, question+" [y/N] ", args...)
	answers := make(chan string, 1)
	go func() { // a read from a terminal cannot be cancelled
		line, _ := bufio.NewReader(a.In).ReadString('\n')
		answers <- line
	}()
	select {
	case answer := <-answers:
		if !strings.HasSuffix(answer, "\n") { // it ended with Ctrl-D, which the terminal does not echo
			fmt.Fprintln(a.Err)
		}
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
			return nil
		}
		return errors.New("nothing was done; answer y, or use --yes")
	case <-ctx.Done():
		fmt.Fprintln(a.Err)
		return context.Cause(ctx)
	}
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) //nolint:gosec // a descriptor fits an int
}

// width returns the width of the terminal that output goes to, or 0 if it is none.
func width(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd())) //nolint:gosec // a descriptor fits an int
	if err != nil {
		return 0
	}
	return columns
}
