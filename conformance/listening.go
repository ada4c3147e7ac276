package conformance

import (
	"context"
	"slices"
	"testing"

	"github.com/zaqar-go/zaqar"
)

var listening = []behaviour{
	{"everyone who listens sees every message in order, one's own and claimed ones too", func(t *testing.T, s *suite) {
		client := s.client(t)
		first, second := s.queueOf(t, client), s.queueOf(t, client)
		want := append(post(t, first, numbered(45)...), post(t, second, numbered(3)...)...)
		claim(t, first, zaqar.Limit(10))
		for _, client := range []*zaqar.Client{client, s.client(t)} {
			sub := client.Subscriber(zaqar.SubscriberConfig{})
			if err := sub.Subscribe(first.Name(), second.Name()); err != nil {
				t.Fatal(err)
			}
			got := hear(t, sub, len(want))
			slices.SortStableFunc(got, func(a, b *zaqar.Message) int {
				return slices.Index([]string{first.Name(), second.Name()}, a.Queue().Name()) -
					slices.Index([]string{first.Name(), second.Name()}, b.Queue().Name())
			})
			if got := ids(got); !slices.Equal(got, want) {
				t.Errorf("heard %v, want %v", got, want)
			}
		}
	}},
	{"a subscriber hears of a queue that is made later", func(t *testing.T, s *suite) {
		client := s.client(t)
		q := s.absent(t, client)
		sub := client.Subscriber(zaqar.SubscriberConfig{})
		if err := sub.Subscribe(q.Name()); err != nil {
			t.Fatal(err)
		}
		made := zaqar.Async(t.Context(), client, func(ctx context.Context) ([]string, error) {
			if _, err := client.CreateQueue(ctx, q.Name()); err != nil {
				return nil, err
			}
			return q.Post(ctx, "first")
		})
		got := ids(hear(t, sub, 1))
		if want, err := made.Wait(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("heard %v, want %v, %v", got, want, err)
		}
	}},
	{"a subscriber goes on from a saved position", func(t *testing.T, s *suite) {
		client := s.client(t)
		q := s.queueOf(t, client)
		want := post(t, q, numbered(50)...)
		var at zaqar.Position
		var got []string
		for _, n := range []int{1, 19, 7, 20, 3} { // each program ends after n messages
			sub := client.Subscriber(zaqar.SubscriberConfig{})
			if err := sub.SubscribeAt(q.Name(), at); err != nil {
				t.Fatal(err)
			}
			got = append(got, ids(hear(t, sub, n))...)
			if err := at.UnmarshalText([]byte(sub.Position(q.Name()).String())); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("heard %v, want %v", got, want)
		}
	}},
	{"a subscriber hears nothing twice when what marks its place is deleted", func(t *testing.T, s *suite) {
		client := s.client(t)
		q := s.queueOf(t, client)
		sub := client.Subscriber(zaqar.SubscriberConfig{})
		if err := sub.Subscribe(q.Name()); err != nil {
			t.Fatal(err)
		}
		want := post(t, q, numbered(60)...)
		got := ids(hear(t, sub, 60))
		if err := q.DeleteMessages(t.Context(), want[30:60]); err != nil {
			t.Fatal(err)
		}
		want = append(want, post(t, q, numbered(30)...)...)
		got = append(got, ids(hear(t, sub, 30))...)
		if !slices.Equal(got, want) {
			t.Errorf("heard %v, want %v", got, want)
		}
	}},
}

// hear returns the next n messages of a subscriber.
func hear(t *testing.T, sub *zaqar.Subscriber, n int) []*zaqar.Message {
	t.Helper()
	var heard []*zaqar.Message
	for m, err := range sub.Listen(t.Context()) {
		if err != nil {
			t.Fatalf("after %d messages: %v", len(heard), err)
		}
		if heard = append(heard, m); len(heard) == n {
			break
		}
	}
	return heard
}
