package zaqar_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/transport"
)

// scripted is a transport that answers by a function and remembers what it was
// asked.
type scripted struct {
	answer func(*transport.Request) (*transport.Response, error)

	mu   sync.Mutex
	seen []*transport.Request
}

func (s *scripted) Do(ctx context.Context, req *transport.Request) (*transport.Response, error) {
	s.mu.Lock()
	s.seen = append(s.seen, req)
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, &transport.Error{Err: err}
	}
	return s.answer(req)
}

func (s *scripted) Close() error { return nil }

// last returns the request seen last.
func (s *scripted) last(t *testing.T) *transport.Request {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		t.Fatal("nothing was sent")
	}
	return s.seen[len(s.seen)-1]
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// says answers everything alike.
func says(status int, body string) *scripted {
	return &scripted{answer: func(*transport.Request) (*transport.Response, error) {
		return &transport.Response{Status: status, Header: http.Header{}, Body: []byte(body)}, nil
	}}
}

// over is a client on a transport of the test's own.
func over(t *testing.T, s transport.Transport, options ...zaqar.ConnectOption) *zaqar.Client {
	t.Helper()
	options = append([]zaqar.ConnectOption{zaqar.WithTransport(s), zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2)}, options...)
	client, err := zaqar.Connect(t.Context(), "", options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func asError(t *testing.T, err error) *zaqar.Error {
	t.Helper()
	e, ok := errors.AsType[*zaqar.Error](err)
	if !ok {
		t.Fatalf("the error is %T %v, want a *zaqar.Error", err, err)
	}
	return e
}

// quiet takes the complaints of servers that are badly treated on purpose.
var quiet = log.New(io.Discard, "", 0)

func errorsAsArgument(err error) (*zaqar.ArgumentError, bool) {
	return errors.AsType[*zaqar.ArgumentError](err)
}
