package wire

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
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
	seen     int   // the fields of the last message that were read, as bits
	texts    texts // of the last message
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
	r.messages = append(r.messages, Message{})
	r.seen, r.texts = 0, texts{}
	return r.scan.Object(r.field) && r.texts.fill(&r.messages[len(r.messages)-1])
}

// field reads one member of a message.
func (r *pageReader) field(key []byte) bool {
	value, ok := r.scan.Value()
	if !ok || !plainKey(key) {
		return false
	}
	name := key[1 : len(key)-1]
	at := slices.IndexFunc(fields[:], func(f field) bool { return f.name == string(name) })
	if at < 0 {
		return !slices.ContainsFunc(fields[:], func(f field) bool { return isKey(key, f.name) })
	}
	if r.seen&(1<<at) != 0 {
		return false
	}
	r.seen |= 1 << at
	return string(value) == "null" && !fields[at].holdsNull || fields[at].read(&r.messages[len(r.messages)-1], &r.texts, value)
}

// field is how a member of a message is read.
type field struct {
	name      string
	holdsNull bool // null is a value
	read      func(m *Message, t *texts, value []byte) bool
}

var fields = [...]field{
	{"id", false, func(_ *Message, t *texts, value []byte) bool { return asciiText(&t.id, value) }},
	{"href", false, func(_ *Message, t *texts, value []byte) bool { return asciiText(&t.href, value) }},
	{"ttl", false, func(m *Message, _ *texts, value []byte) bool { return m.TTL.UnmarshalJSON(value) == nil }},
	{"age", false, func(m *Message, _ *texts, value []byte) bool { return m.Age.UnmarshalJSON(value) == nil }},
	{"body", true, func(m *Message, _ *texts, value []byte) bool { m.Body = bytes.Clone(value); return true }},
	{"checksum", false, func(_ *Message, t *texts, value []byte) bool { return asciiText(&t.checksum, value) }},
	{"claim_id", false, func(_ *Message, t *texts, value []byte) bool { return asciiText(&t.claim, value) }},
	{"claim_count", false, func(m *Message, _ *texts, value []byte) bool { return m.ClaimCount.UnmarshalJSON(value) == nil }},
}

// texts are the texts of a message, as parts of the answer.
type texts struct{ id, href, checksum, claim []byte }

// asciiText reads a string.
func asciiText(into *[]byte, value []byte) bool {
	text, ok := jsonscan.Plain(value)
	*into = text
	return ok
}

// fill copies the texts into the message. The id and the claim are mostly parts of the
// href, and share its memory.
func (t *texts) fill(m *Message) bool {
	m.Href, m.Checksum = string(t.href), string(t.checksum)
	m.ID, m.ClaimID = t.inHref(m, t.id), t.inHref(m, t.claim)
	return m.complete() == nil
}

// inHref returns a text, as part of the href if it is one.
func (t *texts) inHref(m *Message, text []byte) string {
	if at := bytes.Index(t.href, text); at >= 0 {
		return m.Href[at : at+len(text)]
	}
	return string(text)
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
	if claim, ok := strings.CutPrefix(query, "claim_id="); ok && isPlainPath(path) && isPlain(claim) {
		return claim
	}
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	return u.Query().Get("claim_id")
}

// isPlainPath reports whether text is a path from the root that means itself in a URL.
func isPlainPath(text string) bool {
	return strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") && isPlain(text)
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
