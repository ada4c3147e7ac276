package bodies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// decoder reads JSON values and knows the line of each.
type decoder struct {
	source Source
	json   *json.Decoder
	lines  lineCounter
}

// decode yields the values of in, whose first line has a number.
func (s Source) decode(in io.Reader, firstLine int, yield func(Body, error) bool) error {
	d := &decoder{source: s, lines: lineCounter{in: in, line: firstLine}}
	d.json = json.NewDecoder(&d.lines)
	next := d.whole
	if s.Split {
		next = d.elements
	}
	for values := 0; ; values++ {
		err := next(yield)
		switch {
		case errors.Is(err, io.EOF) && values == 0 && s.Format == One:
			return fmt.Errorf("%s is empty, not JSON%s", s.Name, s.remedy())
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case s.Format != Values:
			return d.alone()
		}
	}
}

// whole yields one value. At the end of the input it returns io.EOF.
func (d *decoder) whole(yield func(Body, error) bool) error {
	body, err := d.value()
	if err != nil {
		return err
	}
	return give(yield, body)
}

// value reads one value. At the end of the input it returns io.EOF.
func (d *decoder) value() (Body, error) {
	var raw json.RawMessage
	if err := d.json.Decode(&raw); err != nil {
		return Body{}, d.explain(err)
	}
	where := d.source.place(d.lines.at(d.json.InputOffset() - int64(len(raw))))
	if !utf8.Valid(raw) {
		return Body{}, fmt.Errorf("%s is not UTF-8, as JSON has to be", where)
	}
	return Body{raw, where}, nil
}

// elements yields the elements of one array. At the end of the input it returns io.EOF.
func (d *decoder) elements(yield func(Body, error) bool) error {
	d.json.UseNumber() // no token overflows
	bracket, err := d.json.Token()
	if err != nil {
		return d.explain(err)
	}
	if bracket != json.Delim('[') {
		return fmt.Errorf("%s is not an array, which --split needs", d.here())
	}
	for number := 1; d.json.More(); number++ {
		body, err := d.value()
		if err != nil {
			return d.unfinished(err)
		}
		body.Where = fmt.Sprintf("element %d of the array in %s", number, body.Where)
		if err := give(yield, body); err != nil {
			return err
		}
	}
	if _, err := d.json.Token(); err != nil { // the closing bracket
		return d.unfinished(d.explain(err))
	}
	return nil
}

// alone checks that nothing follows the only value.
func (d *decoder) alone() error {
	var second json.RawMessage
	err := d.json.Decode(&second)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return d.explain(err)
	case d.source.Argument:
		return fmt.Errorf("%s has more than one JSON value; pass each as an argument of its own, or add --lines to post the text itself", d.source.Name)
	default:
		return fmt.Errorf("%s has a second JSON value%s", d.here(), d.source.remedy())
	}
}

// explain says where the input is not JSON, and what to do. The end of the input stays
// io.EOF.
func (d *decoder) explain(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return d.unfinished(io.EOF)
	}
	wrong, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return fmt.Errorf("%s: %w", d.source.Name, err)
	}
	offset := wrong.Offset - 1
	if d.source.Split {
		// Inside an array the offset of the error does not count what is before the value.
		rest, _ := io.ReadAll(d.json.Buffered())
		offset = d.json.InputOffset() + int64(len(rest)-len(bytes.TrimLeft(rest, ", \t\r\n")))
	}
	where := d.source.place(d.lines.at(offset))
	return fmt.Errorf("%s is not JSON: %w%s", where, wrong, d.source.remedy())
}

// unfinished explains an end of the input inside of a value.
func (d *decoder) unfinished(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("%s is not JSON: it ends in the middle of a value%s", d.source.place(d.lines.last()), d.source.remedy())
}

// here names the line that was read last.
func (d *decoder) here() string { return d.source.place(d.lines.at(d.json.InputOffset() - 1)) }

// remedy says what to do about an input that is not in its format.
func (s Source) remedy() string {
	if s.Argument {
		return "; to post it as text, add --lines"
	}
	if s.Format == One {
		return "; several values on lines of their own need --ndjson, texts need --lines"
	}
	return "; to post each line as text, add --lines"
}

// lineCounter reads and knows which line an offset is in.
type lineCounter struct {
	in    io.Reader
	read  int64   // how many bytes were read
	line  int     // the line of the last offset that was asked for
	feeds []int64 // the offsets of the line feeds behind that
}

// Read implements io.Reader.
func (c *lineCounter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			c.feeds = append(c.feeds, c.read+int64(i))
		}
	}
	c.read += int64(n)
	return n, err
}

// at returns the line of an offset, which must not be lower than the one before.
func (c *lineCounter) at(offset int64) int {
	passed := 0
	for passed < len(c.feeds) && c.feeds[passed] < offset {
		passed++
	}
	c.feeds = c.feeds[passed:]
	c.line += passed
	return c.line
}

// last returns the last line.
func (c *lineCounter) last() int {
	return c.at(c.read - 1) // a line feed at the end does not begin a line
}
