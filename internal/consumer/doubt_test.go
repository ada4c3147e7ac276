package consumer_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// crashed is a queue with four old messages, which a consumer had claimed when it crashed,
// and thousands of newer ones. Their ids are like those of Redis.
type crashed struct {
	*testing.T
	srv   *zaqartest.Server
	q     *zaqar.Queue
	ended time.Time // when the old messages become free
}

const (
	oldMessages = 4
	allMessages = oldMessages + 5000
)

func onCrashed(t *testing.T, test func(c crashed)) {
	t.Helper()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		c := crashed{T: t, srv: srv, q: client.Queue("wot")}
		c.post(0, oldMessages)
		if _, err := c.q.Claim(t.Context(), zaqar.Limit(oldMessages), zaqar.TTL(90*time.Second)); err != nil {
			t.Fatal(err)
		}
		c.ended = time.Now().Add(90 * time.Second)
		for next := oldMessages; next < allMessages; next += 1000 {
			time.Sleep(6 * time.Second)
			c.post(next, next+1000)
		}
		slowClaims(srv)
		test(c)
	})
}

func (c crashed) post(from, to int) {
	c.Helper()
	var bodies []zaqar.Outgoing
	for n := from; n < to; n++ {
		bodies = append(bodies, zaqar.Outgoing{Body: n})
	}
	for batch := range slices.Chunk(bodies, 500) {
		if _, err := c.q.PostMany(c.Context(), batch); err != nil {
			c.Fatal(err)
		}
	}
}

func (c crashed) untilFree() { time.Sleep(time.Until(c.ended)) }

// consume runs a consumer with claims of up to 20.
func (c crashed) consume(handled *seen) *running {
	config := adaptive
	config.Workers = 1
	return run(c.T, c.q, config, func(_ context.Context, m *zaqar.Message) error {
		time.Sleep(30 * time.Millisecond)
		handled.add(m)
		return nil
	})
}

func TestWhatACrashHasFreedIsHandledAfterAWait(t *testing.T) {
	t.Parallel()
	onCrashed(t, func(c crashed) {
		var handled seen
		r := c.consume(&handled)
		c.untilFree()
		time.Sleep(5 * time.Second)
		old := func() (n int) {
			handled.mu.Lock()
			defer handled.mu.Unlock()
			for i := range oldMessages {
				n += handled.counts[strconv.Itoa(i)]
			}
			return n
		}
		if n := old(); n != 1 {
			t.Errorf("after 5 seconds %d of the old messages are handled, want the first", n)
		}
		time.Sleep(10 * time.Second)
		if n := old(); n != oldMessages {
			t.Errorf("after 15 seconds %d of the old messages are handled", n)
		}
		r.stop()
	})
}

func TestDoubtfulMessagesThatCannotBeLookedUpAreHandled(t *testing.T) {
	t.Parallel()
	onCrashed(t, func(c crashed) {
		c.srv.Inject(zaqartest.Fault{Kind: "message_get_many", Status: http.StatusServiceUnavailable, Times: -1})
		var handled seen
		r := c.consume(&handled)
		time.Sleep(5 * time.Minute)
		r.stop()
		handled.once(t, allMessages)
	})
}

func TestDoubtfulMessagesAreGivenBackAtAStop(t *testing.T) {
	t.Parallel()
	onCrashed(t, func(c crashed) {
		var handled seen
		r := c.consume(&handled)
		c.untilFree()
		time.Sleep(2 * time.Second)
		r.stop()
		if s := r.Stats(); s.GivenBack < oldMessages-1 || s.Waiting != 0 {
			t.Errorf("the counters are %+v", s)
		}
		next := c.consume(&handled)
		time.Sleep(5 * time.Minute)
		next.stop()
		handled.once(t, allMessages)
		clienttest.Stored(t, c.srv, "wot", 0)
	})
}
