package zaqar_test

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/clienttest"
)

// fixture is what the calls below use: a queue with two free messages, and a claim
// with a third one.
type fixture struct {
	client   *zaqar.Client
	queue    *zaqar.Queue
	ids      []string
	claim    *zaqar.Claim
	message  *zaqar.Message
	metadata *zaqar.Metadata
	sub      *zaqar.Subscription
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	_, client := clienttest.InMemory(t, zaqar.WithAsync(3))
	s := &fixture{client: client, queue: client.Queue("wot")}
	ctx := t.Context()
	if _, err := s.queue.Post(ctx, "claimed"); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.claim, err = s.queue.Claim(ctx); err != nil || s.claim.Empty() {
		t.Fatal(s.claim, err)
	}
	s.message = s.claim.Messages()[0]
	if s.ids, err = s.queue.Post(ctx, "first", "second"); err != nil {
		t.Fatal(err)
	}
	if s.metadata, err = s.queue.Metadata(ctx); err != nil {
		t.Fatal(err)
	}
	if s.sub, err = s.queue.CreateSubscription(ctx, zaqar.SubscriptionConfig{Subscriber: webhookURL}); err != nil {
		t.Fatal(err)
	}
	return s
}

// value turns a call that returns a value into a row of asyncCalls, and only one that
// returns just an error.
func value[T any](call func(context.Context, *fixture) (T, error)) func(context.Context, *fixture) error {
	return func(ctx context.Context, s *fixture) error {
		f := zaqar.Async(ctx, s.client, func(ctx context.Context) (T, error) { return call(ctx, s) })
		<-f.Done()
		_, err := f.Wait(ctx)
		return errors.Join(err, f.Err())
	}
}

func only(call func(context.Context, *fixture) error) func(context.Context, *fixture) error {
	return value(func(ctx context.Context, s *fixture) (struct{}, error) { return struct{}{}, call(ctx, s) })
}

// asyncCalls holds a call of every method that takes a context, by its name.
var asyncCalls = map[string]func(context.Context, *fixture) error{
	"Client.CountQueues": value(func(ctx context.Context, s *fixture) (int, error) {
		n, _, err := s.client.CountQueues(ctx)
		return n, err
	}),
	"Client.CreateQueue": value(func(ctx context.Context, s *fixture) (*zaqar.Queue, error) {
		return s.client.CreateQueue(ctx, "another")
	}),
	"Client.Health": value(func(ctx context.Context, s *fixture) (zaqar.Health, error) {
		health, err := s.client.Health(ctx)
		if errors.Is(err, zaqar.ErrForbidden) { // this user is no administrator
			err = nil
		}
		return health, err
	}),
	"Client.Home": value(func(ctx context.Context, s *fixture) (*zaqar.HomeDoc, error) { return s.client.Home(ctx) }),
	"Client.Ping": only(func(ctx context.Context, s *fixture) error { return s.client.Ping(ctx) }),
	"Client.Queues": value(func(ctx context.Context, s *fixture) ([]*zaqar.Queue, error) {
		return zaqar.Collect(s.client.Queues(ctx))
	}),

	"Queue.Claim": value(func(ctx context.Context, s *fixture) (*zaqar.Claim, error) { return s.queue.Claim(ctx) }),
	"Queue.ClaimByID": value(func(ctx context.Context, s *fixture) (*zaqar.Claim, error) {
		return s.queue.ClaimByID(ctx, s.claim.ID())
	}),
	"Queue.CreateSubscription": value(func(ctx context.Context, s *fixture) (*zaqar.Subscription, error) {
		return s.queue.CreateSubscription(ctx, zaqar.SubscriptionConfig{Subscriber: webhookURL + "/another"})
	}),
	"Queue.Delete":         only(func(ctx context.Context, s *fixture) error { return s.queue.Delete(ctx) }),
	"Queue.DeleteMessage":  only(func(ctx context.Context, s *fixture) error { return s.queue.DeleteMessage(ctx, s.ids[0]) }),
	"Queue.DeleteMessages": only(func(ctx context.Context, s *fixture) error { return s.queue.DeleteMessages(ctx, s.ids) }),
	"Queue.Exists":         value(func(ctx context.Context, s *fixture) (bool, error) { return s.queue.Exists(ctx) }),
	"Queue.Message":        value(func(ctx context.Context, s *fixture) (*zaqar.Message, error) { return s.queue.Message(ctx, s.ids[0]) }),
	"Queue.Messages": value(func(ctx context.Context, s *fixture) ([]*zaqar.Message, error) {
		return zaqar.Collect(s.queue.Messages(ctx))
	}),
	"Queue.Metadata": value(func(ctx context.Context, s *fixture) (*zaqar.Metadata, error) { return s.queue.Metadata(ctx) }),
	"Queue.Pop":      value(func(ctx context.Context, s *fixture) ([]*zaqar.Message, error) { return s.queue.Pop(ctx, 2) }),
	"Queue.Post":     value(func(ctx context.Context, s *fixture) ([]string, error) { return s.queue.Post(ctx, 1, 2, 3) }),
	"Queue.PostMany": value(func(ctx context.Context, s *fixture) ([]string, error) {
		return s.queue.PostMany(ctx, []zaqar.Outgoing{{Body: 1}})
	}),
	"Queue.Purge":    only(func(ctx context.Context, s *fixture) error { return s.queue.Purge(ctx) }),
	"Queue.PurgeAll": only(func(ctx context.Context, s *fixture) error { return s.queue.PurgeAll(ctx) }),
	"Queue.Share": value(func(ctx context.Context, s *fixture) (auth.SignedURL, error) {
		signed, err := s.queue.Share(ctx, zaqar.ShareConfig{})
		if errors.Is(err, zaqar.ErrInvalid) { // this server has no key to sign with
			err = nil
		}
		return signed, err
	}),
	"Queue.Stats": value(func(ctx context.Context, s *fixture) (zaqar.Stats, error) { return s.queue.Stats(ctx) }),

	"Queue.Subscription": value(func(ctx context.Context, s *fixture) (*zaqar.Subscription, error) {
		return s.queue.Subscription(ctx, s.sub.ID())
	}),
	"Queue.Subscriptions": value(func(ctx context.Context, s *fixture) ([]*zaqar.Subscription, error) {
		return zaqar.Collect(s.queue.Subscriptions(ctx))
	}),

	"Subscription.Confirm": only(func(ctx context.Context, s *fixture) error { return s.sub.Confirm(ctx, true) }),
	"Subscription.Delete":  only(func(ctx context.Context, s *fixture) error { return s.sub.Delete(ctx) }),
	"Subscription.Reload":  only(func(ctx context.Context, s *fixture) error { return s.sub.Reload(ctx) }),
	"Subscription.Update":  only(func(ctx context.Context, s *fixture) error { return s.sub.Update(ctx, zaqar.TTL(time.Hour)) }),

	"Message.Delete": only(func(ctx context.Context, s *fixture) error { return s.message.Delete(ctx) }),
	"Message.Reload": only(func(ctx context.Context, s *fixture) error { return s.message.Reload(ctx) }),
	"Message.Status": value(func(ctx context.Context, s *fixture) (zaqar.Status, error) { return s.message.Status(ctx) }),

	"Claim.Release": only(func(ctx context.Context, s *fixture) error { return s.claim.Release(ctx) }),
	"Claim.Reload":  only(func(ctx context.Context, s *fixture) error { return s.claim.Reload(ctx) }),
	"Claim.Update":  only(func(ctx context.Context, s *fixture) error { return s.claim.Update(ctx) }),

	"Client.Shutdown": only(func(ctx context.Context, s *fixture) error { return s.client.Shutdown(ctx) }),
	"Metadata.Reload": only(func(ctx context.Context, s *fixture) error { return s.metadata.Reload(ctx) }),
	"Metadata.Remove": only(func(ctx context.Context, s *fixture) error {
		return errors.Join(s.metadata.Set(ctx, "colour", "red"), s.metadata.Remove(ctx, "colour"))
	}),
	"Metadata.Set": only(func(ctx context.Context, s *fixture) error { return s.metadata.Set(ctx, "colour", "red") }),
	"Metadata.Update": only(func(ctx context.Context, s *fixture) error {
		return s.metadata.Update(ctx, map[string]any{"colour": "red"})
	}),
}

func TestEveryMethodCanRunWithoutItsCaller(t *testing.T) {
	t.Parallel()
	for name, call := range asyncCalls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := call(t.Context(), newFixture(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNoMethodThatDoesIOIsForgotten(t *testing.T) {
	t.Parallel()
	takesContext := reflect.TypeFor[context.Context]()
	var want []string
	for _, noun := range []reflect.Type{
		reflect.TypeFor[*zaqar.Client](), reflect.TypeFor[*zaqar.Queue](), reflect.TypeFor[*zaqar.Message](),
		reflect.TypeFor[*zaqar.Claim](), reflect.TypeFor[*zaqar.Metadata](),
		reflect.TypeFor[*zaqar.Subscription](),
	} {
		for method := range noun.Methods() {
			if method.Type.NumIn() > 1 && method.Type.In(1) == takesContext {
				want = append(want, noun.Elem().Name()+"."+method.Name)
			}
		}
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(asyncCalls)); !slices.Equal(got, want) {
		t.Errorf("the calls are of\n%q, the methods that do I/O are\n%q", got, want)
	}
}
