package zaqartest

import (
	"testing"
	"time"
)

// keysOf returns the keys of a store.
func keysOf(t *testing.T, s Store) []string {
	t.Helper()
	var keys []string
	err := s.View(func(r Reader) error {
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

// Nothing is left of a queue that was deleted, nor of what has expired.
func TestTheStoreEmptiesAgain(t *testing.T) {
	store := NewMemoryStore()
	b := newBroker(store, &clock{}, false)
	update := func(fn func(w *writing, q queue) error) {
		t.Helper()
		err := b.update(func(w *writing) error {
			q, _, err := w.createQueue("p", "q", metadata{
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
	update(func(w *writing, q queue) error {
		_, _, err := w.createQueue("p", "dead", nil)
		for i := range 50 {
			w.append(q, draft{body: []byte("1"), ttl: 60 + int64(i)}, uuid{})
		}
		return err
	})
	for range 3 {
		update(func(w *writing, q queue) error {
			_, _, err := w.take(q, 10, lease{ttl: 60, grace: 60})
			return err
		})
		b.clock.advance(60 * time.Second)
	}
	b.clock.advance(time.Hour)
	update(func(*writing, queue) error { return nil })
	for _, key := range keysOf(t, store) {
		if key[0] != queueSpace && key[0] != numberSpace {
			t.Errorf("%q is left after all has expired", key)
		}
	}
	update(func(w *writing, q queue) error {
		for range 5 {
			w.append(q, draft{body: []byte("1"), ttl: 60}, uuid{})
		}
		_, _, err := w.take(q, 2, lease{ttl: 60, grace: 60})
		w.deleteQueue(q)
		dead, _ := w.queue("p", "dead")
		w.deleteQueue(dead)
		return err
	})
	if left := keysOf(t, store); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}
