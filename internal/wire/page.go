package wire

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/zaqar-go/zaqar/internal/jsonscan"
)

// pageReader reads a page of messages in one pass, as far as servers usually write them.
// It gives up on everything else, such as escape sequences in an id, a key that comes twice
// or in capitals, or text that is not JSON. Then encoding/json decodes the page. Where this
// reader has a result, both have the same.
type pageReader struct {
	scan     jsonscan.Scanner
	stop     func() error
	messages []Message
	links    []byte
	found    bool  // there is a member "messages"
	err      error // of stop
}

// readPage reads a page of messages. It returns false if it gave up.
func readPage(data []byte, stop func() error) (page Messages, ok bool, err error) {
	if len(data) <= checkEach {
		stop = nil
	}
	r := pageReader{scan: jsonscan.New(data), stop: stop}
	ok = r.scan.Object(r.member) && r.scan.End() && r.found
	if !ok || r.err != nil {
		return Messages{}, false, r.err
	}
	page.Messages = r.messages
	if r.links != nil {
		var links []link
		if json.Unmarshal(r.links, &links) != nil {
			return Messages{}, false, nil
		}
		page.Next = next(links)
	}
	return page, true, nil
}

func (r *pageReader) member(key []byte) bool {
	switch string(key) {
	case `"messages"`:
		if r.found {
			return false
		}
		r.found = true
		r.messages = make([]Message, 0, 20)
		return r.scan.Array(r.message)
	case `"links"`:
		if r.links != nil {
			return false
		}
		links, ok := r.scan.Value()
		r.links = links
		return ok
	}
	if !plainKey(key) || isKey(key, "messages") || isKey(key, "links") {
		return false
	}
	_, ok := r.scan.Value()
	return ok
}

// message reads one message of the page.
func (r *pageReader) message() bool {
	if r.stop != nil {
		if r.err = r.stop(); r.err != nil {
			return false
		}
	}
	m, seen := Message{}, 0
	ok := r.scan.Object(func(key []byte) bool {
		value, ok := r.scan.Value()
		if !ok || !plainKey(key) {
			return false
		}
		for i, field := range fields {
			if string(key[1:len(key)-1]) != field.name {
				if isKey(key, field.name) {
					return false
				}
				continue
			}
			if seen&(1<<i) != 0 {
				return false
			}
			seen |= 1 << i
			return string(value) == "null" && !field.holdsNull || field.read(&m, value)
		}
		return true
	})
	if !ok || m.complete() != nil {
		return false
	}
	r.messages = append(r.messages, m)
	return true
}

// fields are how the members of a message are read.
var fields = [...]struct {
	name      string
	holdsNull bool // null is a value
	read      func(m *Message, value []byte) bool
}{
	// The id and the claim are parts of the href if that comes first.
	{"id", false, func(m *Message, value []byte) bool { return asciiText(&m.ID, value, m.Href) }},
	{"href", false, func(m *Message, value []byte) bool { return asciiText(&m.Href, value, "") }},
	{"ttl", false, func(m *Message, value []byte) bool { return m.TTL.UnmarshalJSON(value) == nil }},
	{"age", false, func(m *Message, value []byte) bool { return m.Age.UnmarshalJSON(value) == nil }},
	{"body", true, func(m *Message, value []byte) bool { m.Body = bytes.Clone(value); return true }},
	{"checksum", false, func(m *Message, value []byte) bool { return asciiText(&m.Checksum, value, "") }},
	{"claim_id", false, func(m *Message, value []byte) bool { return asciiText(&m.ClaimID, value, m.Href) }},
	{"claim_count", false, func(m *Message, value []byte) bool { return m.ClaimCount.UnmarshalJSON(value) == nil }},
}

// asciiText reads a string. If it is part of another one, it shares its memory.
func asciiText(into *string, value []byte, part string) bool {
	text, ok := jsonscan.Plain(value)
	if !ok {
		return false
	}
	if at := strings.Index(part, string(text)); at >= 0 && len(text) > 0 {
		*into = part[at : at+len(text)]
		return true
	}
	*into = string(text)
	return true
}

// plainKey reports whether encoding/json would take the key of a member as it stands.
func plainKey(key []byte) bool {
	_, ok := jsonscan.Plain(key)
	return ok
}

// isKey reports whether encoding/json takes a key for a name: in any case.
func isKey(key []byte, name string) bool {
	return len(key) == len(name)+2 && strings.EqualFold(string(key[1:len(key)-1]), name)
}

// complete adds what only the href contains: the id (v1) and the claim. A missing body is
// null.
func (m *Message) complete() error {
	if m.ID == "" {
		m.ID = lastSegment(m.Href)
	}
	if m.ID == "" {
		return errNoMessage
	}
	if m.ClaimID == "" {
		m.ClaimID = claimOf(m.Href)
	}
	if m.Body == nil {
		m.Body = json.RawMessage("null")
	}
	return nil
}

// claimOf returns the claim that an href names, "" if it names none.
func claimOf(href string) string {
	path, query, found := strings.Cut(href, "?")
	if !found {
		return ""
	}
	if claim, ok := strings.CutPrefix(query, "claim_id="); ok && strings.HasPrefix(path, "/") && isPlain(path) && isPlain(claim) {
		return claim
	}
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	return u.Query().Get("claim_id")
}

// isPlain reports whether text means itself in a URL.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_', c == '.', c == '/':
		default:
			return false
		}
	}
	return true
}
