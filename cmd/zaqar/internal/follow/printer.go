// Package follow prints the messages of queues: those that are there, and those that
// arrive.
package follow

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zaqar-go/zaqar"
)

// Formats are the names of the formats of a message.
var Formats = []string{"body", "json", "raw"}

// Printer prints messages, each on a line.
type Printer struct {
	W io.Writer
	// Format is body, json or raw. A body is JSON on one line. json is an object with the
	// queue, the id, the age and TTL in seconds, and the body. raw prints a body that is a
	// text without quotes, and other bodies as body does.
	Format string
	// Prefix begins each line with the name of its queue, except for json.
	Prefix bool
	// Terminal escapes what would control a terminal.
	Terminal bool

	line []byte
}

// Print prints one message, in one write.
func (p *Printer) Print(m *zaqar.Message) error {
	p.line = p.line[:0]
	if p.Format == "json" {
		p.object(m)
	} else {
		if p.Prefix {
			p.line = append(append(p.line, m.Queue().Name()...), ": "...)
		}
		p.body(m)
	}
	if p.Terminal {
		p.line = visible(p.line)
	}
	p.line = append(p.line, '\n')
	_, err := p.W.Write(p.line)
	return err
}

func (p *Printer) body(m *zaqar.Message) {
	var text string
	if p.Format == "raw" && json.Unmarshal(m.Body(), &text) == nil && string(m.Body()) != "null" {
		p.line = append(p.line, text...)
		return
	}
	p.oneLine(m.Body())
}

// oneLine appends a body. A line feed can only be white space: inside of a string JSON has
// it escaped.
func (p *Printer) oneLine(body []byte) {
	for _, b := range body {
		if b == '\n' || b == '\r' {
			b = ' '
		}
		p.line = append(p.line, b)
	}
}

func (p *Printer) object(m *zaqar.Message) {
	p.line = append(append(p.line, `{"queue":`...), quoted(m.Queue().Name())...)
	p.line = append(append(p.line, `,"id":`...), quoted(m.ID())...)
	p.line = strconv.AppendInt(append(p.line, `,"age":`...), int64(m.Age()/time.Second), 10)
	p.line = strconv.AppendInt(append(p.line, `,"ttl":`...), int64(m.TTL()/time.Second), 10)
	if m.ClaimID() != "" {
		p.line = append(append(p.line, `,"claim_id":`...), quoted(m.ClaimID())...)
	}
	// Servers make Infinity of numbers that are too large, which is not JSON.
	if json.Valid(m.Body()) {
		p.line = append(p.line, `,"body":`...)
		p.oneLine(m.Body())
	} else {
		p.line = append(append(p.line, `,"body_text":`...), quoted(string(m.Body()))...)
	}
	p.line = append(p.line, '}')
}

// quoted returns a text as a JSON string.
func quoted(text string) []byte {
	encoded, _ := json.Marshal(text) // a string can always be encoded
	return encoded
}

// visible escapes what is not visible, so that no message controls the terminal.
func visible(line []byte) []byte {
	var escaped []byte
	for at := 0; at < len(line); {
		r, size := utf8.DecodeRune(line[at:])
		switch {
		case r == utf8.RuneError && size <= 1:
			escaped = fmt.Appendf(escaped, `\x%02x`, line[at])
		case unicode.IsControl(r) && r != '\t' && r != '\n' || unicode.Is(unicode.Cf, r):
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		default:
			escaped = append(escaped, line[at:at+size]...)
		}
		at += size
	}
	return escaped
}
