package zaqar_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestOnceCloseHasReturnedNothingIsSentAndEveryCallIsErrClosed(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 3)
		claim, err := q.Claim(t.Context(), zaqar.Limit(1))
		if err != nil {
			t.Fatal(err)
		}
		srv.Inject(zaqartest.Fault{Kind: "ping", Delay: time.Hour})
		srv.Inject(zaqartest.Fault{Kind: "queue_get_stats", Status: 429, Header: http.Header{"Retry-After": {"40"}}})
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "quiet", "silent")
		listening := clienttest.Receive(t.Context(), sub)
		publisher := q.Publisher(zaqar.PublisherConfig{BatchDelay: time.Minute})
		future := publisher.Publish(t.Context(), 1)
		consumer := client.Queue("work").Consumer(zaqar.ConsumerConfig{})
		var running sync.WaitGroup
		var hung, waits, stopped error
		running.Go(func() { hung = client.Ping(t.Context()) })
		running.Go(func() { _, waits = q.Stats(t.Context()) })
		running.Go(func() {
			stopped = consumer.Run(t.Context(), func(context.Context, *zaqar.Message) error { return nil })
		})
		pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() }
		pass(2 * time.Second)

		start := time.Now()
		if err := client.Close(); err != nil || time.Since(start) > 0 {
			t.Errorf("close took %v: %v", time.Since(start), err)
		}
		sent := len(srv.Requests())
		synctest.Wait()
		select {
		case <-listening.Done:
		default:
			t.Error("the loop over Listen runs on")
		}
		if err := listening.Err(); !errors.Is(err, zaqar.ErrClosed) {
			t.Errorf("the loop over Listen ended with %v", err)
		}
		if e := clienttest.AsError(t, hung); errors.Is(hung, zaqar.ErrClosed) || !e.MayHaveActed() || !errors.Is(hung, transport.ErrClosed) {
			t.Errorf("the call that was under way: %v", hung)
		}
		if !errors.Is(waits, zaqar.ErrClosed) {
			t.Errorf("the call that waited for its next attempt: %v", waits)
		}
		pass(time.Hour)
		running.Wait()
		if stopped != nil { // Close stops it gracefully
			t.Errorf("the consumer ended with %v", stopped)
		}
		if id, err := future.Wait(t.Context()); err != nil || id == "" {
			t.Errorf("the message of a publisher: %q, %v", id, err)
		}
		if err := publisher.Close(t.Context()); err != nil {
			t.Error(err)
		}
		calls := map[string]error{
			"ping": client.Ping(t.Context()), "delete": claim.Messages()[0].Delete(t.Context()),
			"extend": claim.Update(t.Context()), "release": claim.Release(t.Context()),
		}
		_, calls["post"] = q.Post(t.Context(), 1)
		_, calls["claim"] = q.Claim(t.Context())
		_, calls["raw"] = client.Conn().Get(t.Context(), "/v2/ping")
		_, calls["list"] = zaqar.Collect(q.Messages(t.Context()))
		_, calls["async"] = zaqar.AsyncDo(t.Context(), client, client.Ping).Wait(t.Context())
		for _, err := range sub.Listen(t.Context()) {
			calls["listen"] = err
		}
		for name, err := range calls {
			if !errors.Is(err, zaqar.ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		pass(time.Hour)
		if n := len(srv.Requests()); n != sent {
			t.Errorf("%d requests came after Close", n-sent)
		}
		if err := client.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
}

func TestCloseWaitsForCallsOfAsyncAndTheirRetries(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "ping", Status: 503, Header: http.Header{"Retry-After": {"20"}}})
		future := zaqar.AsyncDo(t.Context(), client, client.Ping)
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if _, err := future.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseInsideALoopOverListenEndsIt(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		clienttest.PostMany(t, client.Queue("wot"), 5)
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "wot")
		received := 0
		var last error
		for _, last = range sub.Listen(t.Context()) {
			if received++; received == 1 {
				start := time.Now()
				if err := client.Close(); err != nil || time.Since(start) > 0 {
					t.Errorf("close took %v: %v", time.Since(start), err)
				}
			}
		}
		if received != 2 || !errors.Is(last, zaqar.ErrClosed) {
			t.Errorf("%d turns, then %v", received, last)
		}
	})
}

func TestCloseDoesNotWaitForEverForACallThatClosesTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var client *zaqar.Client
		credentials := auth.Func(func(context.Context, http.Header) error { return client.Close() })
		client = clienttest.Over(t, clienttest.Says(http.StatusNoContent, ""), zaqar.WithAuth(credentials))
		start := time.Now()
		if err := client.Ping(t.Context()); !errors.Is(err, zaqar.ErrClosed) || time.Since(start) > 5*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
