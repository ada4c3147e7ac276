package zaqartest

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// What tests print when they fail. Passwords, keys, tokens, and the parts of URIs that
// may be secret are left out, whatever the verb, and in slog and JSON.

// concealed is a text that fmt cannot print, because it is behind a function.
type concealed func() string

func conceal(text string) concealed { return func() string { return text } }

// shownURI returns the scheme and the host of a URI.
func shownURI(uri string) string {
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Scheme == "":
		return redacted
	case u.Host == "":
		return u.Scheme + ":" + redacted
	}
	return u.Scheme + "://" + u.Host
}

// openParameters may be printed with their values.
var openParameters = []string{
	"limit", "marker", "detailed", "echo", "include_claimed", "include_delayed", "ids", "pop", "claim_id", "name", "with_count",
}

// shownPath returns a path with those parameters of its query that are no secrets.
func shownPath(path string) string {
	path, query, has := strings.Cut(path, "?")
	if !has {
		return path
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		if name, _, _ := strings.Cut(part, "="); !slices.Contains(openParameters, name) {
			parts[i] = redacted
		}
	}
	return path + "?" + strings.Join(parts, "&")
}

// longestShown bounds a body when it is printed, in bytes.
const longestShown = 200

func shownBody(body []byte) string {
	if len(body) <= longestShown {
		return string(body)
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(string(body[:longestShown]), ""), len(body))
}

// String returns "<Server http://127.0.0.1:41234>".
func (s *Server) String() string {
	if s.URL() == "" {
		return "<Server>"
	}
	return "<Server " + s.URL() + ">"
}

// Format prints what String returns, whatever the verb.
func (s *Server) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText encodes what String returns.
func (s *Server) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue logs what String returns.
func (s *Server) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String returns "<User demo of demo roles:[member]>".
func (u User) String() string {
	text := "<User " + u.Name
	if u.Project != "" {
		text += " of " + u.Project
	}
	if len(u.Roles) > 0 {
		text += fmt.Sprintf(" roles:%v", u.Roles)
	}
	return text + ">"
}

// Format prints what String returns, whatever the verb: without the password.
func (u User) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText encodes what String returns.
func (u User) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// LogValue logs what String returns.
func (u User) LogValue() slog.Value { return slog.StringValue(u.String()) }

// String describes the request on one line, such as
// "<message_post POST /v2/queues/wot/messages 201 of demo {"messages":[{"body":1}]}>".
func (s Seen) String() string {
	text := fmt.Sprintf("<%s %s %s", s.Kind, s.Method, shownPath(s.Path))
	if s.Status == 0 {
		text += " unanswered"
	} else {
		text += fmt.Sprintf(" %d", s.Status)
	}
	if s.Project != "" {
		text += " of " + s.Project
	}
	if s.Fault {
		text += " by a fault"
	}
	noun, _, _ := strings.Cut(s.Kind, "_")
	switch {
	case len(s.Body) == 0:
	case slices.Contains([]string{"message", "claim", "queue", "topic"}, noun):
		text += " " + shownBody(s.Body)
	default: // the URI of a subscriber or of a pool can have a password
		text += fmt.Sprintf(" %d bytes", len(s.Body))
	}
	return text + ">"
}

// Format prints what String returns, whatever the verb.
func (s Seen) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText encodes what String returns.
func (s Seen) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue logs what String returns.
func (s Seen) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String describes the message on one line, such as
// "<Message 50b68a50d6f5b8c8a7c62b01 ttl:1h0m0s {"n":1}>".
func (m StoredMessage) String() string {
	text := fmt.Sprintf("<Message %s ttl:%v", m.ID, m.TTL)
	if m.ClaimID != "" {
		text += " claim:" + m.ClaimID
	}
	if m.ClaimCount > 0 {
		text += fmt.Sprintf(" claims:%d", m.ClaimCount)
	}
	if !m.DelayedUntil.IsZero() {
		text += " delayed until:" + m.DelayedUntil.UTC().Format(time.RFC3339)
	}
	return text + " " + shownBody(m.Body) + ">"
}

// String describes the subscription on one line, with the scheme and the host of the
// subscriber and the names of the options.
func (s StoredSubscription) String() string {
	text := fmt.Sprintf("<Subscription %s to %s ttl:%v", s.ID, shownURI(s.Subscriber), s.TTL)
	if s.Confirmed {
		text += " confirmed"
	}
	if options, err := rawjson.Object(s.Options); err == nil && len(options) > 0 {
		text += fmt.Sprintf(" options:%v", slices.Sorted(maps.Keys(options)))
	}
	return text + ">"
}

// Format prints what String returns, whatever the verb.
func (s StoredSubscription) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText encodes what String returns.
func (s StoredSubscription) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue logs what String returns.
func (s StoredSubscription) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String describes the delivery on one line, with the scheme and the host of the
// subscriber. The body of a confirmation has a signature, so only that of a message is
// shown.
func (d Delivery) String() string {
	attempts := make([]string, len(d.Attempts))
	for i, a := range d.Attempts {
		attempts[i] = a.String()
	}
	text := fmt.Sprintf("<%s of %s to %s %v attempts:[%s]", d.Kind, d.Queue, shownURI(d.Subscriber), d.State, strings.Join(attempts, "; "))
	if d.Kind == notificationType && json.Valid(d.Body) {
		text += " " + shownBody(d.Body)
	}
	return text + ">"
}

// Format prints what String returns, whatever the verb.
func (d Delivery) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// MarshalText encodes what String returns.
func (d Delivery) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// LogValue logs what String returns.
func (d Delivery) LogValue() slog.Value { return slog.StringValue(d.String()) }

// String returns the status of the answer, or why there was none.
func (a DeliveryAttempt) String() string {
	if a.Err != nil {
		return a.Err.Error()
	}
	return fmt.Sprint(a.Status)
}
