package consumer_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestPanicsAreFailedAttempts(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 20)
		var tried seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 2, DeadLetter: "dead", MaxAttempts: 2, MaxPoll: time.Minute}, func(_ context.Context, m *zaqar.Message) error {
			n := tried.add(m)
			switch {
			case string(m.Body()) == "5":
				panic("always")
			case n == 1 && string(m.Body()) == "6":
				runtime.Goexit()
			case n == 1:
				panic(errBroken)
			}
			return nil
		})
		time.Sleep(time.Hour)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Panicked != 21 || s.Failed != 21 || s.Handled != 19 || s.DeadLettered != 1 {
			t.Errorf("the counters are %+v", s)
		}
		letters, err := client.Queue("dead").Pop(t.Context(), 1)
		if err != nil || len(letters) != 1 {
			t.Fatalf("%d letters, %v", len(letters), err)
		}
		if letter, err := zaqar.ReadDeadLetter(letters[0]); err != nil || letter.Reason != "the handler panicked: always" {
			t.Errorf("the letter is %+v, %v", letter, err)
		}
	})
}

func TestAHandlerThatEndsTheContextIsTheLastOfItsWorker(t *testing.T) {
	t.Parallel()
	for range 50 { // the worker or Run may see the end first
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 10)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			consumer := q.Consumer(zaqar.ConsumerConfig{Workers: 1, ClaimSize: 10})
			err := consumer.Run(ctx, func(context.Context, *zaqar.Message) error {
				leave()
				return nil
			})
			if n := consumer.Stats().Handled; n != 1 || err != nil {
				t.Errorf("%d messages were handled, and Run returned %v", n, err)
			}
			if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 9)); n != 0 {
				t.Errorf("%d messages are still claimed", n)
			}
		})
	}
}

func TestAPanicReachesTheObserverAsItsOwnError(t *testing.T) {
	t.Parallel()
	var witness clienttest.Witness
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		c := q.Consumer(zaqar.ConsumerConfig{OnFailure: zaqar.RetryHere, Backoff: -1})
		d, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// A caller of Next that recovers by itself reports the panic like this.
		if err := d.Fail(t.Context(), fmt.Errorf("wrapped: %w", &zaqar.PanicError{Value: "pulled"})); err != nil {
			t.Error(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		err = c.Run(ctx, func(ctx context.Context, _ *zaqar.Message) error {
			if zaqar.Attempt(ctx) == 2 {
				panic("pushed")
			}
			leave()
			return nil
		})
		if s := c.Stats(); err != nil || s.Panicked != 2 || s.Handled != 1 {
			t.Errorf("%v, and the counters are %+v", err, s)
		}
	}, zaqar.WithObserver(&witness))
	panics, failures := clienttest.Saw[observe.HandlerPanicked](&witness), clienttest.Saw[observe.AttemptFailed](&witness)
	if len(panics) != 2 || panics[0].Value != "pulled" || panics[1].Value != "pushed" || len(panics[1].Stack) == 0 {
		t.Errorf("the panics are %+v", panics)
	}
	for _, f := range failures {
		if _, ok := errors.AsType[*zaqar.PanicError](f.Err); !ok {
			t.Errorf("the failure is %T %v", f.Err, f.Err)
		}
	}
	if len(failures) != 2 {
		t.Errorf("%d failures were reported", len(failures))
	}
}
