package clienttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/transport"
)

// Redis lists one queue as servers on Redis do: an unknown marker, and that of the
// first message, start from the beginning (quirks 1 and 2), and filters come after the
// page is cut (quirk 4). Its Answer is for a [Scripted] transport.
type Redis struct {
	// Race is called between the look for the marker and the reading behind it. The
	// queue is locked then: it may change IDs, and must not call a method.
	Race func()
	// IDs are the messages in the order of the queue, Expired those of them that have
	// expired and are not collected yet.
	IDs              []string
	Expired, Claimed map[string]bool
	// Requests is how many pages were asked for.
	Requests int

	mu     sync.Mutex
	posted map[string]time.Time
}

// mostRequests ends a test whose client asks without an end.
const mostRequests = 5000

// NewRedis returns an empty queue.
func NewRedis() *Redis {
	return &Redis{posted: map[string]time.Time{}, Expired: map[string]bool{}, Claimed: map[string]bool{}}
}

// MessageIDs returns the ids m00000, m00001, … of a range of numbers.
func MessageIDs(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("m%05d", i))
	}
	return all
}

// Post appends messages.
func (r *Redis) Post(ids ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		r.IDs = append(r.IDs, id)
		r.posted[id] = time.Now()
	}
}

// Remove deletes messages.
func (r *Redis) Remove(ids ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.IDs = slices.DeleteFunc(r.IDs, func(id string) bool { return slices.Contains(ids, id) })
}

// Mark puts messages into Expired or Claimed.
func (r *Redis) Mark(marks map[string]bool, ids ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		marks[id] = true
	}
}

// Answer lists a page.
func (r *Redis) Answer(req *transport.Request) (*transport.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Requests++; r.Requests > mostRequests {
		return nil, errors.New("it asks without an end")
	}
	limit, _ := strconv.Atoi(req.Query.Get("limit"))
	all, marker := req.Query.Get("include_claimed") == "true", req.Query.Get("marker")
	start := 0
	switch {
	case all && marker == "":
		return &transport.Response{Status: http.StatusServiceUnavailable}, nil // quirk 3
	case marker == "":
		start = max(0, slices.IndexFunc(r.IDs, func(id string) bool { return !r.Expired[id] && !r.Claimed[id] }))
	default:
		if at := slices.Index(r.IDs, marker); at > 0 {
			start = at + 1
		}
	}
	if r.Race != nil {
		r.Race()
	}
	start = min(start, len(r.IDs))
	messages, links := []any{}, []any{}
	for _, id := range r.IDs[start:min(start+limit, len(r.IDs))] {
		if r.Expired[id] || r.Claimed[id] && !all {
			continue
		}
		age := time.Now().Unix() - r.posted[id].Unix()
		messages = append(messages, map[string]any{"id": id, "ttl": 3600, "age": age, "body": id})
		links = []any{map[string]string{"rel": "next", "href": "/v2/queues/q/messages?marker=" + id}}
	}
	body, err := json.Marshal(map[string]any{"messages": messages, "links": links})
	header := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
	return &transport.Response{Status: http.StatusOK, Header: header, Body: body}, err
}
