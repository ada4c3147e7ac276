package zaqar

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Position is how far a queue has been read, to be saved and given to
// [Subscriber.SubscribeAt] by another program on another day. The zero Position is
// the oldest message that the server keeps.
//
// It is a value of text: [Position.MarshalText] gives printable ASCII without
// spaces, so that it fits into a file, a column or a JSON document. It holds the
// server's marker and the ids of the messages read last, 64 at least, since on
// Redis a marker whose message is gone starts the listing again; it takes some 3
// kilobytes at most with ids as servers make them. It holds no message's body.
//
// Save the position behind a message when that message has been handled: then a
// program that dies in between sees the message again when it comes back (at least
// once). Whoever resumes sees every message behind the position that the server
// still keeps. A message before it comes again only where all 64 and the marker's
// are gone and it was posted less than a minute before the last one read, by the
// clocks of the server and of this program.
type Position struct {
	marker string
	recent []string // ids read, oldest first
	// since: what was posted before is not wanted. reached: when what was read
	// last was posted, no later than that. Both by this program's clock.
	since, reached time.Time
	now            bool // since the queue is subscribed to
}

// FromNow is the position behind all that is in a queue when it is subscribed to.
// Ages are told in whole seconds, and none must be missed: so messages that are up
// to three seconds older can be handed out. The messages that are there are listed
// once, to find the end.
func FromNow() Position { return Position{now: true} }

// IsZero reports whether the position is the oldest message kept.
func (p Position) IsZero() bool {
	return !p.now && p.marker == "" && len(p.recent) == 0 && p.since.IsZero() && p.reached.IsZero()
}

// String returns the text of the position, "oldest" for the zero one.
func (p Position) String() string {
	text, _ := p.MarshalText()
	return string(text)
}

// The text is "1;since;reached;marker;id,id,…", with the times in milliseconds
// since 1970 and the rest escaped as in a URL's query.
const (
	positionForm    = "1"
	positionOldest  = "oldest"
	positionNow     = "now"
	positionLongest = 64 << 10
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
		positionForm, moment(p.since), moment(p.reached), url.QueryEscape(p.marker), strings.Join(ids, ","),
	}, ";")), nil
}

// UnmarshalText reads what MarshalText wrote. Other text is an [*ArgumentError], and
// leaves the position as it was.
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
	if len(text) > positionLongest {
		return Position{}, fmt.Errorf("it has %d bytes", len(text))
	}
	fields := strings.Split(text, ";")
	if len(fields) != 5 || fields[0] != positionForm {
		return Position{}, fmt.Errorf("%.40q is of no known form", text)
	}
	var p Position
	var err error
	if p.since, err = parseMoment(fields[1]); err != nil {
		return p, err
	}
	if p.reached, err = parseMoment(fields[2]); err != nil {
		return p, err
	}
	if p.marker, err = url.QueryUnescape(fields[3]); err != nil {
		return p, err
	}
	if fields[4] == "" {
		return p, nil
	}
	for escaped := range strings.SplitSeq(fields[4], ",") {
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
