package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Notification reports one message that was posted to a queue. It prints without its
// body.
type Notification struct {
	// Queue is the name of the queue.
	Queue string
	// TTL is how long the message is kept, counted from the post. A TTL or a Delay of
	// more than 146 years is cut to that.
	TTL time.Duration
	// Delay is how long the message cannot be claimed, 0 if it can be claimed at once.
	Delay time.Duration
	// Body is the message's body, any JSON value.
	Body json.RawMessage
}

// Decode decodes the body into the value that v points to. Numbers keep all their
// digits: in an any they are a json.Number.
func (n Notification) Decode(v any) error {
	decoder := json.NewDecoder(bytes.NewReader(n.Body))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("webhook: the body of a notification of %s: %w", n.Queue, err)
	}
	return nil
}

// String returns "<Notification of wot ttl:120 body:17 bytes>".
func (n Notification) String() string {
	return fmt.Sprintf("<Notification of %s ttl:%d body:%d bytes>", n.Queue, int64(n.TTL/time.Second), len(n.Body))
}

// Format prints what String returns, whatever the verb and flags.
func (n Notification) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.String()) }

// document has all members of the requests that Zaqar sends to a webhook.
type document struct {
	Type  string `json:"Message_Type"`
	Queue string `json:"queue_name"`

	TTL   *seconds        `json:"ttl"`
	Delay seconds         `json:"delay"`
	Body  json.RawMessage `json:"body"`

	Message     string          `json:"Message"`
	Signature   string          `json:"URL-Signature"`
	Methods     string          `json:"URL-Methods"`
	Paths       string          `json:"URL-Paths"`
	Expires     string          `json:"URL-Expires"`
	Project     string          `json:"X-Project-ID"`
	Subscribe   json.RawMessage `json:"SubscribeBody"`
	Unsubscribe json.RawMessage `json:"UnsubscribeBody"`
}

// refusal is why a request is refused. Its text contains nothing of the request, so it
// can be sent as the answer and logged.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return "webhook: " + r.reason }

func malformed(reason string) error { return &refusal{http.StatusBadRequest, reason} }

func forbidden(reason string) error { return &refusal{http.StatusForbidden, reason} }

// parse reads one JSON object.
func parse(data []byte) (document, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	var d *document
	if err := decoder.Decode(&d); err != nil || d == nil {
		return document{}, malformed("the body is not a JSON object as Zaqar sends it")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return document{}, malformed("something follows the JSON object")
	}
	return *d, nil
}

// notification reads and checks a notification.
func (d document) notification() (Notification, error) {
	switch {
	case d.Body == nil:
		return Notification{}, malformed("the notification has no body")
	case d.TTL == nil:
		return Notification{}, malformed("the notification has no ttl")
	case *d.TTL < 0, d.Delay < 0:
		return Notification{}, malformed("the notification's ttl or delay is negative")
	}
	return Notification{Queue: d.Queue, TTL: time.Duration(*d.TTL), Delay: time.Duration(d.Delay), Body: d.Body}, nil
}

// seconds is a duration in a document, in seconds. What exceeds maxSeconds is cut to it,
// because one odd number must not hide a message.
type seconds time.Duration

const maxSeconds = seconds(math.MaxInt64 / 2 / time.Second * time.Second)

// UnmarshalJSON reads any JSON number.
func (s *seconds) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	number, err := strconv.ParseFloat(string(data), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return errors.New("it is not a number of seconds")
	}
	*s = seconds(max(-float64(maxSeconds), min(number*float64(time.Second), float64(maxSeconds))))
	return nil
}
