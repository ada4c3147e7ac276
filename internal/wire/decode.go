package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/internal/mend"
)

// Seconds is a duration in seconds. Servers write whole numbers, and sometimes
// fractions.
type Seconds time.Duration

// MaxSeconds is the longest duration that is read, 146 years. Servers store what a client
// once wrote, such as the 6,983 years of OpenStack Heat. It is half of what a
// time.Duration holds, so that two of them can be added.
const MaxSeconds = Seconds(math.MaxInt64 / 2 / time.Second * time.Second)

// UnmarshalJSON reads any JSON number. What exceeds MaxSeconds, in either direction, is
// cut to it.
func (s *Seconds) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if whole, err := strconv.ParseInt(string(data), 10, 64); err == nil {
		most := ToSeconds(time.Duration(MaxSeconds))
		*s = Seconds(time.Duration(max(-most, min(whole, most))) * time.Second)
		return nil
	}
	number, err := strconv.ParseFloat(string(data), 64)
	if (err != nil && !errors.Is(err, strconv.ErrRange)) || math.IsNaN(number) {
		return fmt.Errorf("%.40q is not a number of seconds", data)
	}
	*s = Seconds(max(-float64(MaxSeconds), min(number*float64(time.Second), float64(MaxSeconds))))
	return nil
}

// Count is a number of things. Servers write whole numbers. A fraction is cut off, and
// what no int holds is cut to the nearest one.
type Count int

// UnmarshalJSON reads any JSON number.
func (c *Count) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if whole, err := strconv.Atoi(string(data)); err == nil {
		*c = Count(whole)
		return nil
	}
	number, err := strconv.ParseFloat(string(data), 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(number):
		return fmt.Errorf("%.40q is not a number", data)
	case number >= math.MaxInt:
		*c = math.MaxInt
	case number <= math.MinInt:
		*c = math.MinInt
	default:
		*c = Count(number)
	}
	return nil
}

// MarshalJSON writes whole seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, ToSeconds(time.Duration(s)), 10), nil
}

// ToSeconds returns a duration in seconds. It must be a whole number of seconds.
func ToSeconds(d time.Duration) int64 { return int64(d / time.Second) }

// Queue is a queue in a listing.
type Queue struct {
	Name     string          `json:"name"`
	Href     string          `json:"href"`
	Metadata json.RawMessage `json:"metadata"`
}

// Queues is a page of queues.
type Queues struct {
	Queues []Queue
	// Next is the marker of the next page, "" if there is none.
	Next string
	// Count is the number of queues in the project, -1 if the answer does not have it.
	Count int
}

// DecodeQueues reads a page of queues.
func DecodeQueues(data []byte) (Queues, error) {
	var reply struct {
		Queues *[]Queue        `json:"queues"`
		Links  []link          `json:"links"`
		Count  json.RawMessage `json:"count"`
	}
	if err := mend.Unmarshal(data, &reply); err != nil {
		return Queues{}, err
	}
	if reply.Queues == nil {
		return Queues{}, errors.New(`it has no "queues"`)
	}
	page := Queues{Queues: *reply.Queues, Next: next(reply.Links), Count: -1}
	for i, q := range page.Queues {
		if q.Name == "" {
			return Queues{}, errors.New("a queue in it has no name")
		}
		if Climbs(q.Href) {
			page.Queues[i].Href = "" // callers make paths of it
		}
	}
	// With pooling the count is the literal true (quirk 21).
	if count, err := strconv.Atoi(string(reply.Count)); err == nil && count >= 0 {
		page.Count = count
	}
	return page, nil
}

type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

// next returns the marker of the next page. The link itself is not followed: a proxy may
// have moved the root that it is relative to, and only the marker in it is new.
func next(links []link) string {
	for _, l := range links {
		if l.Rel != "next" {
			continue
		}
		if u, err := url.Parse(l.Href); err == nil {
			return u.Query().Get("marker")
		}
	}
	return ""
}

// lastSegment returns the id at the end of an href.
func lastSegment(href string) string {
	if last := href[strings.LastIndexByte(href, '/')+1:]; last != "" && isPlainPath(href) && !Climbs(last) {
		return last // as almost all
	}
	return lastOfURL(href)
}

func lastOfURL(href string) string {
	u, err := url.Parse(href)
	if err != nil || u.Path == "" {
		return ""
	}
	last, err := url.PathUnescape(path.Base(u.EscapedPath()))
	if err != nil || last == "/" || Climbs(last) {
		return ""
	}
	return last
}

// MessageStats is the oldest or newest message in a queue's statistics.
type MessageStats struct {
	ID         string          `json:"id"`
	Href       string          `json:"href"`
	Age        Seconds         `json:"age"`
	TTL        Seconds         `json:"ttl"`
	Created    string          `json:"created"`
	ClaimID    string          `json:"claim_id"`
	ClaimCount Count           `json:"claim_count"`
	Checksum   string          `json:"checksum"`
	Body       json.RawMessage `json:"body"`
}

// Stats are a queue's statistics.
type Stats struct {
	Claimed Count         `json:"claimed"`
	Free    Count         `json:"free"`
	Total   Count         `json:"total"`
	Oldest  *MessageStats `json:"oldest"`
	Newest  *MessageStats `json:"newest"`
}

// DecodeStats reads statistics.
func DecodeStats(data []byte) (Stats, error) {
	var reply struct {
		Messages *Stats `json:"messages"`
	}
	if err := mend.Unmarshal(data, &reply); err != nil {
		return Stats{}, err
	}
	if reply.Messages == nil {
		return Stats{}, errors.New(`it has no "messages"`)
	}
	for _, m := range []*MessageStats{reply.Messages.Oldest, reply.Messages.Newest} {
		if m != nil && m.ID == "" {
			m.ID = lastSegment(m.Href)
		}
	}
	return *reply.Messages, nil
}
