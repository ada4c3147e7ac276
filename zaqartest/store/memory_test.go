package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest/store"
)

// contents reads a whole store.
func contents(t *testing.T, s store.Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := s.View(func(r store.Reader) error {
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
	s := store.NewMemory()
	model := map[string]string{}
	for round := range 200 {
		err := s.Update(func(w store.Writer) error {
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
	if got := contents(t, s); !maps.Equal(got, model) {
		t.Errorf("the store has %d keys, the model %d", len(got), len(model))
	}
	var some []string
	_ = s.View(func(r store.Reader) error {
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
	s := store.NewMemory()
	_ = s.Update(func(w store.Writer) error {
		w.Put([]byte("kept"), []byte("1"))
		w.Put([]byte("empty"), nil)
		return nil
	})
	before := contents(t, s)
	change := func(w store.Writer) {
		w.Put([]byte("kept"), []byte("2"))
		w.Delete([]byte("kept"))
		w.Put([]byte("kept"), []byte("3"))
		w.Put([]byte("new"), []byte("1"))
		w.Delete([]byte("empty"))
	}
	failure := errors.New("no")
	if err := s.Update(func(w store.Writer) error { change(w); return failure }); !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
	if got := contents(t, s); !maps.Equal(got, before) {
		t.Errorf("after an error: %v", got)
	}
	func() {
		defer func() { _ = recover() }()
		_ = s.Update(func(w store.Writer) error { change(w); panic("no") })
	}()
	if got := contents(t, s); !maps.Equal(got, before) {
		t.Errorf("after a panic: %v", got)
	}
}
