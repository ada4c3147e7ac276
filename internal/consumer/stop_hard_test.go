package consumer_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAHardStopEndsWithinTwoSecondsThoughTheServerHangs(t *testing.T) {
	t.Parallel()
	for name, timeout := range map[string]time.Duration{"by default": time.Minute, "without a timeout": 0} {
		for what, stop := range map[string]func(r *running) error{
			"Run": func(r *running) error { r.leave(); return <-r.ended },
			"Stop": func(r *running) error {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				err := r.Stop(ctx)
				return errors.Join(err, <-r.ended)
			},
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
					q := client.Queue("wot")
					clienttest.PostMany(t, q, 40)
					config := zaqar.ConsumerConfig{ClaimSize: 5, Prefetch: 20, StopTimeout: time.Second}
					r := run(t, q, config, func(ctx context.Context, m *zaqar.Message) error {
						if string(m.Body()) < "3" {
							return nil // its deletion hangs
						}
						<-ctx.Done()
						return ctx.Err()
					})
					srv.Inject(zaqartest.Fault{Kind: "message_delete", Delay: time.Hour, Times: -1})
					time.Sleep(time.Second)
					srv.Inject(zaqartest.Fault{Delay: time.Hour, Times: -1})
					time.Sleep(time.Minute) // extensions hang, too
					start := time.Now()
					if err := stop(r); !errors.Is(err, zaqar.ErrStopped) {
						t.Errorf("it returned %v", err)
					}
					if took := time.Since(start); took > 3*time.Second {
						t.Errorf("it took %v", took)
					}
					srv.ClearFaults()
				}, zaqar.WithTimeout(timeout))
			})
		}
	}
}

func TestAHandlerThatIgnoresItsContextDelaysNoHardStop(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		let := make(chan struct{})
		r := run(t, q, zaqar.ConsumerConfig{StopTimeout: time.Second}, func(context.Context, *zaqar.Message) error {
			<-let
			return nil
		})
		time.Sleep(time.Second)
		start := time.Now()
		r.leave()
		if err := <-r.ended; !errors.Is(err, zaqar.ErrStopped) {
			t.Errorf("Run returned %v", err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 1)); n != 0 {
			t.Error("the message is still claimed")
		}
		close(let)
		synctest.Wait()
		clienttest.Stored(t, srv, "wot", 1) // somebody else may handle it
	})
}

func TestHaltReturnsAtOnceInHandlersAndObservers(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var halt func()
	observer := observe.Func(func(_ context.Context, e observe.Event) {
		mu.Lock()
		defer mu.Unlock()
		if _, ok := e.(observe.AttemptFailed); ok {
			halt()
		}
	})
	for _, where := range []string{"handler", "observer"} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 30)
			consumer := q.Consumer(zaqar.ConsumerConfig{Workers: 1})
			mu.Lock()
			halt = consumer.Halt
			mu.Unlock()
			err := consumer.Run(t.Context(), func(context.Context, *zaqar.Message) error {
				if where == "handler" {
					consumer.Halt()
					consumer.Halt()
					return nil
				}
				return errBroken
			})
			if err != nil {
				t.Errorf("%s: Run returned %v", where, err)
			}
			if s := consumer.Stats(); s.Claimed != 1 {
				t.Errorf("%s: the counters are %+v", where, s)
			}
			if n := clienttest.Claimed(srv.Messages("p", "wot")); n != 0 {
				t.Errorf("%s: %d messages are still claimed", where, n)
			}
		}, zaqar.WithObserver(observer))
	}
}

func TestStopWithTheHandlersContextDoesNotWaitForThatHandler(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 20)
		consumer := q.Consumer(zaqar.ConsumerConfig{Workers: 3, ClaimSize: 5})
		start := time.Now()
		err := consumer.Run(t.Context(), func(ctx context.Context, m *zaqar.Message) error {
			switch string(m.Body()) {
			case "0", "1":
				time.Sleep(time.Second) // until the others have begun
				ctx, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				if err := consumer.Stop(ctx); err != nil {
					t.Errorf("Stop returned %v", err)
				}
				if took := time.Since(start); took != 10*time.Second {
					t.Errorf("Stop took %v", took)
				}
				if s := consumer.Stats(); s.Running+s.Settling+s.Handled != 3 || s.Handled < 1 {
					t.Errorf("the counters are %+v", s)
				}
				return nil
			}
			time.Sleep(10 * time.Second)
			return nil
		})
		if err != nil {
			t.Errorf("Run returned %v", err)
		}
		if s := consumer.Stats(); s.Handled != 3 || s.Interrupted != 0 {
			t.Errorf("the counters are %+v", s)
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 17)); n != 0 {
			t.Errorf("%d messages are still claimed", n)
		}
	})
}

func TestStopWithAnotherContextInsideAHandlerReturnsWhenThatEnds(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		consumer := q.Consumer(zaqar.ConsumerConfig{})
		err := consumer.Run(t.Context(), func(context.Context, *zaqar.Message) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			start := time.Now()
			if err := consumer.Stop(ctx); !errors.Is(err, zaqar.ErrStopped) { //nolint:contextcheck // not the handler's own, which is the point
				t.Errorf("Stop returned %v", err)
			}
			if took := time.Since(start); took < time.Minute || took > 62*time.Second {
				t.Errorf("Stop took %v", took)
			}
			return nil
		})
		if !errors.Is(err, zaqar.ErrStopped) {
			t.Errorf("Run returned %v", err)
		}
		// Run and Stop give up in the same instant, and the handler returns after that. Until
		// then, closing the client tells of it.
		synctest.Wait()
	})
}

func TestTheStopTimeoutAppliesAfterHalt(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		r := run(t, q, zaqar.ConsumerConfig{StopTimeout: time.Minute}, func(ctx context.Context, _ *zaqar.Message) error {
			<-ctx.Done()
			return ctx.Err()
		})
		time.Sleep(time.Second)
		start := time.Now()
		r.Halt()
		if err := <-r.ended; !errors.Is(err, zaqar.ErrStopped) || time.Since(start) != time.Minute {
			t.Errorf("Run returned %v after %v", err, time.Since(start))
		}
	})
}

func TestStopInsideAnObserverReturnsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	var stop func()
	observer := observe.Func(func(_ context.Context, e observe.Event) {
		if _, ok := e.(observe.Claimed); ok {
			stop()
		}
	})
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		consumer := q.Consumer(zaqar.ConsumerConfig{})
		took := make(chan time.Duration, 1)
		stop = func() {
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_ = consumer.Stop(ctx)
			took <- time.Since(start)
		}
		if err := consumer.Run(t.Context(), nothingToDo); err != nil && !errors.Is(err, zaqar.ErrStopped) {
			t.Errorf("Run returned %v", err)
		}
		if took := <-took; took < time.Minute || took > 62*time.Second {
			t.Errorf("Stop took %v", took)
		}
	}, zaqar.WithObserver(observer))
}
