package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// blockingTransport is a transport whose calls wait until it is opened or their context
// ends.
type blockingTransport struct {
	open          chan struct{}
	inside, most  atomic.Int32
	arrived, gone atomic.Int32
}

func (b *blockingTransport) Do(ctx context.Context, _ *transport.Request) (*transport.Response, error) {
	inside := b.inside.Add(1)
	defer b.inside.Add(-1)
	for most := b.most.Load(); inside > most && !b.most.CompareAndSwap(most, inside); most = b.most.Load() {
	}
	b.arrived.Add(1)
	select {
	case <-b.open:
		return &transport.Response{Status: http.StatusNoContent, Header: http.Header{}}, nil
	case <-ctx.Done():
		b.gone.Add(1)
		return nil, &transport.Error{MaybeSent: true, Err: ctx.Err()}
	}
}

func (b *blockingTransport) Close() error { return nil }

func TestACallDoesNotBlockItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &blockingTransport{open: make(chan struct{})}
		client := clienttest.Over(t, b, zaqar.WithAsync(2))
		var futures []*zaqar.Future[struct{}]
		for range 5 {
			futures = append(futures, zaqar.AsyncDo(t.Context(), client, client.Ping))
		}
		synctest.Wait()
		if b.arrived.Load() != 2 || client.Async() != 2 {
			t.Errorf("%d calls are in flight, want 2", b.arrived.Load())
		}
		for _, f := range futures {
			if f.Err() != nil || f.String() != "<Future pending>" {
				t.Errorf("a call that has not ended is %v, its error %v", f, f.Err())
			}
		}
		close(b.open)
		for _, f := range futures {
			if _, err := f.Wait(t.Context()); err != nil || f.String() != "<Future done>" {
				t.Errorf("%v: %v", f, err)
			}
		}
		if b.arrived.Load() != 5 {
			t.Errorf("%d calls were made, want 5", b.arrived.Load())
		}
	})
}

func TestCallsWaitInTheOrderInWhichTheyCame(t *testing.T) {
	t.Parallel()
	_, client := clienttest.InMemory(t, zaqar.WithAsync(1))
	var (
		mu    sync.Mutex
		order []int
	)
	var futures []*zaqar.Future[struct{}]
	for i := range 100 {
		futures = append(futures, zaqar.AsyncDo(t.Context(), client, func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, i)
			return nil
		}))
	}
	for _, f := range futures {
		if _, err := f.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for i, n := range order {
		if i != n {
			t.Fatalf("call %d ran as number %d", n, i)
		}
	}
}

func TestWaitingMayBeGivenUpWithoutTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &blockingTransport{open: make(chan struct{})}
		client := clienttest.Over(t, b)
		f := zaqar.AsyncDo(t.Context(), client, client.Ping)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := f.Wait(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || f.Err() != nil {
			t.Errorf("waiting ends with %v, the call with %v", err, f.Err())
		}
		close(b.open)
		if _, err := f.Wait(t.Context()); err != nil {
			t.Errorf("the call itself: %v", err)
		}
	})
}

func TestACancelledCallEndsAndOneThatWaitsIsNotMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &blockingTransport{open: make(chan struct{})}
		client := clienttest.Over(t, b, zaqar.WithAsync(1))
		running := zaqar.AsyncDo(t.Context(), client, client.Ping)
		ctx, cancel := context.WithCancelCause(t.Context())
		waiting := zaqar.AsyncDo(ctx, client, client.Ping)
		alsoWaiting := zaqar.AsyncDo(t.Context(), client, client.Ping)
		synctest.Wait()
		why := errors.New("changed my mind")
		cancel(why)
		alsoWaiting.Cancel()
		alsoWaiting.Cancel()
		for _, f := range []*zaqar.Future[struct{}]{waiting, alsoWaiting} {
			if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) && !errors.Is(err, why) {
				t.Errorf("a call that waited ends with %v", err)
			}
		}
		if !errors.Is(waiting.Err(), why) {
			t.Errorf("the cause is lost: %v", waiting.Err())
		}
		running.Cancel()
		if _, err := running.Wait(t.Context()); !errors.Is(err, context.Canceled) || running.String() != "<Future failed>" {
			t.Errorf("a call under way ends with %v", err)
		}
		if b.arrived.Load() != 1 {
			t.Errorf("%d calls were made, want 1", b.arrived.Load())
		}
		ended := zaqar.AsyncDo(ctx, client, client.Ping)
		if _, err := ended.Wait(t.Context()); !errors.Is(err, why) {
			t.Errorf("a call whose context had ended: %v", err)
		}
	})
}

func TestCloseWaitsForAllCallsAndRefusesNewOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &blockingTransport{open: make(chan struct{})}
		client := clienttest.Over(t, b, zaqar.WithAsync(2))
		var futures []*zaqar.Future[struct{}]
		for range 6 {
			futures = append(futures, zaqar.AsyncDo(t.Context(), client, client.Ping))
		}
		closed := make(chan error, 1)
		go func() { closed <- client.Close() }()
		synctest.Wait()
		select {
		case err := <-closed:
			t.Errorf("the client is closed while calls are in flight: %v", err)
		default:
		}
		refused := zaqar.AsyncDo(t.Context(), client, client.Ping)
		if _, err := refused.Wait(t.Context()); !errors.Is(err, zaqar.ErrClosed) {
			t.Errorf("a call after Close: %v", err)
		}
		close(b.open)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		for _, f := range futures {
			select {
			case <-f.Done():
				if f.Err() != nil {
					t.Error(f.Err())
				}
			default:
				t.Error("a call has not ended though the client is closed")
			}
		}
		if err := client.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
}

// The bubble fails when a goroutine is left in it.
func TestTenThousandCallsEndThoughHalfOfThemAreCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const calls, limit = 10_000, 64
		b := &blockingTransport{open: make(chan struct{})}
		client := clienttest.Over(t, b, zaqar.WithAsync(limit))
		futures := make([]*zaqar.Future[struct{}], calls)
		for i := range futures {
			futures[i] = zaqar.AsyncDo(t.Context(), client, client.Ping)
		}
		synctest.Wait()
		for i, f := range futures {
			if i%2 == 0 {
				f.Cancel()
			}
		}
		synctest.Wait()
		close(b.open)
		done, cancelled := 0, 0
		for i, f := range futures {
			switch _, err := f.Wait(t.Context()); {
			case err == nil && i%2 == 1:
				done++
			case errors.Is(err, context.Canceled) && i%2 == 0:
				cancelled++
			default:
				t.Fatalf("call %d: %v", i, err)
			}
		}
		if done != calls/2 || cancelled != calls/2 || b.most.Load() != limit {
			t.Errorf("%d done, %d cancelled, %d in flight at most", done, cancelled, b.most.Load())
		}
		t.Logf("%d done, %d cancelled (%d of them under way), %d in flight at most", done, cancelled, b.gone.Load(), b.most.Load())
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAsyncNeedsOneCallAtLeast(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, -1} {
		if _, err := zaqar.Connect(t.Context(), "http://127.0.0.1:1", zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2), zaqar.WithAsync(n)); !errors.Is(err, zaqar.ErrInvalid) {
			t.Errorf("WithAsync(%d): %v", n, err)
		}
	}
}

func TestCollectReturnsWhatCameBeforeAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	items, err := zaqar.Collect(func(yield func(int, error) bool) {
		_ = yield(1, nil) && yield(2, nil) && yield(0, broken) && yield(3, nil)
	})
	if fmt.Sprint(items) != "[1 2]" || !errors.Is(err, broken) {
		t.Errorf("it returned %v, %v", items, err)
	}
}
