package subscriber_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func post(t *testing.T, q *zaqar.Queue, bodies ...int) {
	t.Helper()
	for chunk := range slices.Chunk(bodies, 20) {
		all := make([]any, len(chunk))
		for i, b := range chunk {
			all[i] = b
		}
		if _, err := q.Post(t.Context(), all...); err != nil {
			t.Fatal(err)
		}
	}
}

func upTo(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

func TestEveryoneListeningSeesEveryMessageInOrder(t *testing.T) {
	t.Parallel()
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
			queues := []string{"a", "b", "c"}
			post(t, client.Queue("a"), upTo(0, 45)...)
			if claim, err := client.Queue("a").Claim(t.Context(), zaqar.Limit(5)); err != nil || claim.Size() != 5 {
				t.Fatal(err)
			}
			var receivers []*clienttest.Receiver
			for range 2 {
				receivers = append(receivers, clienttest.Receive(t.Context(), clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), queues...)))
			}
			time.Sleep(time.Minute)
			for i, name := range queues {
				post(t, client.Queue(name), upTo(45, 50+i)...)
			}
			time.Sleep(time.Minute)
			for _, r := range receivers {
				r.Stop()
				if got := r.Of("a"); !slices.Equal(got, upTo(0, 50)) {
					t.Errorf("%s: of a it received %v", version, got)
				}
				if got := r.Of("c"); !slices.Equal(got, upTo(45, 52)) {
					t.Errorf("%s: of c it received %v", version, got)
				}
				if err := r.Err(); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: it ended with %v", version, err)
				}
			}
		}, zaqar.WithVersion(version))
	}
}

func TestQueuesComeAndGoWhileListening(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		sub := client.Subscriber(zaqar.SubscriberConfig{})
		r := clienttest.Receive(t.Context(), sub)
		defer r.Stop()
		post(t, client.Queue("a"), 1)
		post(t, client.Queue("b"), 2)
		time.Sleep(10 * time.Minute)
		if r.Count() != 0 {
			t.Error("without channels something was received")
		}
		clienttest.Subscribed(t, sub, "b", "a", "b")
		if got := sub.Channels(); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("the channels are %v", got)
		}
		synctest.Wait()
		if r.Count() != 2 {
			t.Errorf("it received %d, want 2 at once", r.Count())
		}
		sub.Unsubscribe("a", "nobody")
		post(t, client.Queue("a"), 3)
		post(t, client.Queue("b"), 4)
		time.Sleep(time.Minute)
		if got := append(r.Of("a"), r.Of("b")...); !slices.Equal(got, []int{1, 2, 4}) {
			t.Errorf("it received %v", got)
		}
		if got := sub.String(); got != "<Subscriber [b]>" {
			t.Error(got)
		}
	})
}

func TestNothingIsHandedOutAfterUnsubscribe(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("a"), upTo(0, 20)...)
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		n := 0
		for _, err := range sub.Listen(ctx) {
			if err != nil {
				break
			}
			if n++; n == 3 {
				synctest.Wait() // the poller offers the fourth
				sub.Unsubscribe("a")
			}
		}
		if n != 3 {
			t.Errorf("%d were handed out", n)
		}
	})
}

func TestALoopThatIsLeftGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("a"), upTo(0, 50)...)
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		var got []int
		for len(got) < 50 {
			for msg, err := range sub.Listen(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				var n int
				if err := msg.Decode(&n); err != nil {
					t.Fatal(err)
				}
				if got = append(got, n); len(got)%7 == 0 || len(got) == 50 {
					break
				}
			}
		}
		if !slices.Equal(got, upTo(0, 50)) {
			t.Errorf("it received %v", got)
		}
	})
}

func TestASecondLoopAtATimeIsRefused(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		first := clienttest.Receive(t.Context(), sub)
		synctest.Wait()
		second := clienttest.Receive(t.Context(), sub)
		<-second.Done
		if err := second.Err(); !errors.Is(err, zaqar.ErrInvalid) {
			t.Errorf("the second ended with %v", err)
		}
		first.Stop()
		third := clienttest.Receive(t.Context(), sub)
		synctest.Wait()
		third.Stop()
		if err := third.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("the third ended with %v", err)
		}
	})
}

func TestWhatCannotHealEndsTheLoop(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		http.StatusUnauthorized: zaqar.ErrUnauthorized,
		http.StatusForbidden:    zaqar.ErrForbidden,
		http.StatusBadRequest:   zaqar.ErrInvalid,
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			srv.Inject(zaqartest.Fault{Kind: "message_list", Status: status, Times: -1})
			r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a"))
			<-r.Done
			if err := r.Err(); !errors.Is(err, want) || clienttest.AsError(t, err).Queue != "a" {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

func TestClosingTheClientEndsTheLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t)
		client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithHTTPClient(srv.HTTPClient()), zaqar.WithProject("p"))
		if err != nil {
			t.Fatal(err)
		}
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a", "b")
		listened := zaqar.AsyncDo(t.Context(), client, func(ctx context.Context) error {
			for _, err := range sub.Listen(ctx) {
				return err
			}
			return nil
		})
		synctest.Wait()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if err := listened.Err(); !errors.Is(err, zaqar.ErrClosed) {
			t.Errorf("it ended with %v", err)
		}
	})
}
