// Package dumpfile writes the messages of a queue to a dump, and loads a dump into a queue.
//
// A dump is NDJSON. Each line is a message, in the order of the queue:
//
//	{"ttl":3600,"body":{"event":"winning"}}
//
// The body is what the server sent, byte for byte. With ids the line begins with "id". A
// body that is not JSON, which servers make of numbers that are too large, is a text under
// "body_text" instead.
package dumpfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/zaqar-go/zaqar"
)

// Line is a message as a line of a dump.
type Line struct {
	ID   string // "" if it is not known
	TTL  time.Duration
	Body json.RawMessage
}

// AppendMessage appends the line of a message, with its line feed.
func AppendMessage(line []byte, m *zaqar.Message, withID bool) []byte {
	line = append(line, '{')
	if withID {
		line = append(append(append(line, `"id":`...), quoted(m.ID())...), ',')
	}
	line = append(line, `"ttl":`...)
	line = strconv.AppendInt(line, int64(m.TTL()/time.Second), 10)
	return append(appendBody(line, m.Body()), "}\n"...)
}

func appendBody(line []byte, body []byte) []byte {
	if !json.Valid(body) || !utf8.Valid(body) {
		return append(append(line, `,"body_text":`...), quoted(string(body))...)
	}
	line = append(line, `,"body":`...)
	from := len(line)
	line = append(line, body...)
	// A line feed can only be white space: inside of a string JSON has it escaped.
	for at := from; at < len(line); at++ {
		if line[at] == '\n' || line[at] == '\r' {
			line[at] = ' '
		}
	}
	return line
}

// AppendIncomplete appends the line that ends a dump which is not complete. Nothing can
// load it.
func AppendIncomplete(line []byte, why error) []byte {
	return append(append(append(line, `{"error":`...), quoted("the dump is not complete: "+why.Error())...), "}\n"...)
}

const postInstead = "lines that are bodies themselves are posted with zaqar post --ndjson"

// ParseLine reads a line of a dump, with or without its line feed. Beside the keys of a
// dump it ignores those that zaqar tail --format json writes.
func ParseLine(text []byte) (Line, error) {
	var fields map[string]json.RawMessage
	if !utf8.Valid(text) {
		return Line{}, errors.New("it is not UTF-8, as JSON has to be")
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		if _, isOther := errors.AsType[*json.UnmarshalTypeError](err); isOther {
			return Line{}, errors.New("it is JSON, but not an object; " + postInstead)
		}
		return Line{}, fmt.Errorf("it is not a JSON object: %w", err)
	}
	if why, failed := fields["error"]; failed {
		return Line{}, fmt.Errorf("it says %s", why)
	}
	var line Line
	for key, value := range fields {
		var err error
		switch key {
		case "body":
			line.Body = value
		case "body_text":
			line.Body, err = fromText(value)
		case "ttl":
			line.TTL, err = seconds(value)
		case "id":
			line.ID, err = textOf(value)
		case "queue", "age", "claim_id":
		default:
			err = errors.New("no dump has it")
		}
		if err != nil {
			return Line{}, fmt.Errorf("its %q is wrong: %w", key, err)
		}
	}
	_, isText := fields["body_text"]
	switch {
	case line.Body == nil:
		return Line{}, errors.New(`it has no "body"; ` + postInstead)
	case fields["body"] != nil && isText:
		return Line{}, errors.New(`it has both "body" and "body_text"`)
	}
	return line, nil
}

func seconds(value json.RawMessage) (time.Duration, error) {
	n, err := strconv.ParseInt(string(value), 10, 32)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%s is not a positive number of seconds", value)
	}
	return time.Duration(n) * time.Second, nil
}

func textOf(value json.RawMessage) (text string, err error) {
	if json.Unmarshal(value, &text) != nil {
		return "", fmt.Errorf("%s is not a text", value)
	}
	return text, nil
}

// fromText returns a body that a server turned into something that is not JSON, as JSON
// that the server turns into the same again.
func fromText(value json.RawMessage) (json.RawMessage, error) {
	text, err := textOf(value)
	if err != nil {
		return nil, err
	}
	body := withoutInfinity([]byte(text))
	if !json.Valid(body) {
		return nil, errors.New("no JSON becomes this body, so no server takes it")
	}
	return body, nil
}

// withoutInfinity replaces Infinity outside of strings by a number that is too large for
// servers.
func withoutInfinity(body []byte) []byte {
	const infinity, large = "Infinity", "1e400"
	var replaced []byte
	for inString := false; len(body) > 0; {
		switch {
		case !inString && bytes.HasPrefix(body, []byte(infinity)):
			replaced = append(replaced, large...)
			body = body[len(infinity):]
			continue
		case inString && body[0] == '\\' && len(body) > 1:
			replaced = append(replaced, body[0])
			body = body[1:]
		case body[0] == '"':
			inString = !inString
		}
		replaced = append(replaced, body[0])
		body = body[1:]
	}
	return replaced
}

// quoted returns a text as a JSON string, without escapes that are meant for browsers.
func quoted(text string) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string can always be encoded
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}
