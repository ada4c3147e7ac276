package conformance

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

var queues = []behaviour{
	{"a created queue exists and has its name and href", func(t *testing.T, s *suite) {
		q := s.queue(t)
		if exists, err := q.Exists(t.Context()); !exists || err != nil {
			t.Errorf("exists: %v, %v", exists, err)
		}
		if want := "/" + s.version.String() + "/queues/" + q.Name(); q.Href() != want {
			t.Errorf("the href is %s, want %s", q.Href(), want)
		}
		if want := "<Queue [" + q.Name() + "]>"; q.String() != want {
			t.Errorf("it prints %s, want %s", q, want)
		}
	}},
	{"creating a queue twice is no error, and it is told which time made it", func(t *testing.T, s *suite) {
		client := s.client(t)
		name := s.absent(t, client).Name()
		for n, options := range [][]zaqar.CreateOption{{zaqar.Content{"n": 1}}, nil, {zaqar.Content{"n": 1}}} {
			q, err := client.CreateQueue(t.Context(), name, options...)
			if err != nil || q.Created() != (n == 0) {
				t.Errorf("time %d: created %v, %v", n+1, q.Created(), err)
			}
		}
	}},
	{"creating a queue that has other metadata says so", func(t *testing.T, s *suite) {
		client := s.client(t)
		q := s.queueOf(t, client, zaqar.Content{"n": 1})
		_, err := client.CreateQueue(t.Context(), q.Name(), zaqar.Content{"n": 2})
		matches(t, err, zaqar.ErrExists)
		m, err := q.Metadata(t.Context())
		if err != nil || fmt.Sprint(m.Content()["n"]) != "1" {
			t.Errorf("metadata is %v, %v: it must be as it was", m, err)
		}
	}},
	{"a queue that does not exist reads as empty", func(t *testing.T, s *suite) {
		ctx := t.Context()
		q := s.absent(t, s.client(t))
		if exists, err := q.Exists(ctx); exists || err != nil {
			t.Errorf("exists: %v, %v", exists, err)
		}
		if found := all(t, q.Messages(ctx)); len(found) != 0 {
			t.Errorf("it has messages: %v", found)
		}
		if c := claim(t, q); !c.Empty() {
			t.Errorf("it could be claimed: %v", c)
		}
		if stats, err := q.Stats(ctx); err != nil || stats != (zaqar.Stats{}) {
			t.Errorf("stats: %v, %v", stats, err)
		}
		if popped, err := q.Pop(ctx, 3); s.version.Supports("message_pop") && (err != nil || len(popped) != 0) {
			t.Errorf("pop: %v, %v", popped, err)
		}
		if err := q.Purge(ctx); s.version.Supports("queue_purge") && err != nil {
			t.Error(err)
		}
		if err := q.Delete(ctx); err != nil {
			t.Error(err)
		}
	}},
	{"posting creates the queue", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		post(t, q, "hello")
		if exists, err := q.Exists(t.Context()); !exists || err != nil {
			t.Errorf("exists: %v, %v", exists, err)
		}
	}},
	{"deleting a queue drops its messages", func(t *testing.T, s *suite) {
		client := s.client(t)
		q := s.queueOf(t, client)
		post(t, q, 1, 2)
		if err := q.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := client.CreateQueue(t.Context(), q.Name()); err != nil {
			t.Fatal(err)
		}
		if found := all(t, q.Messages(t.Context())); len(found) != 0 {
			t.Errorf("the new queue has old messages: %v", found)
		}
	}},
	{"every queue is listed once, whatever the size of a page", func(t *testing.T, s *suite) {
		client := s.client(t)
		made := several(t, s, client, 23)
		for _, size := range []zaqar.PageSize{2, 3, 7, 20} {
			if got := mine(all(t, client.Queues(t.Context(), size)), made); !slices.Equal(got, made) {
				t.Errorf("pages of %d: %d queues %v, want the %d made", size, len(got), got, len(made))
			}
		}
	}},
	{"a listing of queues can be limited and started behind a name", func(t *testing.T, s *suite) {
		client := s.client(t)
		made := several(t, s, client, 5)
		got := all(t, client.Queues(t.Context(), zaqar.Marker(made[1]), zaqar.Limit(2)))
		if len(got) != 2 || got[0].Name() != made[2] || got[1].Name() != made[3] {
			t.Errorf("got %v, want the third and the fourth of %v", got, made)
		}
		if got := all(t, client.Queues(t.Context(), zaqar.Limit(1))); len(got) != 1 {
			t.Errorf("a limit of 1 gives %v", got)
		}
	}},
	{"a detailed listing brings the metadata", func(t *testing.T, s *suite) {
		client := s.client(t)
		q := s.queueOf(t, client, zaqar.Content{"colour": "red"})
		for listed, err := range client.Queues(t.Context(), zaqar.Detailed(true)) {
			if err != nil {
				t.Fatal(err)
			}
			if listed.Name() == q.Name() {
				if listed.Listed()["colour"] != "red" {
					t.Errorf("it has %v", listed.Listed())
				}
				return
			}
		}
		t.Error("the queue is not listed")
	}},
	{"queues can be counted", func(t *testing.T, s *suite) {
		client := s.client(t)
		several(t, s, client, 3)
		if n, ok, err := client.CountQueues(t.Context()); err != nil || !ok || n < 3 {
			t.Errorf("count: %d, %v, %v", n, ok, err)
		}
	}},
	{"queues can be filtered by name and by metadata", func(t *testing.T, s *suite) {
		client := s.client(t)
		red := s.queueOf(t, client, zaqar.Content{"colour": "red"})
		blue := s.queueOf(t, client, zaqar.Content{"colour": "blue"})
		both := []string{red.Name(), blue.Name()}
		for _, option := range []zaqar.QueuesOption{zaqar.NameLike(red.Name()), zaqar.Having{"colour": "red"}} {
			got := mine(all(t, client.Queues(t.Context(), option)), both)
			want := both[:1]
			if s.differs(t, 26) {
				slices.Sort(got)
				want = slices.Sorted(slices.Values(both))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%T: %v, want %v", option, got, want)
			}
		}
	}},
	{"a name with a dot works in full", func(t *testing.T, s *suite) {
		client := s.client(t)
		name := "c-" + rand.Text() + ".dotted"
		q, err := client.CreateQueue(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		s.remove(t, q)
		post(t, q, 1)
		if found := all(t, q.Messages(t.Context())); len(found) != 1 {
			t.Errorf("it has %v", found)
		}
		want := name
		if s.differs(t, 15) {
			want = strings.TrimSuffix(name, ".dotted")
		}
		if got := mine(all(t, client.Queues(t.Context())), []string{want}); len(got) != 1 {
			t.Errorf("%s is not listed", want)
		}
	}},
	{"stats count free and claimed messages and show the oldest and the newest", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, "first", "second", "third")
		claim(t, q, zaqar.Limit(1))
		stats, err := q.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if stats.Claimed != 1 || stats.Free != 2 || stats.Total != 3 {
			t.Errorf("stats are %v", stats)
		}
		if stats.Oldest == nil || stats.Oldest.ID != made[0] || stats.Newest == nil || stats.Newest.ID != made[2] {
			t.Errorf("oldest %v, newest %v, posted %v", stats.Oldest, stats.Newest, made)
		} else if stats.Oldest.Created.IsZero() || time.Since(stats.Oldest.Created).Abs() > 24*time.Hour {
			t.Errorf("the oldest was created %v", stats.Oldest.Created)
		}
	}},
	{"purging drops the messages and keeps the queue", func(t *testing.T, s *suite) {
		q := s.queue(t, zaqar.Content{"kept": true})
		post(t, q, 1, 2, 3)
		if err := q.Purge(t.Context(), zaqar.SubscriptionResource); err != nil {
			t.Fatal(err)
		}
		if found := all(t, q.Messages(t.Context())); len(found) != 3 {
			t.Errorf("purging subscriptions left %d of 3 messages", len(found))
		}
		if err := q.Purge(t.Context(), zaqar.MessageResource); err != nil {
			t.Fatal(err)
		}
		if found := all(t, q.Messages(t.Context())); len(found) != 0 {
			t.Errorf("left over: %v", found)
		}
		m, err := q.Metadata(t.Context())
		if err != nil || m.Content()["kept"] != true {
			t.Errorf("metadata is %v, %v", m, err)
		}
	}},
	{"purging all leaves nothing, claimed and delayed messages neither", func(t *testing.T, s *suite) {
		q := s.queue(t, zaqar.Reserved{DefaultMessageDelay: time.Second})
		post(t, q, numbered(30)...)
		post(t, q, zaqar.Outgoing{Body: "late", Delay: 10 * time.Minute})
		s.Wait(2 * time.Second)
		claim(t, q, zaqar.Limit(20))
		if err := q.PurgeAll(t.Context(), zaqar.MessageResource); err != nil {
			t.Fatal(err)
		}
		if left := all(t, q.Messages(t.Context(), zaqar.IncludeClaimed(true), zaqar.IncludeDelayed(true))); len(left) != 0 {
			t.Errorf("%d are left", len(left))
		}
	}},
	{"an illegal name is refused before the wire", func(t *testing.T, s *suite) {
		client := s.client(t)
		for _, name := range []string{"", "a b", "a/b", "ü", "a?b", strings.Repeat("a", 65)} {
			_, err := client.CreateQueue(t.Context(), name)
			matches(t, err, zaqar.ErrInvalid)
			if !zaqar.SafeToRetry(err) {
				t.Errorf("%q: something was sent: %v", name, err)
			}
		}
	}},
}

// several creates n queues and returns their names in order.
func several(t *testing.T, s *suite, client *zaqar.Client, n int) []string {
	t.Helper()
	prefix := "c-" + rand.Text() + "-"
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s%02d", prefix, i)
		q, err := client.CreateQueue(t.Context(), names[i])
		if err != nil {
			t.Fatal(err)
		}
		s.remove(t, q)
	}
	return names
}

// mine returns the names that are listed, in the listing's order. Other cases may share
// the project.
func mine(listed []*zaqar.Queue, names []string) []string {
	var found []string
	for _, q := range listed {
		if slices.Contains(names, q.Name()) {
			found = append(found, q.Name())
		}
	}
	return found
}
