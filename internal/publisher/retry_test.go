package publisher_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

var errUnreachable = errors.New("connection refused")

// unreachable is a server to which no connection can be made.
func unreachable() *clienttest.Scripted {
	return &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
		return nil, &transport.Error{Err: errUnreachable}
	}}
}

// switched is a server that can be reached only while reachable is true.
type switched struct {
	transport.Transport
	reachable *atomic.Bool
}

func (s switched) Do(ctx context.Context, req *transport.Request) (*transport.Response, error) {
	if !s.reachable.Load() {
		return nil, &transport.Error{Err: errUnreachable}
	}
	return s.Transport.Do(ctx, req)
}

// The table in docs/publishing.md.
func TestAnAnswerProvesRefusalOrLeavesItUnknown(t *testing.T) {
	t.Parallel()
	malformed := zaqartest.Fault{Status: 201, Body: "<html>", After: true}
	for name, c := range map[string]struct {
		fault   zaqartest.Fault
		unknown bool
		stored  int
		sent    int // posts, without and with AllowDuplicates
		allowed int
	}{
		"400":                      {fault: zaqartest.Fault{Status: 400}, sent: 1, allowed: 1},
		"401":                      {fault: zaqartest.Fault{Status: 401}, sent: 1, allowed: 1},
		"403":                      {fault: zaqartest.Fault{Status: 403}, sent: 1, allowed: 1},
		"404":                      {fault: zaqartest.Fault{Status: 404}, sent: 1, allowed: 1},
		"409":                      {fault: zaqartest.Fault{Status: 409}, sent: 1, allowed: 1},
		"413":                      {fault: zaqartest.Fault{Status: 413}, sent: 1, allowed: 1},
		"425":                      {fault: zaqartest.Fault{Status: 425}, sent: 3, allowed: 3},
		"429":                      {fault: zaqartest.Fault{Status: 429}, sent: 3, allowed: 3},
		"403 of a proxy":           {fault: zaqartest.Fault{Status: 403, Body: "<html>"}, sent: 3, allowed: 3},
		"404 of a proxy":           {fault: zaqartest.Fault{Status: 404, Body: "no such route"}, sent: 3, allowed: 3},
		"400 of a proxy":           {fault: zaqartest.Fault{Status: 400, Body: "<html>"}, sent: 1, allowed: 1},
		"408":                      {fault: zaqartest.Fault{Status: 408}, unknown: true, sent: 1, allowed: 3},
		"500":                      {fault: zaqartest.Fault{Status: 500}, unknown: true, sent: 1, allowed: 3},
		"502":                      {fault: zaqartest.Fault{Status: 502}, unknown: true, sent: 1, allowed: 3},
		"503":                      {fault: zaqartest.Fault{Status: 503}, unknown: true, sent: 1, allowed: 3},
		"504":                      {fault: zaqartest.Fault{Status: 504}, unknown: true, sent: 1, allowed: 3},
		"503 though it is stored":  {fault: zaqartest.Fault{Status: 503, After: true}, unknown: true, stored: 1, sent: 1, allowed: 3},
		"no answer":                {fault: zaqartest.Fault{Cut: true}, unknown: true, sent: 1, allowed: 3},
		"no answer, but stored":    {fault: zaqartest.Fault{Cut: true, After: true}, unknown: true, stored: 1, sent: 1, allowed: 3},
		"an answer without reason": {fault: malformed, unknown: true, stored: 1, sent: 1, allowed: 1},
	} {
		for _, allow := range []bool{false, true} {
			srv := zaqartest.Run(t)
			client := connect(t, srv.URL(), zaqar.WithProject("p"))
			c.fault.Kind, c.fault.Times = "message_post", -1
			srv.Inject(c.fault)
			p := client.Queue("wot").Publisher(zaqar.PublisherConfig{
				Attempts: 3, AllowDuplicates: allow, RetryDelay: time.Millisecond,
			})
			f := publish(t, p, 1)[0]
			mustClose(t, p, 1)
			err := f.Err()
			if e := clienttest.AsError(t, err); e.MayHaveActed() != c.unknown || zaqar.SafeToRetry(err) == c.unknown {
				t.Errorf("%s: may be stored: %v (%v)", name, e.MayHaveActed(), err)
			}
			sent, kept := c.sent, c.stored
			if allow {
				sent, kept = c.allowed, c.stored*c.allowed
			}
			if n := len(srv.Requests("message_post")); n != sent {
				t.Errorf("%s, duplicates allowed: %v: sent %d times, want %d", name, allow, n, sent)
			}
			if n := len(storedBodies(srv)); n != kept {
				t.Errorf("%s, duplicates allowed: %v: stored %d times, want %d", name, allow, n, kept)
			}
		}
	}
}

func TestWhatNeverGotThereIsSentAgainWithBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := unreachable()
		var retries []observe.Retry
		client := clienttest.Over(t, server, zaqar.WithObserver(observe.Func(func(_ context.Context, e observe.Event) {
			if r, ok := e.(observe.Retry); ok {
				retries = append(retries, r)
			}
		})))
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{
			BatchBytes: 1000, Attempts: 6, RetryDelay: time.Second, MaxRetryDelay: 5 * time.Second,
		})
		start := time.Now()
		_, err := publish(t, p, 1)[0].Wait(t.Context())
		if !errors.Is(err, errUnreachable) || !zaqar.SafeToRetry(err) || server.Count() != 6 {
			t.Errorf("after %d attempts: %v", server.Count(), err)
		}
		waited := time.Duration(0)
		for i, r := range retries {
			longest := min(time.Second<<i, 5*time.Second)
			if r.Attempt != i+2 || r.Op != "message_post" || r.Queue != "wot" || r.Wait <= 0 || r.Wait > longest || !errors.Is(r.Err, errUnreachable) {
				t.Errorf("retry %d: %+v", i, r)
			}
			waited += r.Wait
		}
		if len(retries) != 5 || time.Since(start) != waited {
			t.Errorf("%d retries in %v, want 5 in %v", len(retries), time.Since(start), waited)
		}
		mustClose(t, p)
	})
}

func TestABatchIsStoredOnceTheServerIsBack(t *testing.T) {
	t.Parallel()
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, _ *zaqar.Client) {
			behind, err := transport.NewHTTP(srv.URL(), srv.HTTPClient())
			if err != nil {
				t.Fatal(err)
			}
			var reachable atomic.Bool
			c := clienttest.Over(t, switched{behind, &reachable}, zaqar.WithVersion(version))
			p := c.Queue("wot").Publisher(zaqar.PublisherConfig{})
			futures := publish(t, p, numbers(10)...)
			time.Sleep(2 * time.Second)
			reachable.Store(true)
			for i, f := range futures {
				if _, err := f.Wait(t.Context()); err != nil {
					t.Errorf("%s: message %d: %v", version, i, err)
				}
			}
			mustClose(t, p)
			if n := len(storedBodies(srv)); n != 10 {
				t.Errorf("%s: %d messages are stored", version, n)
			}
			_ = c.Close()
		})
	}
}

func TestARefusalAfterADoubtfulAttemptIsDoubtful(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]zaqartest.Fault{
		"refused as a whole": {Kind: "message_post", Status: 403, Times: -1},
		"split":              {Kind: "message_post", Status: 400, Times: -1},
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 503, After: true})
			srv.Inject(second)
			p := client.Queue("wot").Publisher(zaqar.PublisherConfig{AllowDuplicates: true, BatchDelay: zaqar.DefaultBatchDelay})
			futures := publish(t, p, 0, 1)
			mustClose(t, p, 2)
			for i, f := range futures {
				err := f.Err()
				if e := clienttest.AsError(t, err); e.Code != second.Status || !e.MayHaveActed() || !strings.Contains(err.Error(), "an earlier attempt") {
					t.Errorf("%s: message %d: %v", name, i, err)
				}
			}
			if n := len(storedBodies(srv)); n != 2 {
				t.Errorf("%s: %d messages are stored", name, n)
			}
		})
	}
}

func TestDuplicatesComeOnlyWhereTheyAreAllowed(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Cut: true, After: true, Times: 2})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{AllowDuplicates: true})
		f := publish(t, p, 1)[0]
		mustClose(t, p)
		messages := srv.Messages("p", "wot")
		if id, err := f.Wait(t.Context()); err != nil || len(messages) != 3 || id != messages[2].ID {
			t.Errorf("%q, %v; %d messages are stored", id, err, len(messages))
		}
	})
}

func TestAQueueThatCannotBeCreatedYetIsTriedAgain(t *testing.T) {
	t.Parallel()
	for status, asked := range map[int]int{503: 3, 403: 1} {
		srv := zaqartest.Run(t)
		client := connect(t, srv.URL(), zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V1))
		srv.Inject(zaqartest.Fault{Kind: "queue_create", Status: status, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{Attempts: 3, RetryDelay: time.Millisecond})
		f := publish(t, p, 1)[0]
		mustClose(t, p, 1)
		err := f.Err()
		if e := clienttest.AsError(t, err); e.MayHaveActed() || e.Op != "message_post" || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%d: %v", status, err)
		}
		if n := len(srv.Requests("queue_create")); n != asked {
			t.Errorf("%d: asked %d times", status, n)
		}
	}
}

func TestASignInThatIsRefusedIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for cause, sent := range map[error]int{auth.ErrRefused: 1, errUnreachable: 4} {
		tried := 0
		signIn := auth.Func(func(context.Context, http.Header) error { tried++; return cause })
		p := clienttest.Over(t, clienttest.Says(500, ""), zaqar.WithAuth(signIn)).Queue("wot").Publisher(zaqar.PublisherConfig{
			BatchBytes: 1000, Attempts: 4, RetryDelay: time.Millisecond,
		})
		_, err := publish(t, p, 1)[0].Wait(t.Context())
		if !errors.Is(err, cause) || !zaqar.SafeToRetry(err) || tried != sent {
			t.Errorf("after %d attempts: %v", tried, err)
		}
		mustClose(t, p)
	}
}
