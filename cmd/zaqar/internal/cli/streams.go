package cli

import (
	"io"
	"os"
	"sync"
)

// Streams are where commands read and write.
type Streams struct {
	In       io.Reader
	Out, Err *Output
}

// NewStreams wraps a program's streams.
func NewStreams(in io.Reader, out, errOut io.Writer) *Streams {
	return &Streams{In: in, Out: newOutput(out), Err: newOutput(errOut)}
}

// Output writes, from any goroutine, and remembers the first failure: so that
// code that prints a lot need not look at every write.
type Output struct {
	colour bool

	mu  sync.Mutex
	w   io.Writer
	err error
}

func newOutput(w io.Writer) *Output {
	return &Output{w: w, colour: wantsColour(w)}
}

// Write implements io.Writer. After a failure nothing more is written.
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

// Err returns the first failure.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// style is how a piece of text looks on a terminal.
type style string

const (
	bold  style = "\x1b[1m"
	dim   style = "\x1b[2m"
	cyan  style = "\x1b[36m"
	green style = "\x1b[32m"
	plain       = "\x1b[0m"
)

// paint returns text in a style, or as it is where there are no colours.
func (o *Output) paint(s style, text string) string {
	if !o.colour {
		return text
	}
	return string(s) + text + plain
}

// wantsColour reports whether w is a terminal whose user has nothing against
// colours. See no-color.org.
func wantsColour(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
