package consumer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestDeliveriesAreSettledByTheirTaker(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 5)
		c := q.Consumer(zaqar.ConsumerConfig{ClaimSize: 5, TTL: time.Minute})
		first, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rest, err := c.Fetch(t.Context(), 20)
		if err != nil || len(rest) != 4 {
			t.Fatalf("%d more deliveries, %v", len(rest), err)
		}
		time.Sleep(10 * time.Minute) // the claim is extended
		for range 2 {
			if err := first.Done(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if first.Context().Err() == nil {
			t.Error("the message is settled, but its context has not ended")
		}
		clienttest.Stored(t, srv, "wot", 4)
		if err := rest[0].Fail(t.Context(), nil); err != nil {
			t.Error(err)
		}
		for _, d := range rest[1:] {
			if err := d.Done(t.Context()); err != nil || d.Attempt() != 1 {
				t.Error(err)
			}
		}
		again, err := c.Next(t.Context())
		if err != nil || again.Attempt() != 2 || again.Message().ID() != rest[0].Message().ID() {
			t.Fatalf("%v, %v", again, err)
		}
		if err := again.Done(t.Context()); err != nil {
			t.Error(err)
		}
		clienttest.Stored(t, srv, "wot", 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next returned %v", err)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := c.Next(t.Context()); !errors.Is(err, zaqar.ErrClosed) {
			t.Errorf("Next returned %v", err)
		}
	})
}

func TestDoneCanBeTriedAgainWhenItsContextEnded(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		c := q.Consumer(zaqar.ConsumerConfig{})
		d, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Delay: time.Minute, Times: -1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Done(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Done returned %v", err)
		}
		srv.ClearFaults()
		if err := d.Done(t.Context()); err != nil {
			t.Error(err)
		}
		clienttest.Stored(t, srv, "wot", 0)
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAHardStopTakesDeliveriesBack(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		c := q.Consumer(zaqar.ConsumerConfig{})
		d, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Stop(ctx); !errors.Is(err, zaqar.ErrStopped) || !strings.HasSuffix(err.Error(), "with 1 message in progress") {
			t.Errorf("Stop returned %v", err)
		}
		if cause := context.Cause(d.Context()); !errors.Is(cause, zaqar.ErrStopped) {
			t.Errorf("the cause is %v", cause)
		}
		if err := d.Done(t.Context()); !errors.Is(err, zaqar.ErrClaimLost) || !errors.Is(err, zaqar.ErrStopped) {
			t.Errorf("Done returned %v", err)
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 1)); n != 0 {
			t.Error("the message is still claimed")
		}
	})
}
