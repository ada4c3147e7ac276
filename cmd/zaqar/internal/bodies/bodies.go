// Package bodies reads the bodies of messages from arguments, files and standard input.
package bodies

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// Format says what an input contains.
type Format int

const (
	// Values are JSON values, one after another, with any white space between them. NDJSON
	// is one case, a file with one value on many lines another.
	Values Format = iota
	// One is a single JSON value.
	One
	// NDJSON has one JSON value on each line. Empty lines are skipped.
	NDJSON
	// Lines are texts: each line is a message, which is a JSON string.
	Lines
)

// Body is the body of a message, and where it came from.
type Body struct {
	JSON  json.RawMessage
	Where string // such as "line 3 of orders.ndjson" or "argument 2"
}

// Source is an argument, a file or standard input.
type Source struct {
	Name     string // such as "argument 2", "orders.ndjson" or "standard input"
	Argument bool
	In       io.Reader
	Format   Format
	// Split makes one message of each element of an array, instead of one of the array.
	Split bool
}

// Argument returns an argument of the command line as a source. number starts at 1.
func Argument(number int, text string, format Format, split bool) Source {
	if format == Values {
		format = One // two values in one argument are more likely a mistake
	}
	return Source{Name: fmt.Sprintf("argument %d", number), Argument: true, In: strings.NewReader(text), Format: format, Split: split}
}

// Read yields the bodies as they are read. An error is yielded once, as the last item. It
// says where the input is wrong and what to do. Nothing is read ahead of a value that is
// complete, so bodies from a pipe are yielded as they arrive.
func (s Source) Read() iter.Seq2[Body, error] {
	return func(yield func(Body, error) bool) {
		var err error
		switch {
		case s.Format == Lines && s.Argument:
			err = s.text(yield)
		case s.Format == Lines || s.Format == NDJSON:
			err = s.lines(yield)
		default:
			err = s.values(yield)
		}
		if err != nil && !errors.Is(err, errLeft) {
			yield(Body{}, err)
		}
	}
}

// errLeft ends a loop that its caller has left.
var errLeft = errors.New("the caller left the loop")

// place names a line of the input.
func (s Source) place(line int) string {
	if s.Argument {
		return s.Name
	}
	return fmt.Sprintf("line %d of %s", line, s.Name)
}

// text yields an argument that is a text.
func (s Source) text(yield func(Body, error) bool) error {
	text, err := io.ReadAll(s.In)
	if err != nil {
		return err
	}
	return s.yieldText(yield, text, s.Name)
}

func (s Source) yieldText(yield func(Body, error) bool, text []byte, where string) error {
	if !utf8.Valid(text) {
		return fmt.Errorf("%s is not UTF-8 text, and JSON has no other; encode it, for example with base64", where)
	}
	return give(yield, Body{quoted(string(text)), where})
}

// lines yields the bodies of an input that is read line by line.
func (s Source) lines(yield func(Body, error) bool) error {
	in := bufio.NewReader(s.In)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if len(line) == 0 {
			return nil // the last line has ended
		}
		last := err != nil
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if number == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if err := s.line(yield, line, number); err != nil || last {
			return err
		}
	}
}

func (s Source) line(yield func(Body, error) bool, line []byte, number int) error {
	if s.Format == Lines {
		return s.yieldText(yield, line, s.place(number))
	}
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil
	}
	return s.decode(bytes.NewReader(line), number, yield)
}

// values yields the values of an input that is JSON.
func (s Source) values(yield func(Body, error) bool) error {
	in := bufio.NewReader(s.In)
	// A pipe may have one byte only for now.
	if start, err := in.Peek(1); err == nil && start[0] == byteOrderMark[0] {
		if start, err := in.Peek(len(byteOrderMark)); err == nil && bytes.Equal(start, byteOrderMark) {
			_, _ = in.Discard(len(byteOrderMark)) // cannot fail: it was peeked at
		}
	}
	return s.decode(in, 1, yield)
}

// byteOrderMark is what some editors of Windows put at the start of a file.
var byteOrderMark = []byte("\ufeff")

// give yields a body.
func give(yield func(Body, error) bool, body Body) error {
	if !yield(body, nil) {
		return errLeft
	}
	return nil
}

// quoted returns a text as a JSON string, without escapes that are meant for browsers.
func quoted(text string) json.RawMessage {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string can always be encoded
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}
