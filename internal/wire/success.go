package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar/transport"
)

// Shape is what the body of an answer has.
type Shape int

// The shapes. Nothing means no body, or one that says nothing.
const (
	Nothing Shape = iota
	Object
	Array
)

// succeeded returns an error if a 2xx is not the success of this operation. A proxy that
// answers in the service's place, with a page for signing in for instance, has carried
// out nothing.
func (r *Route) succeeded(op Op, reply *transport.Response) error {
	success, answer := r.Success, r.Answer
	if reply.Dialect == transport.Frames {
		if theirs := websocket[op].success; theirs != nil {
			success, answer = theirs, Object
		}
	}
	if !slices.Contains(success, reply.Status) {
		return fmt.Errorf("the service answers with %s: a proxy may have answered in its place", strings.Trim(fmt.Sprint(success), "[]"))
	}
	if reply.Status == http.StatusNoContent {
		return nil
	}
	body := bytes.TrimSpace(reply.Body)
	switch {
	case answer == Nothing && !IsZaqars(body):
		return errors.New("the body is not JSON: a proxy may have answered in the service's place")
	case answer == Object && !bytes.HasPrefix(body, []byte("{")):
		return errors.New("the body is not a JSON object: a proxy may have answered in the service's place")
	case answer == Array && !bytes.HasPrefix(body, []byte("[")):
		return errors.New("the body is not a JSON array: a proxy may have answered in the service's place")
	}
	return nil
}

// Refuses reports whether a 4xx is Zaqar's own answer. Zaqar explains each refusal in a
// JSON object with a title, but for a few that have no body at all (Silent). Everything else
// is a proxy's. It knows nothing of queues, messages and claims. Over the WebSocket every
// frame is the service's.
func (r *Route) Refuses(reply *transport.Response) bool {
	if reply.Dialect == transport.Frames {
		return true
	}
	body := bytes.TrimSpace(reply.Body)
	if len(body) == 0 {
		return r.Silent
	}
	var refusal struct {
		Title string `json:"title"`
	}
	return len(body) <= longestPage && json.Unmarshal(body, &refusal) == nil && refusal.Title != ""
}

// IsZaqars reports whether a body without content of its own can be Zaqar's. It is empty
// or JSON, and no page of a proxy.
func IsZaqars(body []byte) bool {
	body = bytes.TrimSpace(body)
	return len(body) == 0 || json.Valid(body)
}
