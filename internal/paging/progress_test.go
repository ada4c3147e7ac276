package paging_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/internal/paging"
)

// redis lists items as servers on Redis do: a marker that is gone, or is the first item,
// starts the listing from the beginning.
type redis struct {
	items  []entry
	pages  int
	before func(page int, marker string) // called before each page
}

type entry struct {
	id     string
	posted time.Time
}

var morning = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// stored returns n items. One is posted each second.
func stored(n int) []entry {
	items := make([]entry, n)
	for i := range items {
		items[i] = entry{fmt.Sprintf("%04x-%d", i*40503%65536, i), morning.Add(time.Duration(i) * time.Second)}
	}
	return items
}

func (r *redis) page(marker string, size int) (page paging.Page, next string) {
	r.pages++
	if r.before != nil {
		r.before(r.pages, marker)
	}
	start := 0
	if at := r.find(marker); at > 0 {
		start = at + 1
	}
	now := morning.Add(24 * time.Hour)
	page = paging.Page{From: marker, Sent: now, Read: now, Served: now}
	for _, e := range r.items[start:min(start+size, len(r.items))] {
		page.IDs = append(page.IDs, e.id)
		page.Ages = append(page.Ages, now.Sub(e.posted))
		next = e.id
	}
	return page, next
}

func (r *redis) find(id string) int {
	return slices.IndexFunc(r.items, func(e entry) bool { return e.id == id })
}

// remove deletes items from one id up to another.
func (r *redis) remove(from, to string) {
	a, b := r.find(from), r.find(to)
	r.items = slices.Delete(r.items, a, b+1)
}

// list lists everything as a listing of the library does, and calls got with each new id.
func (r *redis) list(t *testing.T, progress *paging.Progress, size int, got func(id string)) {
	t.Helper()
	marker, used := "", paging.Markers{}
	for {
		if r.pages > 100_000 {
			t.Fatal("the listing does not end")
		}
		page, next := r.page(marker, size)
		fresh, again := progress.Read(page)
		if again {
			marker = progress.Marker()
			continue
		}
		if len(fresh) > 0 {
			used.Clear()
		}
		for _, i := range fresh {
			got(page.IDs[i])
		}
		for i := len(page.IDs) - 1; i >= 0 && used.Used(next); i-- {
			next = page.IDs[i]
		}
		if next == "" || used.Used(next) {
			if !progress.Searching() {
				return
			}
			marker = progress.GiveUp()
			used.Clear()
			continue
		}
		marker = progress.Follow(next, len(fresh) > 0)
		used.Use(marker)
	}
}

const remembered = 200

func TestEachItemComesOnceWhateverIsDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 0))
		server := &redis{items: stored(2000)}
		size := 6 + random.IntN(15)
		var got []string
		server.before = func(_ int, marker string) {
			at := server.find(marker)
			switch {
			case at < 1 || random.IntN(4) > 0:
			case random.IntN(2) == 0: // the marker, and some before and behind it
				from, to := max(0, at-random.IntN(50)), min(len(server.items), at+1+random.IntN(5))
				server.items = slices.Delete(server.items, from, to)
			case random.IntN(10) == 0: // most of what was listed, but not the latest
				server.items = slices.Delete(server.items, 0, max(0, at-100))
			default: // the beginning
				server.items = slices.Delete(server.items, 0, min(len(server.items), random.IntN(10)))
			}
		}
		progress := paging.NewProgress(remembered)
		server.list(t, progress, size, func(id string) {
			got = append(got, id)
			if progress.Remembered() > remembered*4/3+1 {
				t.Fatalf("seed %d: %d ids are remembered", seed, progress.Remembered())
			}
		})
		slices.Sort(got)
		missing := 0
		for _, e := range server.items {
			if _, ok := slices.BinarySearch(got, e.id); !ok {
				missing++
			}
		}
		if twice := len(got) - len(slices.Compact(got)); twice > 0 || missing > 0 {
			t.Errorf("pages of %d, seed %d: %d came twice, %d are missing", size, seed, twice, missing)
		}
	}
}

// far is where a listing is when something happens to it. It has forgotten most then.
const far = 1000

// deleteOnce deletes what doomed returns, when the listing is at that item or behind it.
func (r *redis) deleteOnce(doomed func(at int) (from, to int)) {
	done := false
	r.before = func(_ int, marker string) {
		if at := r.find(marker); !done && at >= far {
			done = true
			from, to := doomed(at)
			r.items = slices.Delete(r.items, from, to)
		}
	}
}

// listedTwice returns how many items came again, and how many that are still there never came.
func (r *redis) listedTwice(t *testing.T, size int) (again, missing int) {
	t.Helper()
	times := map[string]int{}
	r.list(t, paging.NewProgress(remembered), size, func(id string) {
		if times[id]++; times[id] > 1 {
			again++
		}
	})
	for _, e := range r.items {
		if times[e.id] == 0 {
			missing++
		}
	}
	return again, missing
}

func TestAListingThatStartsAgainGoesOnAtSomethingKnown(t *testing.T) {
	t.Parallel()
	for name, doomed := range map[string]func(at int) (from, to int){
		"the marker":                       func(at int) (int, int) { return at, at + 1 },
		"the marker and the anchor":        func(at int) (int, int) { return at, at + 2 },
		"the latest 100 and some to come":  func(at int) (int, int) { return at - 100, at + 30 },
		"all but the oldest id remembered": func(at int) (int, int) { return at - 198, at + 2 },
		"everything until here":            func(at int) (int, int) { return 0, at },
		"everything up to the anchor":      func(at int) (int, int) { return 0, at + 2 },
		"the beginning":                    func(int) (int, int) { return 0, 500 },
	} {
		server := &redis{items: stored(3000)}
		server.deleteOnce(doomed)
		if again, missing := server.listedTwice(t, 20); again > 0 || missing > 0 {
			t.Errorf("%s: %d came again, %d are missing", name, again, missing)
		}
		if server.pages > 400 {
			t.Errorf("%s: %d pages were read", name, server.pages)
		}
	}
}

func TestNothingIsMissingWhenAllThatIsRememberedIsGone(t *testing.T) {
	t.Parallel()
	server := &redis{items: stored(3000)}
	server.deleteOnce(func(at int) (int, int) { return at - 300, at + 2 })
	// All clocks agree that the beginning was posted before.
	if again, missing := server.listedTwice(t, 20); again > 61 || missing > 0 {
		t.Errorf("%d came again, %d are missing", again, missing)
	}
}

func TestItemsAreListedAgainWhenNothingTellsThatTheyAreOld(t *testing.T) {
	t.Parallel()
	server := &redis{items: stored(3000)}
	for i := range server.items {
		server.items[i].posted = morning
	}
	server.deleteOnce(func(at int) (int, int) { return at - 300, at + 2 })
	if again, missing := server.listedTwice(t, 20); again < far-300 || again > far-280 || missing > 0 {
		t.Errorf("%d came again, %d are missing", again, missing)
	}
}

func TestAProgramThatDeletesWhatItListsCausesFewRequestsMore(t *testing.T) {
	t.Parallel()
	server := &redis{items: stored(3000)}
	server.list(t, paging.NewProgress(remembered), 20, func(id string) { server.remove(id, id) })
	if len(server.items) > 0 || server.pages > 170 {
		t.Errorf("%d pages were read, %d items are left", server.pages, len(server.items))
	}
}

func TestAsManyIDsAsWereAskedForAreAlwaysRemembered(t *testing.T) {
	t.Parallel()
	progress := paging.NewProgress(remembered)
	for i := range far {
		progress.Read(paging.Page{IDs: []string{fmt.Sprint(i)}})
		if oldest := max(0, i-remembered+1); !progress.Knows(fmt.Sprint(oldest)) {
			t.Fatalf("after %d ids the one %d before the last is forgotten", i+1, i-oldest)
		}
	}
}

func TestNamesInOrderShowThatAListingHasStartedAgain(t *testing.T) {
	t.Parallel()
	progress := paging.NewProgress(remembered)
	name := func(i int) string { return fmt.Sprintf("queue-%05d", i) }
	for i := range 1000 {
		progress.Read(paging.Page{IDs: []string{name(i)}})
	}
	if fresh, again := progress.Read(paging.Page{From: "gone", IDs: []string{name(3), name(4)}}); len(fresh) > 0 || again || !progress.Searching() {
		t.Errorf("%v is new, again %v", fresh, again)
	}
	if fresh, _ := progress.Read(paging.Page{IDs: []string{name(998), name(999), name(1000)}}); !slices.Equal(fresh, []int{2}) || progress.Searching() {
		t.Errorf("%v is new", fresh)
	}
}
