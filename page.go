package zaqar

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/zaqar-go/zaqar/internal/paging"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/observe"
)

// First returns the first item of a listing. ok is false if the listing is empty or
// fails; then err is nil or the error. It blocks for one page.
//
//	msg, ok, err := zaqar.First(queue.Messages(ctx))
func First[T any](list iter.Seq2[T, error]) (item T, ok bool, err error) {
	for item, err = range list {
		return item, err == nil, err
	}
	return item, false, nil
}

// page is one page of a listing. keys are the ids or names of its items.
type page[T any] struct {
	keys  []string
	items []T
	next  string // the server's marker for the next page, or ""
	cut   error  // why what follows this page cannot be read, nil if it can or nothing follows

	// Of messages:
	ages         []time.Duration
	sent, served time.Time // when it was asked for, and its header Date, or the zero time
}

func (p *page[T]) add(key string, item T) {
	p.keys = append(p.keys, key)
	p.items = append(p.items, item)
}

// grow makes room for a page of messages.
func (p *page[T]) grow(n int) {
	p.keys, p.items, p.ages = make([]string, 0, n), make([]T, 0, n), make([]time.Duration, 0, n)
}

type fetch[T any] func(context.Context, wire.Params) (page[T], error)

// paginate turns pages into one lazy sequence. Whatever the server does with markers,
// the sequence neither loops nor ends early:
//
//   - When its marker is gone, or is the first item, a server starts the listing
//     again (quirks 1, 2, 15). Items seen before are skipped, see [paging.Progress], and
//     a marker that brought nothing new is not used again.
//   - Servers filter after they have cut the page (quirk 4). So a short page may not
//     be the last one. The unfiltered listing shows whether it is.
//   - A new marker is progress, so any number of empty pages may follow each other. But
//     after some of them requests are paced, see [paging.Pace]. Markers that lead in a circle
//     are an error.
func paginate[T any](ctx context.Context, l listing, get fetch[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := l.check(); err != nil {
			yield(none, err)
			return
		}
		p := &pager[T]{listing: l, get: get, marker: string(l.marker), progress: paging.NewProgress(DefaultRemember)}
		p.size = p.firstSize()
		for {
			current, err := p.fetch(ctx)
			if err != nil {
				yield(none, err)
				return
			}
			fresh, again := p.read(current)
			if again {
				continue
			}
			if p.pace.Page(len(fresh) > 0 || p.walking && len(current.keys) > 0) {
				p.observer.report(ctx, observe.ListingSlowed{Op: string(p.op), Queue: p.queue, Pages: p.pace.Pages()})
			}
			for _, i := range fresh {
				p.yielded++
				if !yield(current.items[i], nil) || p.limitReached() {
					return
				}
			}
			more, err := p.advance(ctx, current, len(fresh) > 0)
			if err != nil {
				yield(none, err)
				return
			}
			if !more && !p.giveUp() {
				return
			}
		}
	}
}

// pager is the state of one listing.
type pager[T any] struct {
	listing
	get     fetch[T]
	marker  string
	size    int // the page size to ask for; 0: the server's
	yielded int // the number of items
	// progress remembers the keys of the items that were yielded last.
	progress *paging.Progress
	used     paging.Markers // since the last new item
	walks    int            // of a listing that has started again, since then
	walking  bool           // over what was listed before; that has an end, so it is not paced
	pace     paging.Pace

	// The last probe of the unfiltered listing: from which marker, to which, and how many
	// items were between them.
	probedFrom, probedTo string
	probedItems          int
}

// firstSize asks for no more items than the limit wants.
func (p *pager[T]) firstSize() int {
	size := defaultPageSize
	if p.pageSize != nil {
		size = int(*p.pageSize)
	}
	if p.limit != nil {
		size = max(2, min(size, int(*p.limit))) // never 1: quirk 1
	}
	return size
}

func (p *pager[T]) limitReached() bool { return p.limit != nil && p.yielded >= int(*p.limit) }

func (p *pager[T]) fetch(ctx context.Context) (page[T], error) {
	result, err := p.ask(ctx, p.request(p.params))
	e, refused := errors.AsType[*Error](err)
	if refused && e.refusesLimit() && p.pageSize == nil && p.size > 0 {
		// The operator may allow less than 20: let the server choose.
		p.size = 0
		return p.ask(ctx, p.request(p.params))
	}
	return result, err
}

// ask reads a page when it is its time.
func (p *pager[T]) ask(ctx context.Context, params wire.Params) (page[T], error) {
	if err := p.pace.Wait(ctx); err != nil {
		return page[T]{}, &Error{Op: string(p.op), Queue: p.queue, repeatable: true, Err: err}
	}
	return p.get(ctx, params)
}

// beginning is a marker before every message. Servers on Redis answer 503 to
// include_claimed without a marker (quirk 3), and take an unknown one for the beginning.
// On MongoDB markers are numbers, and the first may be 0 (quirk 48).
const beginning = "-1"

func (p *pager[T]) request(params wire.Params) wire.Params {
	request := wire.Params{}
	maps.Copy(request, params)
	if p.size > 0 {
		request["limit"] = p.size
	}
	if p.marker != "" {
		request["marker"] = p.marker
	} else if request["include_claimed"] == true {
		request["marker"] = beginning
	}
	return request
}

// mostWalks is how often a listing that starts again is walked without anything new
// before its markers count as a circle.
const mostWalks = 3

// read returns the indices of the items that are new. It returns true if the page is to
// be read again from the marker that it sets.
func (p *pager[T]) read(current page[T]) (fresh []int, again bool) {
	searching := p.progress.Searching()
	fresh, again = p.progress.Read(paging.Page{
		From: p.marker, IDs: current.keys, Ages: current.ages, Sent: current.sent, Read: time.Now(), Served: current.served,
	})
	switch {
	case again:
		p.marker = p.progress.Marker()
	case len(fresh) > 0:
		p.used.Clear()
		p.walks, p.walking = 0, false
	case len(current.keys) > 0 && p.walks < mostWalks:
		// Behind a filtered stretch only a listing that has started again has known items.
		if p.progress.Searching() && !searching || !p.progress.Searching() && p.marker != "" && !p.progress.Knows(p.marker) {
			p.used.Clear()
			p.walks++
			p.walking, p.probedTo = true, ""
		}
	}
	return fresh, again
}

// giveUp is called at the end of the listing. It reports whether to read on, from the
// marker that it sets.
func (p *pager[T]) giveUp() bool {
	if !p.progress.Searching() {
		return false
	}
	p.marker = p.progress.GiveUp()
	p.used.Clear()
	return true
}

// advance moves to the next page and reports whether there is one.
func (p *pager[T]) advance(ctx context.Context, current page[T], news bool) (bool, error) {
	if current.cut != nil {
		return false, current.cut
	}
	full := p.size > 0 && len(current.keys) >= p.size
	if p.pageSize == nil && p.size > 0 {
		p.size = defaultPageSize
	}
	next, probed := current.next, false
	if len(p.filters) > 0 && !full {
		unfiltered, more, err := p.probe(ctx, current)
		if err != nil || !more {
			return false, err
		}
		// An empty page, or the same one again: the filter leaves out the rest of
		// this stretch.
		if len(current.keys) == 0 || p.used.Used(next) {
			next, probed = unfiltered, p.probedItems > 0
		}
	}
	if next == "" {
		return false, nil
	}
	if p.used.Used(next) {
		// Behind an empty page only a marker that was found beside an item may be an old
		// one: the listing has started again.
		if len(current.keys) == 0 && !probed {
			return false, p.circle(next)
		}
		if next = p.unusedMarker(current); next == "" {
			return false, p.loops(full)
		}
	}
	p.marker = p.progress.Follow(next, news)
	p.used.Use(p.marker)
	return true, nil
}

// probe looks past a page that the filter left short. It reads the next page of the
// unfiltered listing and returns the marker after it.
func (p *pager[T]) probe(ctx context.Context, current page[T]) (string, bool, error) {
	from := p.marker
	if current.next != "" {
		from = current.next
	}
	if p.probedTo != "" && p.probedFrom == from {
		return p.probedTo, true, nil
	}
	unfiltered := wire.Params{}
	maps.Copy(unfiltered, p.params)
	for _, name := range p.filters {
		unfiltered[name] = true
	}
	before := p.marker
	p.marker = from
	all, err := p.ask(ctx, p.request(unfiltered))
	p.marker = before
	if err != nil || all.next == "" || len(all.keys) == 0 && all.next == from {
		return "", false, err
	}
	if len(all.keys) > 0 && p.size > len(all.keys) && p.knows(all) {
		return "", false, nil // a short page of known items is the last one
	}
	p.probedFrom, p.probedTo, p.probedItems = from, all.next, len(all.keys)
	return all.next, true, nil
}

// knows reports whether all items of a page were seen before.
func (p *pager[T]) knows(all page[T]) bool {
	for _, key := range all.keys {
		if !p.progress.Knows(key) {
			return false
		}
	}
	return true
}

// unusedMarker returns the last key of the page that was not used as a marker yet.
func (p *pager[T]) unusedMarker(current page[T]) string {
	for i := len(current.keys) - 1; i >= 0; i-- {
		if key := current.keys[i]; !p.used.Used(key) {
			return key
		}
	}
	return ""
}

// loops is the error when a full page leads only to itself. A short page is the end.
func (p *pager[T]) loops(full bool) error {
	if !full {
		return nil
	}
	return p.circle(p.marker)
}

// circle is the error when a marker leads back to where the listing was.
func (p *pager[T]) circle(marker string) error {
	return &Error{
		Op: string(p.op), Queue: p.queue, repeatable: true,
		Err: fmt.Errorf("%w: the listing starts again after marker %.80q", ErrMalformed, marker),
	}
}
