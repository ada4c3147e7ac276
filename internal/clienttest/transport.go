package clienttest

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/transport"
)

// Scripted is a transport that answers by a function and remembers the requests.
type Scripted struct {
	Answer func(*transport.Request) (*transport.Response, error)

	mu   sync.Mutex
	seen []*transport.Request
}

// Says returns a transport that gives every request the same answer.
func Says(status int, body string) *Scripted {
	return &Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
		return &transport.Response{Status: status, Header: http.Header{}, Body: []byte(body)}, nil
	}}
}

// Do answers, unless ctx has ended.
func (s *Scripted) Do(ctx context.Context, req *transport.Request) (*transport.Response, error) {
	s.mu.Lock()
	s.seen = append(s.seen, req)
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, &transport.Error{Err: err}
	}
	return s.Answer(req)
}

// Close does nothing.
func (s *Scripted) Close() error { return nil }

// Last returns the latest request, and ends the test when there was none.
func (s *Scripted) Last(t *testing.T) *transport.Request {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		t.Fatal("nothing was sent")
	}
	return s.seen[len(s.seen)-1]
}

// Count returns how many requests were sent.
func (s *Scripted) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// Seen returns the requests that were sent.
func (s *Scripted) Seen() []*transport.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*transport.Request(nil), s.seen...)
}

// Over connects a client of project "p" on V2 to a transport.
func Over(t testing.TB, over transport.Transport, options ...zaqar.ConnectOption) *zaqar.Client {
	t.Helper()
	options = append([]zaqar.ConnectOption{zaqar.WithTransport(over), zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2)}, options...)
	client, err := zaqar.Connect(t.Context(), "", options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
