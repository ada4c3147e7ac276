package subscriber_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// saved writes a position as text and reads it again, as a restarted program does.
func saved(t *testing.T, p zaqar.Position) zaqar.Position {
	t.Helper()
	text, err := p.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var read zaqar.Position
	if err := read.UnmarshalText(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(text) > 4096 {
		t.Errorf("the position has %d bytes", len(text))
	}
	return read
}

func TestAPositionSavedAfterEachMessageMissesAndRepeatsNone(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("a"), upTo(0, 50)...)
		var at zaqar.Position
		var got []int
		for len(got) < 50 { // a program that ends after every seven messages
			sub := client.Subscriber(zaqar.SubscriberConfig{})
			if err := sub.SubscribeAt("a", at); err != nil {
				t.Fatal(err)
			}
			n := 0
			for msg, err := range sub.Listen(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				var body int
				if err := msg.Decode(&body); err != nil {
					t.Fatal(err)
				}
				got = append(got, body)
				at = saved(t, sub.Position("a"))
				if n++; n == 7 || len(got) == 50 {
					break
				}
			}
		}
		if !slices.Equal(got, upTo(0, 50)) {
			t.Errorf("it received %v", got)
		}
		if other := client.Subscriber(zaqar.SubscriberConfig{}).Position("a"); !other.IsZero() || at.IsZero() {
			t.Errorf("the position of no channel is %v, of one %v", other, at)
		}
	})
}

func TestEveryPositionThatWasWrittenCanBeRead(t *testing.T) {
	t.Parallel()
	for _, size := range []zaqar.PageSize{2, 20, 1000} {
		synctest.Test(t, func(t *testing.T) {
			r := clienttest.NewRedis()
			var ids []string // as long as servers make them
			for i := range 3 * int(size) {
				ids = append(ids, fmt.Sprintf("50b68a50-d6f5-b8c8-a7c6-%012d", i))
			}
			r.Post(ids...)
			client := clienttest.Over(t, &clienttest.Scripted{Answer: r.Answer})
			sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{PageSize: size}), "q")
			if got := receive(t, sub, func() { time.Sleep(20 * time.Second) }); !slices.Equal(got, ids) {
				t.Errorf("with pages of %d it received %d of %d", size, len(got), len(ids))
			}
			var read zaqar.Position
			if err := read.UnmarshalText([]byte(sub.Position("q").String())); err != nil || read.String() != sub.Position("q").String() {
				t.Errorf("with pages of %d: %v", size, err)
			}
		})
	}
}

func TestAPositionOutlivesItsMarker(t *testing.T) {
	t.Parallel()
	for _, gone := range [][2]int{
		{999, 1000},          // the marker's message
		{700, 1000},          // and all whose ids are in the position
		{0, 1000}, {0, 1100}, // everything before it, and more
		{1000, 1030}, // what follows it
		{0, 0},
	} {
		onRedis(t, zaqar.SubscriberConfig{}, func(t *testing.T, r *clienttest.Redis, sub *zaqar.Subscriber) {
			r.Post(clienttest.MessageIDs(0, 600)...)
			time.Sleep(10 * time.Minute)
			r.Post(clienttest.MessageIDs(600, 1000)...)
			if got := receive(t, sub, func() { time.Sleep(time.Minute) }); len(got) != 1000 {
				t.Fatalf("it received %d", len(got))
			}
			at := saved(t, sub.Position("q"))
			time.Sleep(10 * time.Minute)
			r.Post(clienttest.MessageIDs(1000, 1200)...)
			r.Remove(clienttest.MessageIDs(gone[0], gone[1])...)
			want := clienttest.MessageIDs(max(1000, gone[1]), 1200)

			if err := sub.SubscribeAt("q", at); err != nil {
				t.Fatal(err)
			}
			got := receive(t, sub, func() { time.Sleep(time.Minute) })
			if !slices.Contains([]int{700}, gone[0]) && !slices.Equal(got, want) {
				t.Errorf("without %v it received %d, from %.20q on, want %d", gone, len(got), got, len(want))
			}
			// If no known message is left, those of the last minute can come again.
			if tail := got[max(0, len(got)-200):]; !slices.Equal(tail, clienttest.MessageIDs(1200-len(want), 1200)[len(want)-len(tail):]) {
				t.Errorf("without %v it received %d, and at last %.20q", gone, len(got), tail)
			}
			if extra := len(got) - len(want); gone[0] == 700 && (extra < 0 || got[0] < "m00600") {
				t.Errorf("without %v it received %d, from %s on", gone, len(got), got[0])
			}
		})
	}
}

func TestFromNowLeavesOutWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V2} {
		clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("a")
			post(t, q, upTo(0, 100)...)
			time.Sleep(10 * time.Second)
			sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{Start: zaqar.FromNow()}), "a", "none")
			post(t, q, upTo(100, 110)...) // after the subscription, but before anyone listens
			time.Sleep(time.Minute)
			r := clienttest.Receive(t.Context(), sub)
			time.Sleep(time.Minute)
			post(t, q, upTo(110, 120)...)
			time.Sleep(time.Minute)
			r.Stop()
			if got := r.Of("a"); !slices.Equal(got, upTo(100, 120)) {
				t.Errorf("%s: it received %v", version, got)
			}
			// The position of an empty queue keeps the time of the subscription.
			other := client.Subscriber(zaqar.SubscriberConfig{})
			at := saved(t, sub.Position("none"))
			post(t, client.Queue("none"), 7)
			if err := other.SubscribeAt("none", at); err != nil {
				t.Fatal(err)
			}
			if err := other.SubscribeAt("a", saved(t, zaqar.FromNow())); err != nil {
				t.Fatal(err)
			}
			r = clienttest.Receive(t.Context(), other)
			time.Sleep(time.Minute)
			r.Stop()
			if got := append(r.Of("a"), r.Of("none")...); !slices.Equal(got, []int{7}) {
				t.Errorf("%s: then it received %v", version, got)
			}
		}, zaqar.WithVersion(version))
	}
}

func TestSubscribingAtAPlaceMovesThere(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		post(t, client.Queue("a"), 1, 2)
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a")
		r := clienttest.Receive(t.Context(), sub)
		defer r.Stop()
		time.Sleep(time.Minute)
		if err := sub.SubscribeAt("a", zaqar.Position{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := r.Of("a"); !slices.Equal(got, []int{1, 2, 1, 2}) {
			t.Errorf("it received %v", got)
		}
		if n := sub.Stats().Delivered; n != 4 {
			t.Errorf("%d were counted", n)
		}
	})
}
