package publisher_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// isDone reports whether a future has its outcome.
func isDone(f *zaqar.Future[string]) bool {
	select {
	case <-f.Done():
		return true
	default:
		return false
	}
}

func TestPublishBlocksUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]zaqar.PublisherConfig{
		"messages": {OutstandingMessages: 3, BatchDelay: time.Hour},
		"bytes":    {OutstandingBytes: 3 * len(`{"body":0}`), BatchDelay: time.Hour},
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: 5 * time.Second, Times: -1})
			p := client.Queue("wot").Publisher(config)
			publish(t, p, 0, 1, 2)
			start := time.Now()
			publish(t, p, 3) // though the batch delay is an hour, the others are sent
			if waited := time.Since(start); waited != 5*time.Second {
				t.Errorf("%s: it blocked for %v", name, waited)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			publish(t, p, 4, 5)
			f := p.Publish(ctx, 6)
			cancel()
			if err := f.Err(); !errors.Is(err, context.DeadlineExceeded) || !zaqar.SafeToRetry(err) {
				t.Errorf("%s: with a context that ends: %v", name, err)
			}
			mustClose(t, p)
			if got := storedBodies(srv); !slices.Equal(got, []string{"0", "1", "2", "3", "4", "5"}) {
				t.Errorf("%s: stored %v", name, got)
			}
		})
	}
}

func TestThoseWhoWaitForRoomComeInTurn(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{OutstandingMessages: 2})
		var all sync.WaitGroup
		for i := range 9 {
			all.Go(func() { publish(t, p, i) })
			synctest.Wait()
		}
		all.Wait()
		mustClose(t, p)
		if got := strings.Join(storedBodies(srv), ""); got != "012345678" {
			t.Errorf("stored in the order %s", got)
		}
		for _, n := range batchSizes(t, srv) {
			if n > 2 {
				t.Errorf("%d messages were under way", n)
			}
		}
	})
}

func TestASmallMessageBehindALargeOneThatGaveUpComesIn(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Hour / 2})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{OutstandingBytes: 100})
		publish(t, p, strings.Repeat("x", 60))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() { p.Publish(ctx, strings.Repeat("y", 60)) })
		synctest.Wait()
		start := time.Now()
		publish(t, p, "z")
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("it came in after %v", waited)
		}
		all.Wait()
		mustClose(t, p, 2)
	})
}

func TestAMessageLargerThanAllThatMayBeOutstandingGoesAlone(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{OutstandingBytes: 50})
		publish(t, p, 0, strings.Repeat("x", 500), 1)
		mustClose(t, p)
		if got := batchSizes(t, srv); !slices.Equal(got, []int{1, 1, 1}) {
			t.Errorf("batches of %v", got)
		}
	})
}

func TestOverflowIsRefusedOrDroppedByChoice(t *testing.T) {
	t.Parallel()
	for overflow, wantDrops := range map[zaqar.Overflow]int{zaqar.OverflowRefuse: 0, zaqar.OverflowDrop: 2} {
		var drops []observe.MessageDropped
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second})
			p := client.Queue("wot").Publisher(zaqar.PublisherConfig{OutstandingMessages: 2, Overflow: overflow, BatchDelay: time.Hour})
			start := time.Now()
			futures := publish(t, p, 0, 1, 2, 3)
			for _, f := range futures[2:] {
				if err := f.Err(); !errors.Is(err, zaqar.ErrOverflow) || !zaqar.SafeToRetry(err) || !strings.Contains(err.Error(), "2 messages (20 bytes)") {
					t.Errorf("above the limit: %v", err)
				}
			}
			if _, err := futures[1].Wait(t.Context()); err != nil || time.Since(start) != time.Second {
				t.Errorf("what made it full was stored after %v: %v", time.Since(start), err)
			}
			if err := publish(t, p, 4)[0].Err(); err != nil {
				t.Errorf("when there is room again: %v", err)
			}
			mustClose(t, p)
			if got := storedBodies(srv); !slices.Equal(got, []string{"0", "1", "4"}) {
				t.Errorf("stored %v", got)
			}
		}, zaqar.WithObserver(observe.Func(func(_ context.Context, e observe.Event) {
			if d, ok := e.(observe.MessageDropped); ok {
				drops = append(drops, d)
			}
		})))
		if len(drops) != wantDrops {
			t.Errorf("the observer saw %v", drops)
		}
	}
}

func TestACancelledFutureTakesItsMessageBack(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{OutstandingMessages: 4, BatchMessages: 2, BatchDelay: time.Minute})
		futures := publish(t, p, 0, 1) // a batch under way
		synctest.Wait()
		futures = append(futures, publish(t, p, 2, 3)...)
		futures[0].Cancel()
		futures[2].Cancel()
		futures[2].Cancel()
		if !errors.Is(futures[2].Err(), context.Canceled) || !zaqar.SafeToRetry(futures[2].Err()) || isDone(futures[0]) {
			t.Errorf("taken back: %v; under way: %v", futures[2], futures[0])
		}
		start := time.Now()
		publish(t, p, 4)
		if time.Since(start) != 0 {
			t.Error("its room was not given back")
		}
		publish(t, p, 5)[0].Cancel()
		mustClose(t, p)
		if got := storedBodies(srv); !slices.Equal(got, []string{"0", "1", "3", "4"}) {
			t.Errorf("stored %v", got)
		}
		futures[0].Cancel()
		if err := futures[0].Err(); err != nil {
			t.Errorf("cancelled when it was over: %v", err)
		}
	})
}

func TestACancelledFutureLetsInWhoWaits(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{OutstandingMessages: 2, BatchMessages: 1})
		futures := publish(t, p, 0, 1)
		var all sync.WaitGroup
		all.Go(func() { publish(t, p, 2) })
		synctest.Wait()
		futures[1].Cancel()
		all.Wait()
		mustClose(t, p)
		if got := storedBodies(srv); !slices.Equal(got, []string{"0", "2"}) {
			t.Errorf("stored %v", got)
		}
	})
}

func TestFlushWaitsForWhatWasPublishedBefore(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second, Times: 2})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: time.Hour})
		if err := p.Flush(t.Context()); err != nil {
			t.Errorf("with nothing to flush: %v", err)
		}
		before := publish(t, p, 0, 1)
		flushed := make(chan error)
		go func() { flushed <- p.Flush(t.Context()) }()
		synctest.Wait()
		after := publish(t, p, 2)
		if err := <-flushed; err != nil || !isDone(before[0]) || !isDone(before[1]) || isDone(after[0]) {
			t.Errorf("flushed: %v, %v, %v", err, before, after)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := p.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "wot") {
			t.Errorf("with a context that ends: %v", err)
		}
		if _, err := after[0].Wait(t.Context()); err != nil {
			t.Errorf("its messages are sent all the same: %v", err)
		}
		mustClose(t, p)
	})
}

func TestEachFlushWaitsForItsOwnMessages(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 1, BatchDelay: time.Hour})
		start := time.Now()
		var all sync.WaitGroup
		for i := range 4 {
			publish(t, p, i)
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
				defer cancel()
				err := p.Flush(ctx)
				want := time.Duration(i+1) * time.Second // one request each, in turn
				if late := i >= 2; late {
					want = 2500 * time.Millisecond
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("flush %d: %v", i, err)
					}
				} else if err != nil {
					t.Errorf("flush %d: %v", i, err)
				}
				if took := time.Since(start); took != want {
					t.Errorf("flush %d took %v, want %v", i, took, want)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		mustClose(t, p)
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("closed after %v", took)
		}
	})
}

func TestClosingDrains(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 2, OutstandingMessages: 5, BatchDelay: time.Hour})
		futures := publish(t, p, numbers(5)...)
		var blocked *zaqar.Future[string]
		var all sync.WaitGroup
		all.Go(func() { blocked = publish(t, p, 5)[0] })
		synctest.Wait()
		closed := make(chan error, 2)
		for range 2 {
			all.Go(func() { closed <- p.Close(t.Context()) })
		}
		all.Wait()
		told, ok := errors.AsType[*zaqar.PublishError](errors.Join(<-closed, <-closed)) // one of them tells
		if !ok || told.Failed != 1 || !errors.Is(told, zaqar.ErrClosed) {
			t.Errorf("closing: %v", told)
		}
		for i, f := range futures {
			if err := f.Err(); !isDone(f) || err != nil {
				t.Errorf("message %d: %v %v", i, f, err)
			}
		}
		late := publish(t, p, 6)[0]
		for _, f := range []*zaqar.Future[string]{blocked, late} {
			if err := f.Err(); !errors.Is(err, zaqar.ErrClosed) || !zaqar.SafeToRetry(err) {
				t.Errorf("published too late: %v", err)
			}
		}
		if got := batchSizes(t, srv); !slices.Equal(got, []int{2, 2, 1}) {
			t.Errorf("batches of %v", got)
		}
		mustClose(t, p)
	})
}

func TestClosingInATimeLimitEndsEveryFuture(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Hour, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 2, BatchDelay: zaqar.DefaultBatchDelay})
		futures := publish(t, p, numbers(4)...)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("closed after %v: %v", time.Since(start), err)
		}
		for i, f := range futures {
			err := f.Err()
			if underWay := i < 2; !isDone(f) || zaqar.SafeToRetry(err) == underWay || errors.Is(err, zaqar.ErrClosed) == underWay ||
				errors.Is(err, context.Canceled) != underWay {
				t.Errorf("message %d: %v %v", i, f, err)
			}
		}
		mustClose(t, p)
	})
}

func TestClosingCutsTheWaitForARetryShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := clienttest.Over(t, unreachable()).Queue("wot").Publisher(zaqar.PublisherConfig{RetryDelay: 1000 * time.Hour, MaxRetryDelay: 1000 * time.Hour})
		f := publish(t, p, 0)[0]
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("closed after %v: %v", time.Since(start), err)
		}
		if err := f.Err(); !errors.Is(err, errUnreachable) || !zaqar.SafeToRetry(err) {
			t.Errorf("the message: %v", err)
		}
	})
}

func TestOnlySoManyBatchesAreUnderWay(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Second, Times: -1})
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchMessages: 2, BatchDelay: zaqar.DefaultBatchDelay, Concurrency: 3})
		publish(t, p, numbers(20)...)
		for want := 3; want <= 10; want = min(want+3, 10) {
			synctest.Wait()
			if n := len(srv.Requests("message_post")); n != want {
				t.Errorf("%d requests were sent, want %d", n, want)
			}
			if want == 10 {
				break
			}
			time.Sleep(time.Second)
		}
		mustClose(t, p)
		if n := len(storedBodies(srv)); n != 20 {
			t.Errorf("%d messages are stored", n)
		}
	})
}

func TestFuturesEndWhenTheClientWasClosedFirst(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		p := client.Queue("wot").Publisher(zaqar.PublisherConfig{BatchDelay: time.Minute})
		futures := publish(t, p, numbers(3)...)
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		for i, f := range futures {
			if _, err := f.Wait(t.Context()); err != nil {
				t.Errorf("message %d: %v", i, err)
			}
		}
		if n := len(storedBodies(srv)); n != 3 {
			t.Errorf("%d messages are stored: closing the client sends what is left", n)
		}
		if _, err := p.Publish(t.Context(), 4).Wait(t.Context()); !errors.Is(err, zaqar.ErrClosed) || !zaqar.SafeToRetry(err) {
			t.Errorf("publishing afterwards: %v", err)
		}
		mustClose(t, p)
	})
}
