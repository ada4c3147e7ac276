package broker

import (
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/store"
)

// keysOf returns the keys of a store.
func keysOf(t *testing.T, s store.Store) []string {
	t.Helper()
	var keys []string
	err := s.View(func(r store.Reader) error {
		for key := range r.Scan(nil, []byte{0xff}) {
			keys = append(keys, string(key))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Deleted queues and expired things leave nothing in the store.
func TestTheStoreEmptiesAgain(t *testing.T) {
	kept := store.NewMemory()
	b := New(kept, &Clock{}, false)
	update := func(fn func(w *WriteTx, q Queue) error) {
		t.Helper()
		err := b.Update(func(w *WriteTx) error {
			q, _, err := w.CreateQueue("p", "q", Metadata{
				"_max_claim_count": []byte("1"), "_dead_letter_queue": []byte(`"dead"`),
			})
			if err != nil {
				return err
			}
			return fn(w, q)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	update(func(w *WriteTx, q Queue) error {
		_, _, err := w.CreateQueue("p", "dead", nil)
		for i := range 50 {
			w.Append(q, Draft{Body: []byte("1"), TTL: 60 + int64(i)}, UUID{})
		}
		return err
	})
	for range 3 {
		update(func(w *WriteTx, q Queue) error {
			_, _, err := w.CreateClaim(q, 10, ClaimTerms{TTL: 60, Grace: 60})
			return err
		})
		b.clock.Advance(60 * time.Second)
	}
	b.clock.Advance(time.Hour)
	update(func(*WriteTx, Queue) error { return nil })
	for _, key := range keysOf(t, kept) {
		if key[0] != queueSpace && key[0] != tallySpace && key[0] != projectSpace {
			t.Errorf("%q is left after all has expired", key)
		}
	}
	update(func(w *WriteTx, q Queue) error {
		for range 5 {
			w.Append(q, Draft{Body: []byte("1"), TTL: 60}, UUID{})
		}
		_, _, err := w.CreateClaim(q, 2, ClaimTerms{TTL: 60, Grace: 60})
		w.DeleteQueue(q)
		dead, _ := w.Queue("p", "dead")
		w.DeleteQueue(dead)
		return err
	})
	if left := keysOf(t, kept); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}
