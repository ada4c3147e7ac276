package zaqar

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// First returns the first item of a listing; ok is false when there is none. It
// fetches one page.
//
//	msg, ok, err := zaqar.First(queue.Messages(ctx))
func First[T any](list iter.Seq2[T, error]) (item T, ok bool, err error) {
	for item, err = range list {
		return item, err == nil, err
	}
	return item, false, nil
}

// page is one page of a listing; keys tell its items apart.
type page[T any] struct {
	keys  []string
	items []T
	next  string // the marker that the server gave for the page behind, or ""
}

func (p *page[T]) add(key string, item T) {
	p.keys = append(p.keys, key)
	p.items = append(p.items, item)
}

type fetch[T any] func(context.Context, wire.Params) (page[T], error)

// paginate turns pages into one lazy sequence. It never gets stuck and never
// ends early, whatever the server makes of markers:
//
//   - A marker that is gone, or that is the first item, makes servers start from
//     the beginning (quirks 1, 2, 15): items seen before are passed over, and a
//     marker that led nowhere is not used again.
//   - Servers filter after they have cut the page (quirk 4), so a short page does
//     not mean that nothing is behind it: the unfiltered listing tells.
func paginate[T any](ctx context.Context, l listing, get fetch[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := l.check(); err != nil {
			yield(none, err)
			return
		}
		w := &walk[T]{listing: l, get: get, marker: string(l.marker), seen: map[string]bool{}, tried: map[string]bool{}}
		w.start()
		for {
			p, err := w.fetch(ctx)
			if err != nil {
				yield(none, err)
				return
			}
			for _, i := range w.fresh(p) {
				if !yield(p.items[i], nil) || w.enough() {
					return
				}
			}
			more, err := w.advance(ctx, p)
			if err != nil {
				yield(none, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// walk is where a listing stands.
type walk[T any] struct {
	listing
	get    fetch[T]
	marker string
	size   int             // items asked for at a time
	given  int             // items yielded
	seen   map[string]bool // keys yielded
	tried  map[string]bool // markers used since something new was yielded

	probedAt, probedNext string // the last look behind a marker
}

// start chooses the size of the first page: no more than is wanted.
func (w *walk[T]) start() {
	w.size = defaultPageSize
	if w.pageSize != nil {
		w.size = int(*w.pageSize)
	}
	if w.limit != nil {
		w.size = max(2, min(w.size, int(*w.limit)))
	}
}

func (w *walk[T]) fetch(ctx context.Context) (page[T], error) {
	p, err := w.get(ctx, w.request(w.params))
	e, refused := errors.AsType[*Error](err)
	if refused && e.Code == http.StatusBadRequest && w.pageSize == nil && w.size > 0 {
		// The operator may allow less than 20: let the server choose.
		w.size = 0
		return w.get(ctx, w.request(w.params))
	}
	return p, err
}

func (w *walk[T]) request(params wire.Params) wire.Params {
	p := wire.Params{}
	maps.Copy(p, params)
	if w.size > 0 {
		p["limit"] = w.size
	}
	if w.marker != "" {
		p["marker"] = w.marker
	} else if p["include_claimed"] == true {
		// Without a marker that is a 503 on Redis (quirk 3); an unknown marker
		// is the beginning.
		p["marker"] = "0"
	}
	return p
}

// fresh returns which items of a page were not there before, and takes them
// down as yielded.
func (w *walk[T]) fresh(p page[T]) []int {
	var fresh []int
	for i, key := range p.keys {
		if w.seen[key] {
			continue
		}
		w.seen[key] = true
		fresh = append(fresh, i)
	}
	if len(fresh) > 0 {
		clear(w.tried)
	}
	return fresh
}

// enough counts one yielded item and reports whether that was the last wanted.
func (w *walk[T]) enough() bool {
	w.given++
	return w.limit != nil && w.given >= int(*w.limit)
}

// advance moves to the next page and reports whether there is one.
func (w *walk[T]) advance(ctx context.Context, p page[T]) (bool, error) {
	full := w.size > 0 && len(p.keys) >= w.size
	if w.pageSize == nil && w.size > 0 {
		w.size = defaultPageSize
	}
	next := p.next
	if len(w.filters) > 0 && !full {
		behind, more, err := w.behind(ctx, p)
		if err != nil || !more {
			return false, err
		}
		// Empty, or the same page as before: what is left of this stretch is
		// filtered out.
		if len(p.keys) == 0 || w.tried[next] {
			next = behind
		}
	}
	if next == "" {
		return false, nil
	}
	if w.tried[next] {
		if next = w.stepBack(p); next == "" {
			return false, w.stuck(full)
		}
	}
	w.tried[next] = true
	w.marker = next
	return true, nil
}

// behind looks past a page that filtering left short: it returns the marker
// behind the next stretch of the unfiltered listing.
func (w *walk[T]) behind(ctx context.Context, p page[T]) (string, bool, error) {
	at := w.marker
	if p.next != "" {
		at = p.next
	}
	if w.probedNext != "" && w.probedAt == at {
		return w.probedNext, true, nil
	}
	unfiltered := wire.Params{}
	maps.Copy(unfiltered, w.params)
	for _, name := range w.filters {
		unfiltered[name] = true
	}
	before := w.marker
	w.marker = at
	all, err := w.get(ctx, w.request(unfiltered))
	w.marker = before
	if err != nil || len(all.keys) == 0 || all.next == "" {
		return "", false, err
	}
	if w.size > len(all.keys) && w.knows(all) {
		return "", false, nil // a short stretch of what was seen: the end
	}
	w.probedAt, w.probedNext = at, all.next
	return all.next, true, nil
}

func (w *walk[T]) knows(p page[T]) bool {
	for _, key := range p.keys {
		if !w.seen[key] {
			return false
		}
	}
	return true
}

// stepBack finds a marker further up the page that was not used in vain yet.
func (w *walk[T]) stepBack(p page[T]) string {
	for i := len(p.keys) - 1; i >= 0; i-- {
		if key := p.keys[i]; !w.tried[key] {
			return key
		}
	}
	return ""
}

// stuck is the error for a full page behind which the server shows nothing but
// that page again. A short one is the end.
func (w *walk[T]) stuck(full bool) error {
	if !full {
		return nil
	}
	return &Error{
		Op: string(w.op), Queue: w.queue, repeatable: true,
		Err: fmt.Errorf("%w: the listing starts again behind marker %q", ErrMalformed, w.marker),
	}
}
