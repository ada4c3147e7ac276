package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

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
	return m.complete()
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
// whether to stop. The error is then the one that stop returned.
func DecodeMessagesUnless(data []byte, stop func() error) (Messages, error) {
	if page, ok, err := readPage(data, stop); ok || err != nil {
		return page, err
	}
	return decodeMessages(data, stop)
}

func decodeMessages(data []byte, stop func() error) (Messages, error) {
	var reply struct {
		Messages *[]json.RawMessage `json:"messages"`
		Links    []link             `json:"links"`
	}
	if err := mend.Unmarshal(data, &reply); err != nil {
		return Messages{}, err
	}
	if reply.Messages == nil {
		return Messages{}, errors.New(`it has no "messages"`)
	}
	page := Messages{Messages: make([]Message, len(*reply.Messages)), Next: next(reply.Links)}
	for i, raw := range *reply.Messages {
		if len(data) > checkEach {
			if err := stop(); err != nil {
				return Messages{}, err
			}
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
