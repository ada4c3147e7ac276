package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// listings are all listings that have pages.
var listings = map[string]func(context.Context, *zaqar.Client) iter.Seq2[any, error]{
	"queues": func(ctx context.Context, c *zaqar.Client) iter.Seq2[any, error] { return anything(c.Queues(ctx)) },
	"subscriptions": func(ctx context.Context, c *zaqar.Client) iter.Seq2[any, error] {
		return anything(c.Queue("wot").Subscriptions(ctx))
	},
	"messages": func(ctx context.Context, c *zaqar.Client) iter.Seq2[any, error] {
		return anything(c.Queue("wot").Messages(ctx))
	},
	"all messages": func(ctx context.Context, c *zaqar.Client) iter.Seq2[any, error] {
		return anything(c.Queue("wot").Messages(ctx, zaqar.IncludeClaimed(true)))
	},
}

func anything[T any](list iter.Seq2[T, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for item, err := range list {
			if !yield(item, err) {
				return
			}
		}
	}
}

// emptyPage is a page of each listing that leads on to a marker.
func emptyPage(marker string) *transport.Response {
	return &transport.Response{Status: http.StatusOK, Body: fmt.Appendf(nil,
		`{"queues":[],"messages":[],"subscriptions":[],"links":[{"rel":"next","href":"/x?marker=%s"}]}`, marker)}
}

func TestAListingOfEmptyPagesIsPacedAndObserved(t *testing.T) {
	t.Parallel()
	for name, list := range listings {
		synctest.Test(t, func(t *testing.T) {
			server, witness := &clienttest.Scripted{}, &clienttest.Witness{}
			server.Answer = func(*transport.Request) (*transport.Response, error) {
				return emptyPage(fmt.Sprint("m", server.Count())), nil
			}
			client := clienttest.Over(t, server, zaqar.WithObserver(witness))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			start := time.Now()
			_, err := zaqar.Collect(list(ctx, client))
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
				t.Errorf("%s: after %v: %v", name, time.Since(start), err)
			}
			// 100 pages at once, in up to 200 requests, and then ten requests a second.
			if n := server.Count(); n < 600 || n > 801 {
				t.Errorf("%s: %d requests in a minute", name, n)
			}
			slowed := clienttest.Saw[observe.ListingSlowed](witness)
			if len(slowed) < 3 || slowed[0].Pages != 100 || slowed[1].Pages != 200 {
				t.Errorf("%s: observed %+v", name, slowed)
			}
		})
	}
}

func TestEmptyPagesHaveNoEndByTheirNumber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &clienttest.Scripted{}
		server.Answer = func(*transport.Request) (*transport.Response, error) {
			if n := server.Count(); n <= 5000 {
				return emptyPage(fmt.Sprint("m", n)), nil
			}
			return &transport.Response{Status: 200, Body: []byte(`{"queues":[{"name":"last"}],"links":[]}`)}, nil
		}
		queues, err := zaqar.Collect(clienttest.Over(t, server).Queues(t.Context()))
		if err != nil || len(queues) != 1 {
			t.Errorf("%d queues, %v", len(queues), err)
		}
	})
}

func TestMarkersInACircleAreMalformed(t *testing.T) {
	t.Parallel()
	for name, list := range listings {
		for _, circle := range [][]string{{"a"}, {"a", "b"}, {"a", "b", "c", "d"}} {
			server := &clienttest.Scripted{}
			server.Answer = func(req *transport.Request) (*transport.Response, error) {
				at := strings.Join(circle, "")
				next := circle[(strings.Index(at, req.Query.Get("marker")+"")+1)%len(circle)]
				if req.Query.Get("marker") == "" || req.Query.Get("marker") == "-1" {
					next = circle[0]
				}
				return emptyPage(next), nil
			}
			_, err := zaqar.Collect(list(t.Context(), clienttest.Over(t, server)))
			// Of a listing that leaves something out, the page itself may be the end.
			ends := name == "messages" && len(circle) == 1 && err == nil
			if !errors.Is(err, zaqar.ErrMalformed) && !ends || server.Count() > 20 {
				t.Errorf("%s, %v: %d requests, %v", name, circle, server.Count(), err)
			}
		}
	}
}

func TestPurgingWhatComesBackIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
			if req.Method == http.MethodGet {
				return &transport.Response{Status: 200, Body: []byte(`{"messages":[{"id":"a","ttl":60,"age":0,"body":1}],"links":[]}`)}, nil
			}
			return &transport.Response{Status: http.StatusNoContent}, nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := clienttest.Over(t, server).Queue("wot").PurgeAll(ctx, zaqar.MessageResource)
		if !errors.Is(err, context.DeadlineExceeded) || server.Count() > 3*701 {
			t.Errorf("%d requests in a minute, %v", server.Count(), err)
		}
	})
}
