package zaqar

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Position is how far a queue has been read (a cursor). Save it, and give it to
// [Subscriber.SubscribeAt] to resume after a restart. The zero Position is the oldest
// message that the server keeps.
//
// [Position.MarshalText] gives printable ASCII without spaces, which fits into a file, a
// database column or a JSON document. The text holds the server's marker and the ids of
// the messages read last, at least 64 and at least two pages, because on Redis the
// listing starts again when the marker's message is gone. With ids as servers make them
// it takes about 3 kilobytes at most, and 74 bytes for each message of a larger
// [SubscriberConfig.PageSize]. It holds no message bodies.
//
// Save the position after you have handled the message. A program that crashes in
// between then receives the message again (at least once). A subscriber that resumes
// receives every later message that the server still keeps, whatever the clocks say: the
// order of the queue decides what is later. It receives an earlier message again only if
// the marker's message and all of the saved ids are gone, and if the message was posted
// less than a minute before the last message read, by the clock of the server or of this
// program. If the server's answers have no date, as over the WebSocket, it then receives
// all earlier messages again.
type Position struct {
	marker string
	recent []string // the ids of the messages read last, oldest first
	// What was posted before since is not wanted. The message read last was not posted
	// before reached. Both are by this program's clock; served is reached by the
	// server's.
	since, reached, served time.Time
	now                    bool // since is the moment of the subscription
}

// FromNow is the position behind all messages that are in a queue when it is subscribed
// to. Servers give the ages of messages in whole seconds, and no new message may be
// missed, so messages that are up to three seconds older can be handed out too. The
// messages that are there already are listed once, to find the end. Until then this
// program's clocks tell which messages are older than the subscription. Afterwards the
// order of the queue alone decides, so a clock that stood still or was wrong hides
// nothing.
func FromNow() Position { return Position{now: true} }

// IsZero reports whether the position is the oldest message kept.
func (p Position) IsZero() bool {
	return !p.now && p.marker == "" && len(p.recent) == 0 && p.since.IsZero() && p.reached.IsZero() && p.served.IsZero()
}

// String returns the text of the position, "oldest" for the zero one.
func (p Position) String() string {
	text, _ := p.MarshalText()
	return string(text)
}

// The text is "2;since;reached;served;marker;id,id,…". The times are in milliseconds
// since 1970; the rest is escaped as in a URL's query. Format 1 had no served.
const (
	positionFormat    = "2"
	positionOldFormat = "1"
	positionOldest    = "oldest"
	positionNow       = "now"
	// longestMarker is more than any server accepts in a URL. The number of ids has no
	// limit: it follows from the size of a page.
	longestMarker = 64 << 10
)

// MarshalText returns the position as text. It never fails.
func (p Position) MarshalText() ([]byte, error) {
	switch {
	case p.now:
		return []byte(positionNow), nil
	case p.IsZero():
		return []byte(positionOldest), nil
	}
	ids := make([]string, len(p.recent))
	for i, id := range p.recent {
		ids[i] = url.QueryEscape(id)
	}
	return []byte(strings.Join([]string{
		positionFormat, moment(p.since), moment(p.reached), moment(p.served), url.QueryEscape(p.marker), strings.Join(ids, ","),
	}, ";")), nil
}

// UnmarshalText reads what MarshalText wrote. For other text it returns an
// [*ArgumentError] and does not change the position.
func (p *Position) UnmarshalText(text []byte) error {
	read, err := parsePosition(string(text))
	if err != nil {
		return &ArgumentError{Op: opSubscribe, Argument: "Position", Rule: "is not what MarshalText wrote", Err: err}
	}
	*p = read
	return nil
}

func parsePosition(text string) (Position, error) {
	switch text {
	case positionOldest:
		return Position{}, nil
	case positionNow:
		return FromNow(), nil
	}
	format, rest, _ := strings.Cut(text, ";")
	fields := strings.Split(rest, ";")
	var p Position
	var times []*time.Time
	switch format {
	case positionFormat:
		times = []*time.Time{&p.since, &p.reached, &p.served}
	case positionOldFormat:
		times = []*time.Time{&p.since, &p.reached}
	}
	if times == nil || len(fields) != len(times)+2 {
		return p, fmt.Errorf("%.40q has an unknown format", text)
	}
	var err error
	for i, t := range times {
		if *t, err = parseMoment(fields[i]); err != nil {
			return p, err
		}
	}
	marker, ids := fields[len(times)], fields[len(times)+1]
	if p.marker, err = url.QueryUnescape(marker); err != nil {
		return p, err
	}
	if len(p.marker) > longestMarker {
		return p, fmt.Errorf("the marker has %d bytes", len(p.marker))
	}
	if ids == "" {
		return p, nil
	}
	for escaped := range strings.SplitSeq(ids, ",") {
		id, err := url.QueryUnescape(escaped)
		if err != nil {
			return p, err
		}
		if id == "" {
			return p, fmt.Errorf("message id %d is empty", len(p.recent))
		}
		p.recent = append(p.recent, id)
	}
	return p, nil
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

func parseMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(n), nil
}
