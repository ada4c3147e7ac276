package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestWhatALostClaimHeldIsHandledLater(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 6) // 0 waits for its back-off, 1 and 2 are at work, 3 to 5 wait for a worker
		srv.Inject(zaqartest.Fault{Kind: "claim_update", Status: 404})
		var done seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 2, ClaimSize: 20, TTL: time.Minute}, func(ctx context.Context, m *zaqar.Message) error {
			if string(m.Body()) == "0" && zaqar.Attempt(ctx) == 1 {
				return zaqar.RetryAfter(5*time.Minute, errBroken)
			}
			select {
			case <-time.After(2 * time.Minute):
				done.add(m)
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		time.Sleep(time.Minute)
		if s := r.Stats(); s.LostClaims != 1 || s.Lost != 2 || s.Ready+s.Waiting != 0 {
			t.Errorf("the counters are %+v", s)
		}
		time.Sleep(time.Hour)
		r.stop()
		done.once(t, 6)
		clienttest.Stored(t, srv, "wot", 0)
	})
}

func TestAHandlerThatOutlivesItsLostClaimIsNotJoinedByAnother(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "claim_update", Status: 404})
		working, calls := false, 0
		r := run(t, q, zaqar.ConsumerConfig{Workers: 2, TTL: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
			if working {
				t.Error("it is handled twice at once")
			}
			working = true
			defer func() { working = false }()
			if calls++; calls > 1 {
				return nil
			}
			<-ctx.Done()
			time.Sleep(5 * time.Minute) // meanwhile the other worker's claim brings the message
			return ctx.Err()
		})
		time.Sleep(10 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); calls != 2 || s.Duplicates != 1 || s.Handled != 1 || s.Failed != 0 {
			t.Errorf("%d calls, and the counters are %+v", calls, s)
		}
	})
}

func TestBulkDeletionFallsBackToSingleOnes(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]zaqartest.Fault{
		"the service refuses": {Kind: "message_delete_many", Status: 503},
		"the claim is lost":   {Kind: "claim_update", Status: 404},
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 3)
			srv.Inject(fault)
			r := run(t, q, zaqar.ConsumerConfig{Workers: 3, ClaimSize: 20, TTL: time.Minute, BulkDelete: true}, func(ctx context.Context, m *zaqar.Message) error {
				if string(m.Body()) == "2" {
					time.Sleep(50 * time.Second)
					return ctx.Err()
				}
				return nil
			})
			time.Sleep(55 * time.Second)
			if n := len(srv.Requests("message_delete")); n < 2 {
				t.Errorf("%s: %d messages were deleted singly", name, n)
			}
			time.Sleep(10 * time.Minute)
			r.stop()
			clienttest.Stored(t, srv, "wot", 0)
			if s := r.Stats(); s.Handled != 3 {
				t.Errorf("%s: the counters are %+v", name, s)
			}
		})
	}
}

// claiming answers claims by the bodies given, each once, and everything else by 204.
func claiming(messages ...string) *clienttest.Scripted {
	var mu sync.Mutex
	return &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if req.Op != "claim_create" || len(messages) == 0 {
			return &transport.Response{Status: 204, Header: http.Header{}}, nil
		}
		body := messages[0]
		messages = messages[1:]
		return &transport.Response{
			Status: 201, Header: http.Header{"Location": {fmt.Sprintf("/v2/queues/wot/claims/c%d", len(messages))}}, Body: []byte(body),
		}, nil
	}}
}

// opsBesideClaims returns the operations that were sent, without the claims.
func opsBesideClaims(s *clienttest.Scripted) []string {
	var ops []string
	for _, req := range s.Seen() {
		if op := string(req.Op); op != "claim_create" {
			ops = append(ops, op)
		}
	}
	return ops
}

func TestWhatCannotBeReadIsGivenBackAndNotHandled(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no JSON":      `{"messages":[`,
		"bad checksum": `{"messages":[{"body":1,"ttl":3600,"age":0,"href":"/v2/queues/wot/messages/a?claim_id=c0","id":"a","checksum":"MD5:00"}]}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := claiming(body)
			client := clienttest.Over(t, s, zaqar.WithChecksums())
			r := run(t, client.Queue("wot"), zaqar.ConsumerConfig{}, func(context.Context, *zaqar.Message) error {
				t.Errorf("%s: it was handled", name)
				return nil
			})
			time.Sleep(time.Minute)
			r.stop()
			if ops := opsBesideClaims(s); !slices.Equal(ops, []string{"claim_delete"}) {
				t.Errorf("%s: the requests were %v", name, ops)
			}
			_ = client.Close()
		})
	}
}

func TestFailCanBeTriedAgainWhenItsContextEnded(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		c := q.Consumer(zaqar.ConsumerConfig{DeadLetter: "dead"})
		d, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Fail(ctx, zaqar.Permanent(errBroken)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Fail returned %v", err)
		}
		if err := d.Fail(t.Context(), zaqar.Permanent(errBroken)); err != nil {
			t.Error(err)
		}
		clienttest.Stored(t, srv, "wot", 0)
		clienttest.Stored(t, srv, "dead", 1)
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsNoDeadLetterIsMalformed(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("dead")
		if _, err := q.Post(t.Context(), "moved by Zaqar"); err != nil {
			t.Fatal(err)
		}
		messages, err := q.Pop(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := zaqar.ReadDeadLetter(messages[0]); !errors.Is(err, zaqar.ErrMalformed) {
			t.Errorf("the error is %v", err)
		}
		letter := &zaqar.DeadLetter{Queue: "wot", ID: "a", Body: []byte(`"text"`)}
		if err := letter.Decode(new(int)); err == nil {
			t.Error("a text was decoded as a number")
		}
		if zaqar.Attempt(t.Context()) != 0 {
			t.Error("there is no attempt outside of a handler")
		}
	})
}
