package consumer_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestPanicsAreFailedAttempts(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 20)
		var tried seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 2, DeadLetter: "dead", MaxAttempts: 2}, func(_ context.Context, m *zaqar.Message) error {
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
	for range 50 { // whoever sees the end first
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
