package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// check verifies what the tree relies on, and returns its contents.
func check(t *testing.T, tr *tree) map[string]string {
	t.Helper()
	var pages []*page
	var walk func(b *branch, low, high []byte, depth int)
	depths := map[int]bool{}
	walk = func(b *branch, low, high []byte, depth int) {
		if b.children() != len(b.keys)+1 || b.children() > fanout || b.pages != nil && b.branches != nil {
			t.Fatalf("a branch has %d keys, %d branches and %d pages", len(b.keys), len(b.branches), len(b.pages))
		}
		for i := range b.children() {
			from, to := low, high
			if i > 0 {
				from = b.keys[i-1]
			}
			if i < len(b.keys) {
				to = b.keys[i]
			}
			if b.branches != nil {
				walk(b.branches[i], from, to, depth+1)
				continue
			}
			depths[depth] = true
			p := b.pages[i]
			pages = append(pages, p)
			for n := range p.offsets {
				if key := p.key(n); from != nil && bytes.Compare(key, from) < 0 || to != nil && bytes.Compare(key, to) >= 0 {
					t.Fatalf("the key %q is in a page for %q to %q", key, from, to)
				}
			}
		}
	}
	walk(tr.root, nil, nil, 0)
	if len(depths) != 1 {
		t.Fatalf("the pages are %d deep", len(depths))
	}
	out := map[string]string{}
	var last []byte
	for i, p := range pages {
		live := 0
		for n, at := range p.offsets {
			key, value := p.entry(n)
			if last != nil && bytes.Compare(last, key) >= 0 {
				t.Fatalf("%q comes after %q", key, last)
			}
			last = key
			out[string(key)] = string(value)
			live += p.size(at)
		}
		if live != p.live || p.outside != nil && len(p.outside) != len(p.offsets) {
			t.Fatalf("a page has %d live bytes and counts %d", live, p.live)
		}
		var prev, next *page
		if i > 0 {
			prev = pages[i-1]
		}
		if i < len(pages)-1 {
			next = pages[i+1]
		}
		if p.prev != prev || p.next != next {
			t.Fatalf("page %d is not linked with its neighbours", i)
		}
	}
	return out
}

// size returns how many bytes the pages of a tree have allocated for entries.
func (t *tree) size() (allocated, live int) {
	for p := t.seek(nil); p != nil; p = p.next {
		allocated += cap(p.data)
		live += p.live
	}
	return allocated, live
}

// keyMakers make keys in the orders in which they come in practice.
var keyMakers = map[string]func(r *rand.Rand, step int) string{
	"at random":         func(r *rand.Rand, _ int) string { return fmt.Sprintf("%05d", r.IntN(20000)) },
	"in order":          func(r *rand.Rand, step int) string { return fmt.Sprintf("%08d", max(0, step-r.IntN(3))) },
	"in several orders": func(r *rand.Rand, step int) string { return fmt.Sprintf("%d-%07d", r.IntN(5), step) },
	"backwards":         func(_ *rand.Rand, step int) string { return fmt.Sprintf("%08d", 1_000_000-step) },
	"of any length": func(r *rand.Rand, _ int) string {
		return strings.Repeat(string(rune('a'+r.IntN(5))), r.IntN(300)) + fmt.Sprint(r.IntN(200))
	},
}

func TestATreeIsAnOrderedMap(t *testing.T) {
	t.Parallel()
	for name, makeKey := range keyMakers {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%s %d", name, seed), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(seed, 1))
				m := NewMemory()
				model := map[string]string{}
				for step := 0; step < 6_000; {
					growing := step < 3_000
					before := maps.Clone(model)
					failure := errors.New("no")
					if r.IntN(10) > 0 {
						failure = nil
					}
					err := m.Update(func(w Writer) error {
						for range 1 + r.IntN(200) {
							step++
							key := makeKey(r, step)
							if r.IntN(10) < 3 == growing {
								// One that exists, or the first one, as a queue is emptied.
								for found := range w.Scan([]byte(key[:r.IntN(len(key)+1)]), []byte{0xff}) {
									key = string(found)
									break
								}
								w.Delete([]byte(key))
								delete(model, key)
								continue
							}
							length := r.IntN(60)
							switch r.IntN(50) {
							case 0:
								length = r.IntN(3 * inlineSize)
							case 1:
								length = 3 * pageSize
							}
							value := strings.Repeat("v", length)
							w.Put([]byte(key), []byte(value))
							model[key] = value
							if got, ok := w.Get([]byte(key)); !ok || string(got) != value {
								return fmt.Errorf("%q was not set", key)
							}
						}
						return failure
					})
					if !errors.Is(err, failure) {
						t.Fatal(err)
					}
					if failure != nil {
						model = before
					}
				}
				if got := check(t, m.keys); !maps.Equal(got, model) {
					t.Fatalf("the tree has %d keys, the model %d", len(got), len(model))
				}
				keys := slices.Sorted(maps.Keys(model))
				for range 100 {
					from, to := makeKey(r, r.IntN(6_000)), makeKey(r, r.IntN(6_000))
					var got, want []string
					for key := range m.keys.Scan([]byte(from), []byte(to)) {
						got = append(got, string(key))
					}
					for _, key := range keys {
						if from <= key && key < to {
							want = append(want, key)
						}
					}
					if !slices.Equal(got, want) {
						t.Fatalf("from %q to %q are %d keys, not %d", from, to, len(got), len(want))
					}
				}
			})
		}
	}
}

func TestATreeOfManyPagesGrowsAndEmpties(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	m := NewMemory()
	const count = 40_000
	key := func(i int) []byte { return fmt.Appendf(nil, "a key of many bytes %08d", i) }
	change := func(order []int, change func(Writer, []byte)) {
		err := m.Update(func(w Writer) error {
			for _, i := range order {
				change(w, key(i))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	order := r.Perm(count)
	change(order, func(w Writer, key []byte) { w.Put(key, key) })
	if got := check(t, m.keys); len(got) != count {
		t.Fatalf("%d keys", len(got))
	}
	if m.keys.root.branches == nil {
		t.Fatal("the tree is too small for this test")
	}
	change(order[:count-100], Writer.Delete)
	left := map[string]string{}
	for _, i := range order[count-100:] {
		left[string(key(i))] = string(key(i))
	}
	if got := check(t, m.keys); !maps.Equal(got, left) {
		t.Fatalf("%d keys are left", len(got))
	}
	change(order, Writer.Delete)
	if got := check(t, m.keys); len(got) != 0 || m.keys.root.children() != 1 {
		t.Errorf("%d keys are left, in %d pages", len(got), m.keys.root.children())
	}
}

// What was read stays as it was, whatever is written afterwards.
func TestWhatWasReadDoesNotChange(t *testing.T) {
	t.Parallel()
	m := NewMemory()
	key := func(i int) []byte { return fmt.Appendf(nil, "key %03d", i) }
	err := m.Update(func(w Writer) error {
		var read [][]byte
		for i := range 500 {
			w.Put(key(i), fmt.Appendf(nil, "value %d", i))
			value, _ := w.Get(key(i))
			read = append(read, value)
		}
		for range 5 {
			for i := range 500 {
				w.Put(key(i), []byte("another"))
				if i%3 == 0 {
					w.Delete(key(i))
				}
			}
		}
		for i, value := range read {
			if want := fmt.Sprint("value ", i); string(value) != want {
				t.Errorf("%q became %q", want, value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestKeysInOrderFillTheirPages(t *testing.T) {
	t.Parallel()
	m := NewMemory()
	fill := func(from, to int) {
		err := m.Update(func(w Writer) error {
			for i := from; i < to; i++ {
				for queue := range 3 {
					w.Put(fmt.Appendf(nil, "%d-%08d", queue, i), bytes.Repeat([]byte("v"), 30))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fill(0, 10_000)
	if allocated, live := m.keys.size(); allocated*9 > live*10 {
		t.Errorf("%d bytes are allocated for %d", allocated, live)
	}
	// What is deleted gives its memory back, even if a little is left everywhere.
	err := m.Update(func(w Writer) error {
		for i := range 10_000 {
			for queue := range 3 {
				if i%50 != 0 {
					w.Delete(fmt.Appendf(nil, "%d-%08d", queue, i))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if allocated, live := m.keys.size(); allocated > 4*live {
		t.Errorf("%d bytes are allocated for %d", allocated, live)
	}
	if got := check(t, m.keys); len(got) != 600 {
		t.Errorf("%d keys are left", len(got))
	}
}
