package consumer_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAMessageThatComesAgainWhileItIsAtWorkIsNotHandledTwice(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		var handled seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 2}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			time.Sleep(5 * time.Minute)
			return nil
		})
		synctest.Wait()
		releaseBehind(t, srv, q) // the other worker's claim takes it
		time.Sleep(10 * time.Minute)
		r.stop()
		handled.once(t, 1)
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Duplicates != 1 || s.Handled != 1 || s.Lost != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestAHandledMessageThatNobodyElseClaimedIsDeletedAfterItsClaim(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		c := q.Consumer(zaqar.ConsumerConfig{})
		d, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		releaseBehind(t, srv, q)
		if err := d.Done(t.Context()); err != nil {
			t.Error(err)
		}
		clienttest.Stored(t, srv, "wot", 0)
		if s := c.Stats(); s.Rescued != 1 || s.Handled != 1 {
			t.Errorf("the counters are %+v", s)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAFinishedMessageThatComesAgainIsOnlyDeleted(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Status: 403, Body: otherClaim, Times: 3}) // as if somebody had claimed it
		var handled seen
		r := run(t, q, zaqar.ConsumerConfig{TTL: time.Minute}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			return nil
		})
		time.Sleep(5 * time.Minute)
		r.stop()
		handled.once(t, 1)
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Lost != 1 || s.Duplicates != 1 || s.Handled != 1 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestAClaimThatStealsDuringTheDeletionIsFoundOut(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		// The deletions with the first claim and without a claim are refused, while the other
		// worker's claim takes the message.
		srv.Inject(zaqartest.Fault{Kind: "message_delete", Status: 403, Body: otherClaim, Delay: 10 * time.Second, Times: 2})
		var handled seen
		r := run(t, q, zaqar.ConsumerConfig{Workers: 2}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			return nil
		})
		time.Sleep(time.Second)
		releaseBehind(t, srv, q)
		time.Sleep(time.Minute)
		r.stop()
		handled.once(t, 1)
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Duplicates != 1 || s.Handled != 1 || s.Lost != 0 {
			t.Errorf("the counters are %+v", s)
		}
	})
}

func TestAClaimThatStillBringsWhatWasDeletedIsNotHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const id = "50b68a50d6f5b8c8a7c62b01"
		claims := 0
		redis := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
			if req.Op != "claim_create" {
				return &transport.Response{Status: 204, Header: http.Header{}}, nil
			}
			if claims++; claims > 2 {
				return &transport.Response{Status: 204, Header: http.Header{}}, nil
			}
			// The server selected the messages of the second claim before the deletion.
			return &transport.Response{
				Status: 201, Header: http.Header{"Location": {fmt.Sprintf("/v2/queues/wot/claims/%d", claims)}},
				Body: fmt.Appendf(nil, `{"messages":[{"body":1,"ttl":3600,"age":0,"href":"/v2/queues/wot/messages/%s?claim_id=%d","id":%q}]}`, id, claims, id),
			}, nil
		}}
		client := clienttest.Over(t, redis)
		var handled seen
		r := run(t, client.Queue("wot"), zaqar.ConsumerConfig{Workers: 1}, func(_ context.Context, m *zaqar.Message) error {
			handled.add(m)
			return nil
		})
		time.Sleep(time.Minute)
		r.stop()
		handled.once(t, 1)
		if s := r.Stats(); s.Claims != 2 || s.Duplicates != 1 || s.Handled != 1 {
			t.Errorf("the counters are %+v", s)
		}
		_ = client.Close()
	})
}

func TestWhatAStealTakesOutOfAClaimGoesOnInTheNext(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 3) // 0 fails and awaits its release, 1 is running, 2 waits for its back-off
		var handled seen
		config := zaqar.ConsumerConfig{Workers: 4, ClaimSize: 20, TTL: time.Minute, OnFailure: zaqar.GiveBack}
		r := run(t, q, config, func(ctx context.Context, m *zaqar.Message) error {
			n := handled.add(m)
			switch string(m.Body()) {
			case "0":
				if n == 1 {
					return zaqar.RetryAfter(0, errBroken)
				}
				if zaqar.Attempt(ctx) != 2 {
					t.Errorf("this is attempt %d", zaqar.Attempt(ctx))
				}
			case "1":
				time.Sleep(5 * time.Minute)
			case "2":
				if n == 1 {
					return zaqar.RetryAfter(110*time.Second, errBroken)
				}
			}
			return nil
		})
		synctest.Wait()
		if s := r.Stats(); s.Waiting != 2 || s.Running != 1 {
			t.Fatalf("the counters are %+v", s)
		}
		releaseBehind(t, srv, q)
		time.Sleep(10 * time.Minute)
		r.stop()
		clienttest.Stored(t, srv, "wot", 0)
		if s := r.Stats(); s.Duplicates < 3 || s.Handled != 3 || s.Failed != 2 || s.Lost+s.LostClaims != 0 {
			t.Errorf("the counters are %+v", s)
		}
		if handled.counts["0"] != 2 || handled.counts["1"] != 1 || handled.counts["2"] != 2 {
			t.Errorf("the attempts were %v", handled.counts)
		}
	})
}
