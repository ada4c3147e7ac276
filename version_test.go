package zaqar_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestWhatAVersionLacksIsUnsupportedBeforeTheWire(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what    string
		lacking []zaqar.Version
		call    func(t *testing.T, client *zaqar.Client, q *zaqar.Queue) error
	}{
		{"queue_purge", []zaqar.Version{zaqar.V1, zaqar.V1_1}, func(t *testing.T, _ *zaqar.Client, q *zaqar.Queue) error {
			return q.Purge(t.Context())
		}},
		{"message_pop", []zaqar.Version{zaqar.V1}, func(t *testing.T, _ *zaqar.Client, q *zaqar.Queue) error {
			_, err := q.Pop(t.Context(), 1)
			return err
		}},
		{"health", []zaqar.Version{zaqar.V1}, func(t *testing.T, client *zaqar.Client, _ *zaqar.Queue) error {
			_, err := client.Health(t.Context())
			return err
		}},
		{"delay", []zaqar.Version{zaqar.V1, zaqar.V1_1}, func(t *testing.T, _ *zaqar.Client, q *zaqar.Queue) error {
			_, err := q.Post(t.Context(), zaqar.Outgoing{Body: 1, Delay: time.Second})
			return err
		}},
		{"include_delayed", []zaqar.Version{zaqar.V1, zaqar.V1_1}, func(t *testing.T, _ *zaqar.Client, q *zaqar.Queue) error {
			_, _, err := zaqar.First(q.Messages(t.Context(), zaqar.IncludeDelayed(true)))
			return err
		}},
		{"name", []zaqar.Version{zaqar.V1, zaqar.V1_1}, func(t *testing.T, client *zaqar.Client, _ *zaqar.Queue) error {
			_, _, err := zaqar.First(client.Queues(t.Context(), zaqar.NameLike("x")))
			return err
		}},
		{"metadata_filter", []zaqar.Version{zaqar.V1, zaqar.V1_1}, func(t *testing.T, client *zaqar.Client, _ *zaqar.Queue) error {
			_, _, err := zaqar.First(client.Queues(t.Context(), zaqar.Having{"a": "b"}))
			return err
		}},
		{"claim_ids", []zaqar.Version{zaqar.V1, zaqar.V1_1}, func(t *testing.T, _ *zaqar.Client, q *zaqar.Queue) error {
			return q.DeleteMessages(t.Context(), []string{"m"}, zaqar.ClaimID("c"))
		}},
		{"_max_claim_count", []zaqar.Version{zaqar.V1}, func(t *testing.T, client *zaqar.Client, _ *zaqar.Queue) error {
			_, err := client.CreateQueue(t.Context(), "wot", zaqar.Content{"_max_claim_count": 3})
			return err
		}},
	} {
		for _, version := range c.lacking {
			server := clienttest.Says(200, "{}")
			client := clienttest.Over(t, server, zaqar.WithVersion(version))
			err := c.call(t, client, client.Queue("wot"))
			if !errors.Is(err, zaqar.ErrUnsupported) || !strings.Contains(err.Error(), c.what) || !strings.Contains(err.Error(), version.String()) {
				t.Errorf("%s of %s: %v", c.what, version, err)
			}
			if server.Count() != 0 {
				t.Errorf("%s of %s: sent %v", c.what, version, server.Last(t))
			}
		}
	}
}

func TestMetadataOfV1_1CannotBeChanged(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	client := connect(t, srv.URL(), zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V1_1))
	q, err := client.CreateQueue(t.Context(), "wot", zaqar.Content{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	m, err := q.Metadata(t.Context())
	if err != nil || m.String() != "<Metadata a:1>" {
		t.Errorf("metadata %v, %v", m, err)
	}
	for name, err := range map[string]error{
		"update": m.Update(t.Context(), map[string]any{"b": 2}), "set": m.Set(t.Context(), "b", 2), "remove": m.Remove(t.Context(), "a"),
	} {
		if !errors.Is(err, zaqar.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, want := range map[string]bool{"wot": true, "aaa": false, "zzz": false} {
		if exists, err := client.Queue(name).Exists(t.Context()); exists != want || err != nil {
			t.Errorf("%s exists: %v, %v", name, exists, err)
		}
	}
}

func TestV1IsGivenWhatItWants(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	client := connect(t, srv.URL(), zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V1))
	q := client.Queue("wot")
	for range 3 {
		if _, err := q.Post(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	// Before each post, since somebody else may have deleted the queue.
	if n := len(srv.Requests("queue_create")); n != 3 {
		t.Errorf("the queue was made %d times for three posts", n)
	}
	if body := string(srv.Requests("message_post")[0].Body); body != `[{"body":"x","ttl":3600}]` {
		t.Errorf("posted %s", body)
	}
	if err := q.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Post(t.Context(), "x"); err != nil {
		t.Errorf("after its deletion: %v", err)
	}
}

func TestOnV1AQueueThatSomebodyElseDeletedIsMadeAgain(t *testing.T) {
	t.Parallel()
	_, first := clienttest.InMemory(t, zaqar.WithVersion(zaqar.V1))
	q := first.Queue("wot")
	other := first.Conn()
	for range 3 {
		if _, err := q.Post(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		found, err := zaqar.Collect(q.Messages(t.Context()))
		if err != nil || len(found) != 1 {
			t.Errorf("%d messages are listed, %v", len(found), err)
		}
		if _, err := other.Delete(t.Context(), q.Href()); err != nil {
			t.Fatal(err)
		}
	}
}
