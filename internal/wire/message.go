package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/zaqar-go/zaqar/internal/mend"
)

// Outgoing is a message to be posted. If TTL or Delay is nil, the queue's default
// applies.
type Outgoing struct {
	Body  json.RawMessage `json:"body"`
	TTL   *int64          `json:"ttl,omitzero"`
	Delay *int64          `json:"delay,omitzero"`
}

// Message is a message in an answer.
type Message struct {
	ID         string          `json:"id"`
	Href       string          `json:"href"`
	TTL        Seconds         `json:"ttl"`
	Age        Seconds         `json:"age"`
	Body       json.RawMessage `json:"body"`
	Checksum   string          `json:"checksum"`
	ClaimID    string          `json:"claim_id"`
	ClaimCount Count           `json:"claim_count"`
}

// HidesClaim reports whether the message does not show which claim holds it, if any. The
// hrefs of HTTP show it; the WebSocket shows it only in claims.
func (m Message) HidesClaim() bool { return m.Href == "" && m.ClaimID == "" }

// UnmarshalJSON also reads what only the href contains: the id (v1) and the claim.
func (m *Message) UnmarshalJSON(data []byte) error {
	type plain Message
	if err := json.Unmarshal(data, (*plain)(m)); err != nil {
		return err
	}
	if m.ID == "" {
		m.ID = lastSegment(m.Href)
	}
	if m.ID == "" {
		return errNoMessage
	}
	if m.ClaimID == "" {
		if u, err := url.Parse(m.Href); err == nil {
			m.ClaimID = u.Query().Get("claim_id")
		}
	}
	if m.Body == nil {
		m.Body = json.RawMessage("null")
	}
	return nil
}

// Messages is a page of messages.
type Messages struct {
	Messages []Message
	// Next is the marker of the next page, "" if there is none.
	Next string
}

// DecodeMessages reads a page of messages, or the messages of a pop.
func DecodeMessages(data []byte) (Messages, error) {
	return DecodeMessagesUnless(data, func() error { return nil })
}

// DecodeMessagesUnless is DecodeMessages that asks before each message of a large page
// whether to stop, twice: when it is read and when it is decoded. The error is then the one
// that stop returned.
func DecodeMessagesUnless(data []byte, stop func() error) (Messages, error) {
	if len(data) <= checkEach {
		stop = func() error { return nil }
	}
	read, err := readPage(data, stop)
	if err != nil {
		return Messages{}, err
	}
	if read.Messages == nil {
		return Messages{}, errors.New(`it has no "messages"`)
	}
	page := Messages{Messages: make([]Message, len(*read.Messages)), Next: next(read.Links)}
	for i, raw := range *read.Messages {
		if err := stop(); err != nil {
			return Messages{}, err
		}
		if err := mend.Unmarshal(raw, &page.Messages[i]); err != nil {
			return Messages{}, err
		}
		if page.Messages[i].ID == "" {
			return Messages{}, errNoMessage
		}
	}
	return page, nil
}

// rawPage is a page whose messages are not decoded.
type rawPage struct {
	Messages *[]json.RawMessage `json:"messages"`
	Links    []link             `json:"links"`
}

// readPage finds the messages of a page. It reads a large page message by message, because
// reading all of it takes a second for 64 MiB. What cannot be read so is read as a whole:
// the JSON may need to be mended.
func readPage(data []byte, stop func() error) (page rawPage, err error) {
	if len(data) > checkEach {
		if err := stop(); err != nil {
			return page, err
		}
		var stopped error
		decoder := json.NewDecoder(bytes.NewReader(data))
		ok := page.read(decoder, func() bool {
			stopped = stop()
			return stopped == nil
		})
		if ok || stopped != nil {
			return page, stopped
		}
		page = rawPage{}
	}
	return page, mend.Unmarshal(data, &page)
}

// read reads an object with messages and links. It returns false if it cannot, or if goOn
// did.
func (p *rawPage) read(decoder *json.Decoder, goOn func() bool) bool {
	if !delimited(decoder, '{') {
		return false
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return false
		}
		switch key {
		case "messages":
			if p.Messages != nil || !delimited(decoder, '[') {
				return false
			}
			p.Messages = &[]json.RawMessage{}
			for decoder.More() {
				var raw json.RawMessage
				if !goOn() || decoder.Decode(&raw) != nil {
					return false
				}
				*p.Messages = append(*p.Messages, raw)
			}
			if !delimited(decoder, ']') {
				return false
			}
		case "links":
			if decoder.Decode(&p.Links) != nil {
				return false
			}
		default:
			return false
		}
	}
	if p.Messages == nil || !delimited(decoder, '}') {
		return false
	}
	_, err := decoder.Token()
	return errors.Is(err, io.EOF)
}

// delimited reports whether the next token is this bracket.
func delimited(decoder *json.Decoder, bracket json.Delim) bool {
	token, err := decoder.Token()
	return err == nil && token == bracket
}

var errNoMessage = errors.New("a message in it has neither id nor href")

// DecodeMessage reads one message.
func DecodeMessage(data []byte) (Message, error) {
	var m *Message
	if err := mend.Unmarshal(data, &m); err != nil {
		return Message{}, err
	}
	if m == nil {
		return Message{}, errors.New("it is null, not a message")
	}
	return *m, nil
}

// DecodePosted reads the ids of posted messages, of which there must be want.
func DecodePosted(data []byte, want int) ([]string, error) {
	var reply struct {
		Resources []string `json:"resources"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return nil, err
	}
	if len(reply.Resources) != want {
		return nil, fmt.Errorf("it names %d messages, %d were posted", len(reply.Resources), want)
	}
	ids := make([]string, want)
	for i, href := range reply.Resources {
		if ids[i] = lastSegment(href); ids[i] == "" {
			return nil, fmt.Errorf("%.80q names no message", href)
		}
	}
	return ids, nil
}

// Claim is a claim in an answer. A new one has neither TTL nor Age.
type Claim struct {
	ID       string
	TTL      Seconds
	Age      Seconds
	Messages []Message
}

// ClaimID returns the id of a new claim, "" if the header does not have it.
func ClaimID(header http.Header) string { return lastSegment(header.Get("Location")) }

// DecodeNewClaim reads the answer to the creation of a claim. If there was nothing to
// claim, the result has no messages and no id. Over the WebSocket the id is in the body.
func DecodeNewClaim(status int, header http.Header, data []byte) (Claim, error) {
	if status == http.StatusNoContent || len(bytes.TrimSpace(data)) == 0 {
		return Claim{}, nil
	}
	page, err := DecodeMessages(data)
	claim := Claim{ID: ClaimID(header), Messages: page.Messages}
	if err != nil {
		return claim, err // the claim exists all the same
	}
	var named struct {
		ID string `json:"claim_id"`
	}
	if claim.ID == "" && mend.Unmarshal(data, &named) == nil {
		claim.ID = named.ID
	}
	for i := range claim.Messages {
		if claim.ID == "" {
			claim.ID = claim.Messages[i].ClaimID
		}
	}
	if claim.ID == "" && len(claim.Messages) > 0 {
		return Claim{}, errors.New("it names no claim, neither in Location nor in the hrefs of the messages")
	}
	return claim, nil
}

// DecodeClaim reads a claim.
func DecodeClaim(data []byte) (Claim, error) {
	var reply struct {
		TTL      *Seconds   `json:"ttl"`
		Age      *Seconds   `json:"age"`
		Messages *[]Message `json:"messages"`
	}
	if err := mend.Unmarshal(data, &reply); err != nil {
		return Claim{}, err
	}
	if reply.TTL == nil || reply.Age == nil || reply.Messages == nil {
		return Claim{}, errors.New("it lacks ttl, age or messages")
	}
	return Claim{TTL: *reply.TTL, Age: *reply.Age, Messages: *reply.Messages}, nil
}
