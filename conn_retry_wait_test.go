package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

func TestRetryAfterIsAFloorOfTheWait(t *testing.T) {
	t.Parallel()
	for after, want := range map[string]time.Duration{
		"7":                             7 * time.Second,
		"Sat, 01 Jan 2000 00:00:45 GMT": 45 * time.Second, // the bubble's clock starts at midnight
		"3600":                          5 * time.Minute,
		"99999999999999999999":          5 * time.Minute,
	} {
		for _, status := range []int{429, 503} {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client := clienttest.Over(t, script(answer{status: status, after: after}))
				if err := client.Ping(within(t, time.Hour)); err != nil {
					t.Error(err)
				}
				if waited := time.Since(start); waited < want || waited > want+time.Second {
					t.Errorf("after %d with Retry-After %s it waited %v", status, after, waited)
				}
			})
		}
	}
}

func TestARetryAfterBeyondTheDeadlineIsReturnedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for after, want := range map[string]time.Duration{"30": 30 * time.Second, "3600": 5 * time.Minute, "": 0, "never": 0} {
			start := time.Now()
			server := script(slices.Repeat([]answer{{status: 503, after: after}}, 9)...)
			err := clienttest.Over(t, server).Ping(within(t, 20*time.Second))
			e := clienttest.AsError(t, err)
			if e.RetryAfter != want || time.Since(start) > 2*time.Second {
				t.Errorf("Retry-After %q: %v after %v: %v", after, e.RetryAfter, time.Since(start), err)
			}
			if want > 0 && (server.Count() != 1 || e.Attempts != 1) {
				t.Errorf("Retry-After %q: %d requests", after, server.Count())
			}
		}
		_, err := clienttest.Over(t, script(answer{status: 503, after: "30"})).Queue("wot").Post(t.Context(), 1)
		if e := clienttest.AsError(t, err); e.RetryAfter != 30*time.Second {
			t.Errorf("an answer that is not repeated: %v", e.RetryAfter)
		}
	})
}

// askingToWait is an error as that of a Keystone that asks to wait.
type askingToWait struct{ error }

func (askingToWait) RetryAfter() time.Duration { return 25 * time.Second }

func TestARetryAfterOfTheCredentialsIsHeeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		busy := zaqar.WithAuth(auth.Func(func(context.Context, http.Header) error {
			if asked++; asked == 1 {
				return fmt.Errorf("signing in: %w", askingToWait{io.EOF})
			}
			return nil
		}))
		start := time.Now()
		if err := clienttest.Over(t, script(), busy).Ping(t.Context()); err != nil || time.Since(start) < 25*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		asked = 0
		err := clienttest.Over(t, script(), busy).Ping(within(t, 5*time.Second))
		if e := clienttest.AsError(t, err); e.RetryAfter != 25*time.Second {
			t.Errorf("RetryAfter is %v: %v", e.RetryAfter, err)
		}
	})
}

// hanging is a transport that answers after a while, and notes how long it was given.
type hanging struct {
	after []time.Duration // of the requests, the last one for all further ones
	given []time.Duration
}

func (h *hanging) Do(ctx context.Context, _ *transport.Request) (*transport.Response, error) {
	start, after := time.Now(), h.after[min(len(h.given), len(h.after)-1)]
	defer func() { h.given = append(h.given, time.Since(start)) }()
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
		return &transport.Response{Status: http.StatusNoContent, Header: http.Header{}}, nil
	case <-ctx.Done():
		return nil, &transport.Error{MaybeSent: true, Err: ctx.Err()}
	}
}

func (h *hanging) Close() error { return nil }

func TestAnAttemptGetsTheTimeLimitAndTheNextOneMore(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, c := range []struct {
		name     string
		deadline time.Duration // 0: none
		after    []time.Duration
		post     bool
		options  []zaqar.ConnectOption
		given    []time.Duration
		fails    bool
	}{
		{name: "it hangs once", deadline: 60 * s, after: []time.Duration{time.Hour, s}, given: []time.Duration{5 * s, s}},
		{name: "it is slow", deadline: 60 * s, after: []time.Duration{12 * s}, given: []time.Duration{5 * s, 10 * s, 12 * s}},
		{name: "it is very slow", deadline: time.Hour, after: []time.Duration{30 * time.Minute}, given: []time.Duration{5 * s, 10 * s, 30 * time.Minute}},
		{name: "it hangs", deadline: 60 * s, after: []time.Duration{time.Hour}, given: []time.Duration{5 * s, 10 * s, 45 * s}, fails: true},
		{name: "there is no time for another one", deadline: 9 * s, after: []time.Duration{8 * s}, given: []time.Duration{8 * s}},
		{name: "there is no deadline", after: []time.Duration{time.Hour}, given: []time.Duration{5 * s}, fails: true},
		{name: "it cannot be repeated", deadline: 60 * s, after: []time.Duration{50 * s}, post: true, given: []time.Duration{50 * s}},
		{
			name: "duplicates are allowed", deadline: 60 * s, after: []time.Duration{time.Hour, s}, post: true,
			options: []zaqar.ConnectOption{zaqar.WithRetry(zaqar.Retry{AllowDuplicates: true})}, given: []time.Duration{5 * s, s},
		},
		{name: "without retries", deadline: 60 * s, after: []time.Duration{50 * s}, options: []zaqar.ConnectOption{zaqar.NoRetry()}, given: []time.Duration{50 * s}},
		{name: "without a time limit", deadline: 60 * s, after: []time.Duration{50 * s}, options: []zaqar.ConnectOption{zaqar.WithTimeout(0)}, given: []time.Duration{50 * s}},
		{
			name: "with more attempts", deadline: time.Hour, after: []time.Duration{time.Minute},
			options: []zaqar.ConnectOption{zaqar.WithRetry(zaqar.Retry{Attempts: 6})}, given: []time.Duration{5 * s, 10 * s, 20 * s, 40 * s, 60 * s},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := &hanging{after: c.after}
			client := clienttest.Over(t, server, append([]zaqar.ConnectOption{zaqar.WithTimeout(5 * s)}, c.options...)...)
			ctx := t.Context()
			if c.deadline > 0 {
				ctx = within(t, c.deadline)
			}
			var err error
			if c.post {
				if _, err = client.Queue("wot").Post(ctx, 1); errors.Is(err, zaqar.ErrMalformed) {
					err = nil // an empty answer, but an answer
				}
			} else {
				err = client.Ping(ctx)
			}
			same := len(server.given) == len(c.given)
			for i := range min(len(server.given), len(c.given)) {
				// The waits in between come out of what the last attempt gets.
				same = same && server.given[i] <= c.given[i] && server.given[i] > c.given[i]-2*s
			}
			if !same || (err != nil) != c.fails || c.fails && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: the attempts got %v, want %v: %v", c.name, server.given, c.given, err)
			}
		})
	}
}

func TestAnOutageIsNotMultiplied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const calls = 10_000
		down := true
		server := &clienttest.Scripted{}
		server.Answer = func(*transport.Request) (*transport.Response, error) {
			if down {
				return &transport.Response{Status: 503, Header: http.Header{}}, nil
			}
			return &transport.Response{Status: 204, Header: http.Header{}}, nil
		}
		client := clienttest.Over(t, server)
		start := time.Now()
		for range calls {
			if client.Ping(t.Context()) == nil {
				t.Fatal("it was up")
			}
		}
		most := calls + 100 + int(time.Since(start)/(10*time.Second)) + 1
		if n := server.Count(); n > most || n < calls+100 {
			t.Errorf("%d requests for %d calls in %v", n, calls, time.Since(start))
		}
		down = false
		for range 50 {
			if err := client.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		down = true
		before := server.Count()
		for range 100 {
			_ = client.Ping(t.Context())
		}
		if n := server.Count() - before - 100; n < 5 || n > 10 {
			t.Errorf("%d retries after 50 calls that succeeded", n)
		}
		time.Sleep(20 * time.Minute)
		before = server.Count()
		for range 100 {
			_ = client.Ping(t.Context())
		}
		if n := server.Count() - before - 100; n < 100 || n > 115 {
			t.Errorf("%d retries after 20 minutes without a call", n)
		}
	})
}
