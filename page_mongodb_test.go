package zaqar_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// listedIDs returns the ids that a listing yields, and the error that it ends with.
func listedIDs(t *testing.T, q *zaqar.Queue, options ...zaqar.MessagesOption) (ids []string, err error) {
	t.Helper()
	for m, failed := range q.Messages(t.Context(), options...) {
		if failed != nil {
			err = failed
			continue
		}
		ids = append(ids, m.ID())
	}
	return ids, err
}

func TestOnMongoDBAListingOverTheWebSocketIsCompleteWithHTTPBesideIt(t *testing.T) {
	t.Parallel()
	for _, options := range [][]zaqar.MessagesOption{
		nil, {zaqar.Echo(false)}, {zaqar.IncludeClaimed(true)}, {zaqar.PageSize(7)}, {zaqar.Marker("-1")},
	} {
		for _, n := range []int{0, 1, 19, 20, 45} {
			store := clienttest.NewMongoDB()
			socket, web := &clienttest.Scripted{Answer: store.Socket}, &clienttest.Scripted{Answer: store.HTTP}
			q := clienttest.Over(t, transport.Fallback(socket, web)).Queue("q")
			want := store.Post(n)
			for range 2 {
				if got, err := listedIDs(t, q, options...); err != nil || !slices.Equal(got, want) {
					t.Errorf("of %d messages with %v it listed %v, %v", n, options, got, err)
				}
			}
			if asked := socket.Count(); n > 0 && asked > 1 {
				t.Errorf("it listed %d times over the WebSocket after HTTP was seen to be needed", asked-1)
			}
		}
	}
}

func TestOnMongoDBAFullPageOfTheWebSocketAloneIsAnErrorAndNotTheEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stored, maxLimit int
		options          []zaqar.MessagesOption
		listed           int
		complete         bool
	}{
		{0, 20, nil, 0, true},
		{19, 20, nil, 19, true},
		{19, 20, []zaqar.MessagesOption{zaqar.Echo(false)}, 19, true},
		{19, 20, []zaqar.MessagesOption{zaqar.IncludeClaimed(true)}, 19, true},
		{20, 20, nil, 20, false},
		{45, 20, nil, 20, false},
		{45, 20, []zaqar.MessagesOption{zaqar.Echo(false)}, 20, false},
		{45, 20, []zaqar.MessagesOption{zaqar.IncludeClaimed(true)}, 20, false},
		{45, 20, []zaqar.MessagesOption{zaqar.PageSize(7)}, 7, false},
		{45, 20, []zaqar.MessagesOption{zaqar.Limit(1)}, 1, true},
		{45, 20, []zaqar.MessagesOption{zaqar.Limit(20)}, 20, true},
		{45, 20, []zaqar.MessagesOption{zaqar.Limit(21)}, 20, false},
		{9, 5, nil, 9, true},
		{10, 5, nil, 10, false},
	} {
		store := clienttest.NewMongoDB()
		store.MaxLimit = c.maxLimit
		q := clienttest.Over(t, &clienttest.Scripted{Answer: store.Socket}).Queue("q")
		want := store.Post(c.stored)[:c.listed]
		for range 2 {
			got, err := listedIDs(t, q, c.options...)
			if !slices.Equal(got, want) {
				t.Errorf("%+v: it listed %v", c, got)
			}
			switch {
			case c.complete && err != nil:
				t.Errorf("%+v: %v", c, err)
			case !c.complete && (!errors.Is(err, zaqar.ErrUnsupported) || !strings.Contains(err.Error(), "WithWebSocket")):
				t.Errorf("%+v: it ended with %v", c, err)
			}
		}
	}
}

func TestOnMongoDBPurgeAllPurgesAllOverTheWebSocketAlone(t *testing.T) {
	t.Parallel()
	store := clienttest.NewMongoDB()
	q := clienttest.Over(t, &clienttest.Scripted{Answer: store.Socket}).Queue("q")
	store.Post(45)
	if err := q.PurgeAll(t.Context(), zaqar.MessageResource); err != nil {
		t.Error(err)
	}
	if left, err := listedIDs(t, q); err != nil || len(left) > 0 {
		t.Errorf("%d are left, %v", len(left), err)
	}
}
