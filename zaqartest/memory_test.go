package zaqartest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// contents reads a store from end to end.
func contents(t *testing.T, store Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := store.View(func(r Reader) error {
		var last []byte
		for key, value := range r.Scan(nil, []byte{0xff}) {
			if bytes.Compare(last, key) >= 0 && last != nil {
				return fmt.Errorf("%q comes after %q", key, last)
			}
			last = key
			out[string(key)] = string(value)
			if got, ok := r.Get(key); !ok || !bytes.Equal(got, value) {
				return fmt.Errorf("%q is %q, and %q by itself", key, value, got)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAMemoryStoreIsAnOrderedMap(t *testing.T) {
	store := NewMemoryStore()
	model := map[string]string{}
	for round := range 200 {
		err := store.Update(func(w Writer) error {
			for range 20 {
				key := fmt.Sprintf("%03d", rand.IntN(500))
				if rand.IntN(3) == 0 {
					w.Delete([]byte(key))
					delete(model, key)
				} else {
					w.Put([]byte(key), []byte(fmt.Sprint(round)))
					model[key] = fmt.Sprint(round)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := contents(t, store); !maps.Equal(got, model) {
		t.Errorf("the store has %d keys, the model %d", len(got), len(model))
	}
	var some []string
	_ = store.View(func(r Reader) error {
		for key := range r.Scan([]byte("1"), []byte("2")) {
			some = append(some, string(key))
		}
		return nil
	})
	for key := range model {
		if in := slices.Contains(some, key); in != (key[0] == '1') {
			t.Errorf("%s is in the scan: %v", key, in)
		}
	}
}

func TestAFailedUpdateChangesNothing(t *testing.T) {
	store := NewMemoryStore()
	_ = store.Update(func(w Writer) error {
		w.Put([]byte("kept"), []byte("1"))
		w.Put([]byte("empty"), nil)
		return nil
	})
	before := contents(t, store)
	change := func(w Writer) {
		w.Put([]byte("kept"), []byte("2"))
		w.Delete([]byte("kept"))
		w.Put([]byte("kept"), []byte("3"))
		w.Put([]byte("new"), []byte("1"))
		w.Delete([]byte("empty"))
	}
	failure := errors.New("no")
	if err := store.Update(func(w Writer) error { change(w); return failure }); !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
	if got := contents(t, store); !maps.Equal(got, before) {
		t.Errorf("after an error: %v", got)
	}
	func() {
		defer func() { _ = recover() }()
		_ = store.Update(func(w Writer) error { change(w); panic("no") })
	}()
	if got := contents(t, store); !maps.Equal(got, before) {
		t.Errorf("after a panic: %v", got)
	}
}

// Nothing is left of a queue that was deleted, nor of what has expired.
func TestTheStoreEmptiesAgain(t *testing.T) {
	store := NewMemoryStore()
	b := &broker{store: store, clock: &clock{}}
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
			w.append(q, draft{body: []byte("1"), ttl: 60 + int64(i)}.message(w.now, uuid{}))
		}
		return err
	})
	for range 3 {
		update(func(w *writing, q queue) error {
			_, _, err := w.take(q, 10, lease{ttl: 60, grace: 60})
			return err
		})
		b.clock.offset.Add(int64(60 * time.Second))
	}
	b.clock.offset.Add(int64(time.Hour))
	update(func(*writing, queue) error { return nil })
	for key := range contents(t, store) {
		if key[0] != queueSpace && key[0] != numberSpace {
			t.Errorf("%q is left after all has expired", key)
		}
	}
	update(func(w *writing, q queue) error {
		for range 5 {
			w.append(q, draft{body: []byte("1"), ttl: 60}.message(w.now, uuid{}))
		}
		_, _, err := w.take(q, 2, lease{ttl: 60, grace: 60})
		w.deleteQueue(q)
		dead, _ := w.queue("p", "dead")
		w.deleteQueue(dead)
		return err
	})
	if left := contents(t, store); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}
