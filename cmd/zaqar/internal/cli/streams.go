package cli

import (
	"io"
	"os"
	"sync"
)

// Streams are the input and output of commands.
type Streams struct {
	In       io.Reader
	Out, Err *Output
}

// NewStreams wraps a program's streams.
func NewStreams(in io.Reader, out, errOut io.Writer) *Streams {
	return &Streams{In: in, Out: newOutput(out), Err: newOutput(errOut)}
}

// Output is a writer that keeps its first error, so that code that prints a lot need
// not check every write. It is safe for concurrent use.
type Output struct {
	colour bool
	// terminal is true if a person reads it; columns is the width of the terminal.
	terminal bool
	columns  int

	mu  sync.Mutex
	w   io.Writer
	err error
}

func newOutput(w io.Writer) *Output {
	return &Output{w: w, colour: wantsColour(w), terminal: isTerminal(w), columns: width(w)}
}

// Write implements io.Writer. After an error it writes nothing more.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// Err returns the first error.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// silently is an Output for cobra, which would print the error of a write by itself. The
// Output keeps it, and Main reports it.
type silently struct{ out *Output }

// Write implements io.Writer.
func (s silently) Write(p []byte) (int, error) {
	_, _ = s.out.Write(p)
	return len(p), nil
}

// width returns the width that the terminal has now, or 0.
func (o *Output) width() int { return width(o.w) }

// style is an escape sequence that sets the style of text on a terminal.
type style string

const (
	bold  style = "\x1b[1m"
	dim   style = "\x1b[2m"
	cyan  style = "\x1b[36m"
	green style = "\x1b[32m"
	plain       = "\x1b[0m"
)

// paint returns text in a style, or unchanged if colours are off.
func (o *Output) paint(s style, text string) string {
	if !o.colour {
		return text
	}
	return string(s) + text + plain
}

// wantsColour reports whether w is a terminal whose user has not turned colours off. See
// no-color.org.
func wantsColour(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
