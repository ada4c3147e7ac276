package zaqar_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
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

// answer is an answer of a scripted transport. A zero status is a connection that was cut.
type answer struct {
	status int
	after  string // Retry-After
	unsent bool
}

// script answers one request after another, and then 200.
func script(answers ...answer) *clienttest.Scripted {
	s := &clienttest.Scripted{}
	s.Answer = func(*transport.Request) (*transport.Response, error) {
		if s.Count() > len(answers) {
			return &transport.Response{Status: http.StatusNoContent, Header: http.Header{}}, nil
		}
		a := answers[s.Count()-1]
		if a.status == 0 {
			return nil, &transport.Error{MaybeSent: !a.unsent, Err: io.EOF}
		}
		h := http.Header{}
		if a.after != "" {
			h.Set("Retry-After", a.after)
		}
		return &transport.Response{Status: a.status, Header: h}, nil
	}
	return s
}

// within returns a context with a deadline.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestAPassingFaultPassesUnseenAndTheObserverIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &clienttest.Witness{}
		server := script(answer{status: 503}, answer{})
		start := time.Now()
		if err := clienttest.Over(t, server, zaqar.WithObserver(w)).Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		retries := clienttest.Saw[observe.Retry](w)
		if len(retries) != 2 || server.Count() != 3 {
			t.Fatalf("%d requests, %+v", server.Count(), retries)
		}
		first, second := retries[0], retries[1]
		if first.Op != "ping" || first.Attempt != 2 || first.Status != 503 || first.Wait > 500*time.Millisecond {
			t.Errorf("the first retry is %+v", first)
		}
		if second.Attempt != 3 || second.Status != 0 || !errors.Is(second.Err, io.EOF) || second.Wait > time.Second {
			t.Errorf("the second retry is %+v", second)
		}
		if took := time.Since(start); took != first.Wait+second.Wait {
			t.Errorf("it took %v with waits of %v and %v", took, first.Wait, second.Wait)
		}
		var attempts []int
		for _, r := range clienttest.Saw[observe.Request](w) {
			attempts = append(attempts, r.Attempt)
		}
		if !slices.Equal(attempts, []int{1, 2, 3}) {
			t.Errorf("the requests are the attempts %v", attempts)
		}
	})
}

func TestRetriesEndAndTheErrorTellsTheirNumber(t *testing.T) {
	t.Parallel()
	for most, options := range map[int][]zaqar.ConnectOption{
		1: {zaqar.NoRetry()}, 3: nil, 4: {zaqar.WithRetry(zaqar.Retry{Attempts: 4, Backoff: time.Second, MaxBackoff: 2 * time.Second})},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := script(slices.Repeat([]answer{{status: 502}}, 10)...)
			start := time.Now()
			err := clienttest.Over(t, server, options...).Ping(t.Context())
			e := clienttest.AsError(t, err)
			if server.Count() != most || e.Attempts != most || e.Code != 502 {
				t.Errorf("%d requests, %d attempts: %v, want %d", server.Count(), e.Attempts, err, most)
			}
			if says := strings.Contains(err.Error(), "attempts)"); says != (most > 1) {
				t.Errorf("the error is %v", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestAnErrorSaysWhatAnyOfItsAttemptsMayHaveDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := script(answer{}, answer{unsent: true}, answer{unsent: true})
		client := clienttest.Over(t, server, zaqar.WithRetry(zaqar.Retry{AllowDuplicates: true}))
		_, err := client.Queue("wot").Post(t.Context(), 1)
		if e := clienttest.AsError(t, err); server.Count() != 3 || !e.MayHaveActed() || e.SafeToRetry() {
			t.Errorf("%d requests: %v", server.Count(), err)
		}
	})
}

func TestPostsClaimsAndPopsAreRepeatedWhenDuplicatesAreAllowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := map[string]func(*zaqar.Client) error{
			"post":  func(c *zaqar.Client) error { _, err := c.Queue("wot").Post(t.Context(), 1); return err },
			"claim": func(c *zaqar.Client) error { _, err := c.Queue("wot").Claim(t.Context()); return err },
			"pop":   func(c *zaqar.Client) error { _, err := c.Queue("wot").Pop(t.Context(), 1); return err },
		}
		for name, call := range calls {
			for sent, options := range map[int][]zaqar.ConnectOption{
				1: nil, 2: {zaqar.WithRetry(zaqar.Retry{AllowDuplicates: true})},
			} {
				for _, fault := range []answer{{}, {status: 503}, {status: 504}} {
					server := script(fault)
					_ = call(clienttest.Over(t, server, options...))
					if server.Count() != sent {
						t.Errorf("%s after %+v: %d requests, want %d", name, fault, server.Count(), sent)
					}
				}
			}
		}
		for name, call := range map[string]func(*zaqar.Client) error{
			"delete": func(c *zaqar.Client) error { return c.Queue("wot").Delete(t.Context()) },
			"purge":  func(c *zaqar.Client) error { return c.Queue("wot").Purge(t.Context()) },
		} {
			server := script(answer{})
			err := call(clienttest.Over(t, server, zaqar.WithRetry(zaqar.Retry{AllowDuplicates: true})))
			if server.Count() != 1 || zaqar.SafeToRetry(err) {
				t.Errorf("to %s a queue: %d requests: %v", name, server.Count(), err)
			}
		}
	})
}

func TestALargePostIsNotRepeatedAfterA502(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		safe, large := zaqar.DefaultBatchMessages, zaqar.DefaultBatchMessages+1
		for _, c := range []struct {
			messages int
			fault    answer
			sent     int
		}{
			{safe, answer{status: 502}, 2},
			{large, answer{status: 502}, 1},
			{1000, answer{status: 502}, 1},
			{large, answer{status: 503}, 2},
			{large, answer{status: 504}, 2},
			{large, answer{status: 429}, 2},
			{large, answer{}, 2},
		} {
			for name, post := range map[string]func(*zaqar.Queue) error{
				"Post": func(q *zaqar.Queue) error {
					return errorOf(q.Post(t.Context(), slices.Repeat([]any{1}, c.messages)...))
				},
				"PostMany": func(q *zaqar.Queue) error {
					return errorOf(q.PostMany(t.Context(), make([]zaqar.Outgoing, c.messages)))
				},
			} {
				server := script(c.fault)
				err := post(clienttest.Over(t, server, zaqar.WithRetry(zaqar.Retry{AllowDuplicates: true})).Queue("wot"))
				if server.Count() != c.sent {
					t.Errorf("%s of %d messages after %+v: %d requests, want %d", name, c.messages, c.fault, server.Count(), c.sent)
				}
				if explained := err != nil && strings.Contains(err.Error(), "most likely all messages are stored"); explained != (c.sent == 1) {
					t.Errorf("%s of %d messages after %+v: %v", name, c.messages, c.fault, err)
				}
			}
		}
	})
}

func TestWhatASecondRequestCannotChangeIsNotRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, status := range []int{300, 301, 400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 501, 505, 507, 511} {
			server := script(answer{status: status})
			_ = clienttest.Over(t, server).Ping(t.Context())
			if server.Count() != 1 {
				t.Errorf("%d requests after %d", server.Count(), status)
			}
		}
		for _, cause := range []error{
			&transport.Error{Final: true, Err: errors.New("the parameters cannot be encoded")},
			&transport.Error{MaybeSent: true, Err: transport.ErrResponseTooLarge},
			&transport.Error{Err: transport.ErrClosed},
			transport.ErrNoAction,
		} {
			server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) { return nil, cause }}
			if err := clienttest.Over(t, server).Ping(t.Context()); err == nil || server.Count() != 1 {
				t.Errorf("%d requests after %v: %v", server.Count(), cause, err)
			}
		}
		asked := 0
		refused := zaqar.WithAuth(auth.Func(func(context.Context, http.Header) error {
			asked++
			return auth.ErrRefused
		}))
		if err := clienttest.Over(t, script(), refused).Ping(t.Context()); !errors.Is(err, zaqar.ErrUnauthorized) || asked != 1 {
			t.Errorf("the credentials were asked %d times: %v", asked, err)
		}
	})
}

func TestAFaultOfTheCredentialsPassesUnseenEvenForAPost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		shaky := zaqar.WithAuth(auth.Func(func(_ context.Context, h http.Header) error {
			if asked++; asked < 3 {
				return io.ErrUnexpectedEOF
			}
			h.Set(auth.HeaderToken, "t")
			return nil
		}))
		server := clienttest.Says(http.StatusCreated, `{"resources":["/v2/queues/wot/messages/m"]}`)
		if _, err := clienttest.Over(t, server, shaky).Queue("wot").Post(t.Context(), 1); err != nil || server.Count() != 1 {
			t.Errorf("%d requests: %v", server.Count(), err)
		}
	})
}

func TestEveryCallOfABurstOutlivesAFaultThatHitsThemAll(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "ping", Cut: true, Times: zaqar.DefaultAsync})
		var calls []*zaqar.Future[struct{}]
		for range zaqar.DefaultAsync {
			calls = append(calls, zaqar.AsyncDo(t.Context(), client, client.Ping))
		}
		for _, call := range calls {
			if _, err := call.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestWhatMayNeverHealIsNotRepeatedForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := clienttest.Says(200, `{"age":0,"ttl":60,"messages":[]}`)
		reading := server.Answer
		healthy := func(req *transport.Request) (*transport.Response, error) {
			if req.Method == http.MethodPatch {
				return &transport.Response{Status: 204}, nil
			}
			return reading(req)
		}
		server.Answer = healthy
		client := clienttest.Over(t, server)
		claim, err := client.Queue("wot").ClaimByID(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		after := "30" // as servers say in each 503
		server.Answer = func(*transport.Request) (*transport.Response, error) {
			return &transport.Response{Status: 503, Header: http.Header{"Retry-After": {after}}}, nil
		}
		calls := map[string]func() error{
			"stats": func() error { _, err := client.Queue("wot").Stats(t.Context()); return err },
			"claim": func() error { _, err := client.Queue("wot").ClaimByID(t.Context(), "d"); return err },
			"extend": func() error {
				time.Sleep(2 * time.Minute) // the claim has ended
				return claim.Update(within(t, time.Hour))
			},
		}
		for name, call := range calls {
			for _, after = range []string{"30", "0"} {
				before, start := server.Count(), time.Now()
				err := call()
				took, sent := time.Since(start)%(2*time.Minute), server.Count()-before
				if e := clienttest.AsError(t, err); e.Code != 503 || took > time.Second || sent > 2 || after == "30" && sent != 1 {
					t.Errorf("%s with Retry-After %s: %d requests in %v: %v", name, after, sent, took, err)
				}
			}
		}
		// A claim that has not ended is a different matter.
		server.Answer = healthy
		if err := claim.Update(t.Context()); err != nil {
			t.Fatal(err)
		}
		faults := 1
		server.Answer = func(req *transport.Request) (*transport.Response, error) {
			if faults--; faults >= 0 {
				return &transport.Response{Status: 503, Header: http.Header{"Retry-After": {"30"}}}, nil
			}
			return healthy(req)
		}
		if err := claim.Update(t.Context()); err != nil {
			t.Errorf("extending a claim that has not ended: %v", err)
		}
	})
}

func TestACallIsCancelledWhileItWaitsForItsNextAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		start := time.Now()
		err := clienttest.Over(t, script(answer{status: 503, after: "30"})).Ping(ctx)
		e := clienttest.AsError(t, err)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, zaqar.ErrUnavailable) || e.Code != 503 || time.Since(start) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestRawCallsAreRepeatedOnlyIfTheRequestSaysThatItIsRepeatable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"} {
			for _, repeatable := range []bool{false, true} {
				req := &transport.Request{Method: method, Path: "/v2/queues/wot/messages?pop=5", Repeatable: repeatable}
				again := repeatable || method == "GET" || method == "HEAD"
				server := script(answer{})
				if _, err := clienttest.Over(t, server).Conn().Do(t.Context(), req); (err == nil) != again || err != nil && zaqar.SafeToRetry(err) {
					t.Errorf("%s, repeatable %v: %d requests: %v", method, repeatable, server.Count(), err)
				}
				server = script(answer{unsent: true})
				if _, err := clienttest.Over(t, server).Conn().Do(t.Context(), req); err != nil || server.Count() != 2 {
					t.Errorf("%s that was not sent: %d requests: %v", method, server.Count(), err)
				}
				_, err := clienttest.Over(t, script(answer{}), zaqar.NoRetry()).Conn().Do(t.Context(), req)
				if zaqar.SafeToRetry(err) != again {
					t.Errorf("%s, repeatable %v, is safe to retry: %v", method, repeatable, !again)
				}
			}
		}
	})
}

func TestAQueueWhoseCreationWasHealedMayNotCountAsCreated(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "queue_create", Cut: true, After: true})
		q, err := client.CreateQueue(t.Context(), "wot", zaqar.Content{"mood": "good"})
		if err != nil || q.Created() {
			t.Errorf("%v, %v", q.Created(), err)
		}
	})
}

func TestTheEnginesRepeatByThemselves(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Status: 429, Times: -1})
		publisher := client.Queue("wot").Publisher(zaqar.PublisherConfig{Attempts: 1})
		if _, err := publisher.Publish(t.Context(), 1).Wait(t.Context()); clienttest.AsError(t, err).Attempts != 1 {
			t.Errorf("the publisher's post: %v", err)
		}
		if err := publisher.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if n := len(srv.Requests("message_post")); n != 1 {
			t.Errorf("%d posts", n)
		}
	})
}

func TestRetryRefusesNegativeValues(t *testing.T) {
	t.Parallel()
	for _, r := range []zaqar.Retry{{Attempts: -1}, {Backoff: -1}, {MaxBackoff: -1}, {Budget: -1}} {
		_, err := zaqar.Connect(t.Context(), "http://h", zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2), zaqar.WithRetry(r))
		if !errors.Is(err, zaqar.ErrInvalid) || !strings.Contains(err.Error(), "WithRetry") {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
