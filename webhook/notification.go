package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"
)

// Notification is one message that was posted to a queue. It prints without its body.
type Notification struct {
	// Queue is the name of the queue.
	Queue string
	// TTL is how long the message is kept, from when it was posted.
	TTL time.Duration
	// Delay is how long it cannot be claimed, zero where there is none.
	Delay time.Duration
	// Body is the message's body, any JSON value.
	Body json.RawMessage
}

// Decode decodes the body into what v points to. Numbers keep all their digits: into
// an any they come as json.Number.
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

// document is all that Zaqar sends to a webhook.
type document struct {
	Type  string `json:"Message_Type"`
	Queue string `json:"queue_name"`

	TTL   *int64          `json:"ttl"`
	Delay int64           `json:"delay"`
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

// refusal is why a request is not acted upon. Its text has nothing that the request
// had, so that it can be answered and logged.
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
		return document{}, malformed("the body is no JSON object of Zaqar's")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return document{}, malformed("something follows the JSON object")
	}
	return *d, nil
}

// notification reads what a document says of a message.
func (d document) notification() (Notification, error) {
	switch {
	case d.Body == nil:
		return Notification{}, malformed("the notification has no body")
	case d.TTL == nil:
		return Notification{}, malformed("the notification has no ttl")
	case !duration(*d.TTL), !duration(d.Delay):
		return Notification{}, malformed("the notification has a time that cannot be")
	}
	return Notification{
		Queue: d.Queue, TTL: time.Duration(*d.TTL) * time.Second, Delay: time.Duration(d.Delay) * time.Second, Body: d.Body,
	}, nil
}

func duration(seconds int64) bool {
	return seconds >= 0 && seconds <= math.MaxInt64/int64(time.Second)
}
