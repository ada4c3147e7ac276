package dumpfile

import (
	"bufio"
	"bytes"
	"context"
	"io"
)

// numbered is a line of an input, or the error that ended it.
type numbered struct {
	Line
	number int
	text   []byte // without its line feed
	err    error
}

func (n numbered) blank() bool { return len(bytes.TrimSpace(n.text)) == 0 }

// readLines reads lines until ctx ends. It sends the error that ended the input, such as
// io.EOF, as the last item. A reader that blocks is left behind.
func readLines(ctx context.Context, in io.Reader) <-chan numbered {
	lines := make(chan numbered, batchLines)
	go func() {
		buffered := bufio.NewReaderSize(in, 64<<10)
		for number := 1; ; number++ {
			text, err := buffered.ReadBytes('\n')
			if len(text) > 0 {
				line := numbered{number: number, text: bytes.TrimSuffix(text, []byte("\n"))}
				if number == 1 {
					line.text = bytes.TrimPrefix(line.text, []byte("\ufeff"))
				}
				if !send(ctx, lines, line) {
					return
				}
			}
			if err != nil {
				send(ctx, lines, numbered{err: err})
				return
			}
		}
	}()
	return lines
}

func send(ctx context.Context, lines chan<- numbered, line numbered) bool {
	select {
	case lines <- line:
		return true
	case <-ctx.Done():
		return false
	}
}
