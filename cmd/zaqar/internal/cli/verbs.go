package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/progress"
)

// checked returns a cobra.Command's RunE that first checks the command line.
func checked(check func(args []string) error, run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(args); err != nil {
			return err
		}
		return run(cmd, args)
	}
}

// checkTTL checks the flag --ttl, which may be 0 for "not set".
func checkTTL(ttl seconds) error {
	if ttl != 0 && time.Duration(ttl) < zaqar.MinTTL {
		return badUsage("--ttl is %s seconds; it must be at least %d", &ttl, whole(zaqar.MinTTL))
	}
	return nil
}

// incompleteError reports a command of which a part is done. Its exit code is that of the
// cause.
type incompleteError struct {
	text  string
	cause error
}

func (e *incompleteError) Error() string { return e.text }

func (e *incompleteError) Unwrap() error {
	// The command line was right, even if a message was not.
	if _, ok := errors.AsType[*zaqar.ArgumentError](e.cause); ok {
		return nil
	}
	return e.cause
}

// meter returns a line on the terminal that shows the progress, or nil if nobody would see
// it. Results that go to the same terminal would be mixed with it.
func (a *App) meter(verb string, total int64, results bool) *progress.Meter {
	if !a.Err.terminal || results && a.Out.terminal {
		return nil
	}
	return progress.New(a.Err, verb, total, a.Err.width)
}

// note prints a line for a person: nobody else needs it.
func (a *App) note(format string, args ...any) {
	if a.Err.terminal {
		a.warn(format, args...)
	}
}

// warn prints a line to standard error.
func (a *App) warn(format string, args ...any) {
	warnTo(a.Err, format, args...)
}

func warnTo(to *Output, format string, args ...any) {
	fmt.Fprintln(to, "zaqar: "+fmt.Sprintf(format, args...))
}

// noteStop tells a person who has pressed Ctrl-C what the command waits for. Call the result
// when it waits no more.
func (a *App) noteStop(ctx context.Context, meter *progress.Meter) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		meter.Clear()
		a.note("stopping when it is known what is stored; press Ctrl-C again to end at once")
	})
}

// mostListed is how many failures are printed one by one.
const mostListed = 10

// failureLines prints failures, each on a line, but not too many.
type failureLines struct {
	app   *App
	meter *progress.Meter
	count int
	told  []error // of the lines that were printed
}

// add prints a failure. text says what failed, with err.
func (f *failureLines) add(text string, err error) {
	switch f.count++; {
	case f.count <= mostListed:
		f.told = append(f.told, err)
		f.meter.Clear()
		f.app.warn("%s", said(text))
	case f.count == mostListed+1:
		f.meter.Clear()
		f.app.warn("more lines like these follow; they are counted, but not printed")
	}
}

// incomplete returns the error of a command that has failed. done is what it has done. It
// does not say again what a line has said.
func (f *failureLines) incomplete(done string, err error) error {
	same := func(told error) bool { return errors.Is(err, told) }
	if !slices.ContainsFunc(f.told, same) {
		done += "; " + err.Error()
	}
	return &incompleteError{done, err}
}

// outcome says what became of messages: "3 messages are stored, 1 is not".
func outcome(stored, notStored, unknown int) string {
	are := func(n int) string {
		if n == 1 {
			return "1 is"
		}
		return progress.Grouped(n) + " are"
	}
	text := progress.Messages(stored) + " " + strings.Fields(are(stored))[1] + " stored"
	if notStored > 0 {
		text += ", " + are(notStored) + " not"
	}
	if unknown > 0 {
		text += ", " + progress.Grouped(unknown) + " may be stored or not"
	}
	return text
}

// openInput opens a file, or standard input for "-". size is 0 if it is not known.
func (a *App) openInput(name string) (in io.ReadCloser, size int64, err error) {
	if name == "-" {
		return io.NopCloser(a.In), 0, nil
	}
	file, err := os.Open(name) //nolint:gosec // the user names the file
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		_ = file.Close()
		return nil, 0, err
	case info.IsDir():
		_ = file.Close()
		return nil, 0, fmt.Errorf("%s is a folder", name)
	case info.Mode().IsRegular():
		size = info.Size()
	}
	return file, size, nil
}
