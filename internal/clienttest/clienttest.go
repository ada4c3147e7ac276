// Package clienttest holds what the tests of several packages share: clients on an
// embedded server or on a scripted transport, an observer that keeps what it is told,
// and queues that list as servers on Redis and on MongoDB do.
package clienttest

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// Bubble runs a test inside a synctest bubble, so on driven time, with a client of
// project "p" on an embedded server without sockets.
func Bubble(t *testing.T, test func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client), options ...zaqar.ConnectOption) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t)
		options := append([]zaqar.ConnectOption{zaqar.WithHTTPClient(srv.HTTPClient()), zaqar.WithProject("p")}, options...)
		client, err := zaqar.Connect(t.Context(), srv.URL(), options...)
		if err != nil {
			t.Fatal(err)
		}
		test(t, srv, client)
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
}

// InMemory connects a client of project "demo" to an embedded server without sockets.
func InMemory(t *testing.T, options ...zaqar.ConnectOption) (*zaqartest.Server, *zaqar.Client) {
	t.Helper()
	srv := zaqartest.RunInMemory(t)
	options = append([]zaqar.ConnectOption{zaqar.WithProject("demo"), zaqar.WithHTTPClient(srv.HTTPClient())}, options...)
	client, err := zaqar.Connect(t.Context(), srv.URL(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return srv, client
}

// PostMany posts the numbers from 0 to n-1.
func PostMany(t *testing.T, q *zaqar.Queue, n int) {
	t.Helper()
	bodies := make([]any, n)
	for i := range bodies {
		bodies[i] = i
	}
	if n > 0 {
		if _, err := q.Post(t.Context(), bodies...); err != nil {
			t.Fatal(err)
		}
	}
}

// Stored returns what a queue of project "p" holds on the server, and fails the test
// when that is not want messages.
func Stored(t *testing.T, srv *zaqartest.Server, queue string, want int) []zaqartest.StoredMessage {
	t.Helper()
	messages := srv.Messages("p", queue)
	if len(messages) != want {
		t.Errorf("%d messages are in %s, want %d", len(messages), queue, want)
	}
	return messages
}

// Claimed counts the messages that are claimed.
func Claimed(messages []zaqartest.StoredMessage) int {
	n := 0
	for _, m := range messages {
		if m.ClaimID != "" {
			n++
		}
	}
	return n
}

// AsError returns the *zaqar.Error in err's chain, and ends the test when there is none.
func AsError(t *testing.T, err error) *zaqar.Error {
	t.Helper()
	e, ok := errors.AsType[*zaqar.Error](err)
	if !ok {
		t.Fatalf("the error is %T %v, want a *zaqar.Error", err, err)
	}
	return e
}
