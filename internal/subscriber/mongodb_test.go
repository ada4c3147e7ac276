package subscriber_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// onMongoDB runs a test on driven time, with a client of a server on MongoDB.
func onMongoDB(t *testing.T, over func(*clienttest.MongoDB) transport.Transport, test func(*testing.T, *clienttest.MongoDB, *zaqar.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := clienttest.NewMongoDB()
		client := clienttest.Over(t, over(store))
		test(t, store, client)
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
}

func socketAlone(store *clienttest.MongoDB) transport.Transport {
	return &clienttest.Scripted{Answer: store.Socket}
}

// besideHTTP are the transports over which everything can be listed.
var besideHTTP = []func(*clienttest.MongoDB) transport.Transport{
	func(store *clienttest.MongoDB) transport.Transport { return &clienttest.Scripted{Answer: store.HTTP} },
	func(store *clienttest.MongoDB) transport.Transport {
		return transport.Fallback(&clienttest.Scripted{Answer: store.Socket}, &clienttest.Scripted{Answer: store.HTTP})
	},
}

func TestOnMongoDBEveryMessageIsHeardOnceAndInOrder(t *testing.T) {
	t.Parallel()
	for _, over := range besideHTTP {
		onMongoDB(t, over, func(t *testing.T, store *clienttest.MongoDB, client *zaqar.Client) {
			store.Post(45)
			r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "q"))
			for range 30 {
				time.Sleep(3 * time.Minute) // so that it looks at the head of the queue, too
				store.Remove(store.Post(1)...)
				store.Post(2)
			}
			time.Sleep(time.Minute)
			want := upTo(0, 45)
			for i := range 30 {
				want = append(want, 45+3*i+1, 45+3*i+2)
			}
			if got := r.Of("q"); !slices.Equal(got, want) || r.Err() != nil {
				t.Errorf("it received %v, %v", got, r.Err())
			}
			r.Stop()
		})
	}
}

func TestOnMongoDBASubscriberGoesOnFromAPositionThatHasAnIDForAMarker(t *testing.T) {
	t.Parallel()
	for _, over := range besideHTTP {
		onMongoDB(t, over, func(t *testing.T, store *clienttest.MongoDB, client *zaqar.Client) {
			ids := store.Post(60)
			time.Sleep(10 * time.Minute)
			var at zaqar.Position
			text := fmt.Sprintf("2;;%d;;%s;%s", time.Now().Add(-9*time.Minute).UnixMilli(), ids[29], strings.Join(ids[:30], ","))
			if err := at.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
			sub := client.Subscriber(zaqar.SubscriberConfig{})
			if err := sub.SubscribeAt("q", at); err != nil {
				t.Fatal(err)
			}
			r := clienttest.Receive(t.Context(), sub)
			time.Sleep(10 * time.Minute)
			store.Post(5)
			time.Sleep(time.Minute)
			if got := r.Of("q"); !slices.Equal(got, upTo(30, 65)) || r.Err() != nil {
				t.Errorf("it received %v, %v", got, r.Err())
			}
			r.Stop()
		})
	}
}

func TestOnMongoDBASubscriberOverTheWebSocketAloneEndsAtAFullPageWithAnError(t *testing.T) {
	t.Parallel()
	onMongoDB(t, socketAlone, func(t *testing.T, store *clienttest.MongoDB, client *zaqar.Client) {
		sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "q")
		r := clienttest.Receive(t.Context(), sub)
		handled := store.Post(15)
		time.Sleep(time.Minute)
		store.Remove(handled[:10]...)
		store.Post(14)
		time.Sleep(10 * time.Minute)
		if got := r.Of("q"); !slices.Equal(got, upTo(0, 29)) || r.Err() != nil {
			t.Errorf("of 29 messages, and never 20 at once, it received %v, %v", got, r.Err())
		}
		store.Post(20)
		time.Sleep(10 * time.Minute)
		r.Stop()
		if got := r.Of("q"); !slices.Equal(got, upTo(0, 30)) {
			t.Errorf("it received %v", got)
		}
		if err := r.Err(); !errors.Is(err, zaqar.ErrUnsupported) || !strings.Contains(err.Error(), "WithWebSocket") {
			t.Errorf("it ended with %v", err)
		}
	})
}

func TestOnMongoDBASubscriberFromNowHearsWhatComesOverTheWebSocketAlone(t *testing.T) {
	t.Parallel()
	onMongoDB(t, socketAlone, func(t *testing.T, store *clienttest.MongoDB, client *zaqar.Client) {
		store.Post(10)
		time.Sleep(time.Minute)
		sub := client.Subscriber(zaqar.SubscriberConfig{})
		if err := sub.SubscribeAt("q", zaqar.FromNow()); err != nil {
			t.Fatal(err)
		}
		r := clienttest.Receive(t.Context(), sub)
		time.Sleep(time.Minute)
		store.Post(9)
		time.Sleep(time.Minute)
		if got := r.Of("q"); !slices.Equal(got, upTo(10, 19)) || r.Err() != nil {
			t.Errorf("it received %v, %v", got, r.Err())
		}
		r.Stop()
	})
}
