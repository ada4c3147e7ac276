package conformance

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

var listings = []behaviour{
	{"every message is listed once, whatever the size of a page", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, numbered(45)...)
		for _, n := range []int{1, 2, 20, 21, 40, 45} {
			q := s.queue(t)
			made := post(t, q, numbered(n)...)
			if got := ids(all(t, q.Messages(t.Context()))); !slices.Equal(got, made) {
				t.Errorf("of %d messages %d are listed", n, len(got))
			}
		}
		for _, size := range []zaqar.PageSize{2, 3, 7, 20} {
			if got := ids(all(t, q.Messages(t.Context(), size))); !slices.Equal(got, made) {
				t.Errorf("pages of %d: %d messages, want %d", size, len(got), len(made))
			}
		}
	}},
	{"a limit is the number of messages in all", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, numbered(30)...)
		for _, n := range []int{1, 2, 19, 25, 30} {
			if got := ids(all(t, q.Messages(t.Context(), zaqar.Limit(n)))); !slices.Equal(got, made[:n]) {
				t.Errorf("a limit of %d gives %d", n, len(got))
			}
		}
	}},
	{"a loop can be left and taken up at a marker", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, numbered(5)...)
		var last string
		for m, err := range q.Messages(t.Context(), zaqar.PageSize(2)) {
			if err != nil {
				t.Fatal(err)
			}
			if last = m.ID(); last == made[2] {
				break
			}
		}
		want := made[3:]
		if s.differs(t, 48) {
			want = nil
		}
		if got := ids(all(t, q.Messages(t.Context(), zaqar.Marker(last)))); !slices.Equal(got, want) {
			t.Errorf("behind the third are %v, want %v", got, want)
		}
	}},
	{"a listing is complete, or says that it is not", func(t *testing.T, s *suite) {
		client := s.client(t)
		q := s.queueOf(t, client)
		want := post(t, q, numbered(45)...)
		sub := client.Subscriber(zaqar.SubscriberConfig{})
		if err := sub.Subscribe(q.Name()); err != nil {
			t.Fatal(err)
		}
		broken := realSocketAlone(s.Target) && s.differs(t, 48)
		if broken {
			want = want[:20]
		}
		for what, list := range map[string]iter.Seq2[*zaqar.Message, error]{
			"listed": q.Messages(t.Context()), "heard": sub.Listen(t.Context()),
		} {
			var got []string
			var failed error
			for m, err := range list {
				if failed = err; failed != nil {
					break
				}
				if got = append(got, m.ID()); len(got) == 45 {
					break
				}
			}
			if !slices.Equal(got, want) || broken != errors.Is(failed, zaqar.ErrUnsupported) || !broken && failed != nil {
				t.Errorf("%s: %d, want %d, %v", what, len(got), len(want), failed)
			}
		}
	}},
	{"own messages are listed unless echo is off", func(t *testing.T, s *suite) {
		me, you := s.client(t), s.client(t)
		q := s.queueOf(t, me)
		mine := post(t, q, "mine")
		yours := post(t, you.Queue(q.Name()), "yours")
		if got := ids(all(t, q.Messages(t.Context()))); !slices.Equal(got, slices.Concat(mine, yours)) {
			t.Errorf("with echo: %v", got)
		}
		if got := ids(all(t, q.Messages(t.Context(), zaqar.Echo(false)))); !slices.Equal(got, yours) {
			t.Errorf("without echo: %v", got)
		}
	}},
	{"without echo, pages of own messages hide nothing behind them", func(t *testing.T, s *suite) {
		me, you := s.client(t), s.client(t)
		q := s.queueOf(t, me)
		post(t, q, numbered(25)...)
		want := post(t, you.Queue(q.Name()), "a")
		post(t, q, numbered(43)...)
		want = append(want, post(t, you.Queue(q.Name()), "b", "c")...)
		for _, size := range []zaqar.PageSize{2, 5, 20} {
			if got := ids(all(t, q.Messages(t.Context(), zaqar.Echo(false), size))); !slices.Equal(got, want) {
				t.Errorf("pages of %d: %v, want %v", size, got, want)
			}
		}
	}},
	{"pages of claimed messages hide nothing behind them", func(t *testing.T, s *suite) {
		q := s.queue(t)
		post(t, q, numbered(40)...)
		for range 2 {
			claim(t, q, zaqar.Limit(20))
		}
		want := post(t, q, "free")
		if got := ids(all(t, q.Messages(t.Context()))); !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
		if got := all(t, q.Messages(t.Context(), zaqar.IncludeClaimed(true))); len(got) != 41 {
			t.Errorf("with claimed ones %d are listed, want 41", len(got))
		}
	}},
	{"deleting while listing misses nothing", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, numbered(50)...)
		var seen []string
		for m, err := range q.Messages(t.Context(), zaqar.PageSize(7)) {
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, m.ID())
			if err := m.Delete(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(seen, made) {
			t.Errorf("%d of %d were seen, or not in order", len(seen), len(made))
		}
	}},
	{"listing survives the deletion of what it stands on", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, numbered(30)...)
		var seen []string
		for m, err := range q.Messages(t.Context(), zaqar.PageSize(10)) {
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, m.ID())
			if len(seen) == 10 { // the marker of the next page
				if err := q.DeleteMessage(t.Context(), m.ID()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !slices.Equal(seen, made) {
			t.Errorf("%d of %d were seen, or not in order", len(seen), len(made))
		}
	}},
	{"messages are listed by ids, more than fit one page", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, numbered(30)...)
		if err := q.DeleteMessage(t.Context(), made[3]); err != nil {
			t.Fatal(err)
		}
		got := ids(all(t, q.Messages(t.Context(), zaqar.IDs(made))))
		slices.Sort(got)
		want := slices.Delete(slices.Clone(made), 3, 4)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%d are listed, want %d", len(got), len(want))
		}
		if got := all(t, q.Messages(t.Context(), zaqar.IDs{made[3]})); len(got) != 0 {
			t.Errorf("a deleted one is listed: %v", got)
		}
	}},
	{"messages are listed by claim and ids together", func(t *testing.T, s *suite) {
		q := s.queue(t)
		made := post(t, q, numbered(6)...)
		c := claim(t, q, zaqar.Limit(4))
		held := zaqar.ClaimID(c.ID())
		if got := ids(all(t, q.Messages(t.Context(), held))); !slices.Equal(got, made[:4]) {
			t.Errorf("of the claim: %v", got)
		}
		if got := ids(all(t, q.Messages(t.Context(), held, zaqar.IDs{made[1], made[2], made[5]}, zaqar.Limit(1)))); !slices.Equal(got, made[1:2]) {
			t.Errorf("of the claim by ids: %v", got)
		}
	}},
	{"a listed message is free, whatever its href says", func(t *testing.T, s *suite) {
		q := s.queue(t)
		post(t, q, "x")
		if err := claim(t, q).Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, m := range slices.Concat(all(t, q.Messages(t.Context())), all(t, q.Messages(t.Context(), zaqar.IncludeClaimed(true)))) {
			if status, err := m.Status(t.Context()); err != nil || status != zaqar.Free {
				t.Errorf("status %v, %v", status, err)
			}
			if err := m.Delete(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}},
	{"the status tells claimed from free when both are listed", func(t *testing.T, s *suite) {
		q := s.queue(t)
		post(t, q, "claimed", "free")
		claim(t, q, zaqar.Limit(1))
		var got []string
		for _, m := range all(t, q.Messages(t.Context(), zaqar.IncludeClaimed(true))) {
			status, err := m.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(status))
		}
		if !slices.Equal(got, []string{"Claimed", "Free"}) {
			t.Errorf("the states are %v", got)
		}
	}},
	{"a delay that the queue would ignore is refused", func(t *testing.T, s *suite) {
		q := s.queue(t)
		_, err := q.Post(t.Context(), "now", zaqar.Outgoing{Body: "late", Delay: 30 * time.Second})
		matches(t, err, zaqar.ErrInvalid)
		if got := all(t, q.Messages(t.Context())); len(got) != 0 {
			t.Errorf("stored: %v", got)
		}
	}},
	{"a delayed message is hidden until its delay is over", func(t *testing.T, s *suite) {
		q := s.queue(t, zaqar.Reserved{DefaultMessageDelay: time.Second})
		post(t, q, zaqar.Outgoing{Body: "late", Delay: 30 * time.Second})
		if got := all(t, q.Messages(t.Context())); len(got) != 0 {
			t.Errorf("listed: %v", got)
		}
		if got := all(t, q.Messages(t.Context(), zaqar.IncludeDelayed(true))); len(got) != 1 {
			t.Errorf("with delayed ones: %v", got)
		}
		s.Wait(32 * time.Second)
		if got := all(t, q.Messages(t.Context())); len(got) != 1 {
			t.Errorf("after its delay: %v", got)
		}
	}},
}
