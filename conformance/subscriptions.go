package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

// nobody is a subscriber that does not answer.
const nobody = "http://127.0.0.1:9/nobody"

var subscriptions = []behaviour{
	{"a new subscription is as it was asked for", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		want := zaqar.SubscriptionOptions{
			RetryPolicy: zaqar.RetryPolicy{RetriesWithNoDelay: 1, MinimumDelay: 5 * time.Second, MaximumDelay: time.Minute, Backoff: "linear"},
			PostData:    `{"text":` + zaqar.MessagePlaceholder + `}`, PostHeaders: map[string]string{"X-From": "zaqar"},
			Extra: map[string]any{"own": "x"},
		}
		made := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: nobody, TTL: 2 * time.Minute, Options: want})
		if !made.Created() || made.ID() == "" || made.Confirmed() || made.Href() != q.Href()+"/subscriptions/"+made.ID() {
			t.Errorf("made %v, created %v, confirmed %v, at %s", made, made.Created(), made.Confirmed(), made.Href())
		}
		read, err := q.Subscription(t.Context(), made.ID())
		if err != nil {
			t.Fatal(err)
		}
		if read.Subscriber() != nobody || read.TTL() != 2*time.Minute || read.Age() > time.Minute || read.Created() {
			t.Errorf("read %s, TTL %v, age %v, created %v", read.Subscriber(), read.TTL(), read.Age(), read.Created())
		}
		if got := read.Options(); !reflect.DeepEqual(got, want) {
			t.Errorf("its options are %v", got)
		}
	}},
	{"a subscription has the server's TTL unless told", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		made := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: nobody})
		if !made.Created() || made.TTL() != time.Hour || !reflect.DeepEqual(made.Options(), zaqar.SubscriptionOptions{}) {
			t.Errorf("created %v, TTL %v, options %v", made.Created(), made.TTL(), made.Options())
		}
		if exists, err := q.Exists(t.Context()); !exists || err != nil {
			t.Errorf("subscribing does not create the queue: %v, %v", exists, err)
		}
	}},
	{"subscribing again before a confirmation finds the same subscription", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		config := zaqar.SubscriptionConfig{Subscriber: nobody, TTL: 2 * time.Minute}
		first := subscribe(t, q, config)
		s.Wait(2 * time.Second)
		again, err := q.CreateSubscription(t.Context(), config)
		if err != nil || again.Created() || again.ID() != first.ID() {
			t.Fatalf("%v, created %v, %v; the first is %v", again, again.Created(), err, first)
		}
		config.TTL = time.Hour
		again, err = q.CreateSubscription(t.Context(), config)
		matches(t, err, zaqar.ErrExists)
		if again == nil || again.ID() != first.ID() || again.TTL() != 2*time.Minute || again.Created() {
			t.Errorf("with another TTL: %v", again)
		}
	}},
	{"subscribing again after a confirmation is a conflict that names the subscription", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		config := zaqar.SubscriptionConfig{Subscriber: nobody}
		first := subscribe(t, q, config)
		if err := first.Confirm(t.Context(), true); err != nil || !first.Confirmed() {
			t.Fatal(first.Confirmed(), err)
		}
		again, err := q.CreateSubscription(t.Context(), config)
		matches(t, err, zaqar.ErrExists)
		matches(t, err, zaqar.ErrConflict)
		if again == nil || again.ID() != first.ID() || !again.Confirmed() || again.Created() {
			t.Errorf("found %v", again)
		}
		if err := first.Confirm(t.Context(), false); err != nil || first.Confirmed() {
			t.Fatal(first.Confirmed(), err)
		}
		if err := again.Reload(t.Context()); err != nil || again.Confirmed() {
			t.Errorf("confirmed %v, %v", again.Confirmed(), err)
		}
	}},
	{"a subscription can be changed and is renewed by its TTL", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		sub := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: nobody, TTL: 2 * time.Minute, Options: zaqar.SubscriptionOptions{Subject: "s", From: "f"}})
		s.Wait(20 * time.Second)
		err := sub.Reload(t.Context())
		age := sub.Age()
		if err != nil || age < 19*time.Second {
			t.Errorf("the age is %v, %v", age, err)
		}
		if err := sub.Update(t.Context(), zaqar.TTL(time.Hour), zaqar.SubscriberURI(nobody+"/else")); err != nil {
			t.Fatal(err)
		}
		young := sub.Age() < age/2
		if sub.TTL() != time.Hour || young == s.differs(t, 51) || sub.Subscriber() != nobody+"/else" || sub.Options().Subject != "s" {
			t.Errorf("TTL %v, age %v, to %s, options %v", sub.TTL(), sub.Age(), sub.Subscriber(), sub.Options())
		}
		if err := sub.Update(t.Context(), zaqar.SubscriptionOptions{}); err != nil {
			t.Fatal(err)
		}
		if sub.TTL() != time.Hour || !reflect.DeepEqual(sub.Options(), zaqar.SubscriptionOptions{}) {
			t.Errorf("TTL %v, options %v", sub.TTL(), sub.Options())
		}
	}},
	{"a subscriber has one subscription to a queue", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: nobody})
		other := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: nobody + "/other"})
		matches(t, other.Update(t.Context(), zaqar.SubscriberURI(nobody)), zaqar.ErrConflict)
	}},
	{"subscriptions are listed, more than fit one page", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		var want []string
		for i := range 23 {
			want = append(want, subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: fmt.Sprintf("%s/%d", nobody, i)}).ID())
		}
		slices.Sort(want)
		for _, size := range []zaqar.PageSize{2, 7, 20} {
			if got := subscriptionIDs(all(t, q.Subscriptions(t.Context(), size))); !slices.Equal(got, want) {
				t.Errorf("by %d: %v, want %v", size, got, want)
			}
		}
		if got := subscriptionIDs(all(t, q.Subscriptions(t.Context(), zaqar.Marker(want[4]), zaqar.Limit(3)))); !slices.Equal(got, want[5:8]) {
			t.Errorf("three behind the fifth are %v", got)
		}
		if got := all(t, s.absent(t, s.client(t)).Subscriptions(t.Context())); len(got) != 0 {
			t.Errorf("a queue that does not exist has %v", got)
		}
	}},
	{"a subscription can be deleted more than once", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		sub := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: nobody})
		for range 2 {
			if err := sub.Delete(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		matches(t, sub.Reload(t.Context()), zaqar.ErrNotFound)
		matches(t, sub.Update(t.Context(), zaqar.TTL(time.Hour)), zaqar.ErrNotFound)
		matches(t, sub.Confirm(t.Context(), true), zaqar.ErrNotFound)
		if got := all(t, q.Subscriptions(t.Context())); len(got) != 0 {
			t.Errorf("left is %v", got)
		}
	}},
	{"a subscription ends with its TTL", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t, zaqar.NoRetry())) // which would pass over quirk 36
		sub := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: nobody, TTL: time.Minute})
		s.Wait(62 * time.Second)
		if s.differs(t, 47) {
			s.collected(t, func() bool { return errors.Is(sub.Reload(t.Context()), zaqar.ErrNotFound) })
		}
		if s.differs(t, 36) {
			_, err := q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: nobody})
			if s.differs(t, 43) {
				hasCode(t, err, http.StatusInternalServerError)
			} else {
				matches(t, err, zaqar.ErrUnavailable)
			}
			if !zaqar.SafeToRetry(err) {
				t.Errorf("it is not safe to ask again after %v", err)
			}
		}
		next := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: nobody})
		if !next.Created() || next.ID() == sub.ID() {
			t.Errorf("the next one is %v", next)
		}
		if err := next.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		matches(t, sub.Reload(t.Context()), zaqar.ErrNotFound)
		if got := all(t, q.Subscriptions(t.Context())); len(got) != 0 {
			t.Errorf("left is %v", got)
		}
	}},
	{"purging all leaves no subscriptions", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		for i := range 12 {
			subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: fmt.Sprintf("%s/%d", nobody, i)})
		}
		if err := q.PurgeAll(t.Context(), zaqar.SubscriptionResource); err != nil {
			t.Fatal(err)
		}
		if got := all(t, q.Subscriptions(t.Context())); len(got) != 0 {
			t.Errorf("left are %d", len(got))
		}
	}},
	{"a subscription that the server does not take is refused", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		_, err := q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: "gopher://127.0.0.1:9/"})
		if s.differs(t, 43) {
			hasCode(t, err, http.StatusInternalServerError)
			return
		}
		matches(t, err, zaqar.ErrInvalid)
	}},
}

func hasCode(t *testing.T, err error, code int) {
	t.Helper()
	if e, ok := errors.AsType[*zaqar.Error](err); !ok || e.Code != code {
		t.Errorf("the error is %v, want a %d", err, code)
	}
}

// subscribe creates a subscription that is deleted at the end of the case, because some
// servers keep it after its queue is deleted.
func subscribe(t *testing.T, q *zaqar.Queue, config zaqar.SubscriptionConfig) *zaqar.Subscription {
	t.Helper()
	sub, err := q.CreateSubscription(t.Context(), config)
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	t.Cleanup(func() {
		if err := sub.Delete(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	return sub
}

func subscriptionIDs(list []*zaqar.Subscription) []string {
	ids := make([]string, len(list))
	for i, sub := range list {
		ids[i] = sub.ID()
	}
	return ids
}
