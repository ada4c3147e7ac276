package paging

import (
	"slices"
	"time"
)

// Progress is how far a listing has been read. It tells which items of a page are new,
// although a server may list some again: when the item that a marker names is gone, or is
// the first one, servers on Redis start the listing from the beginning (quirks 1 and 2).
//
// As long as no id is forgotten, new is what is not known. After that the order of the
// listing decides: what stands before the first known item of a page is old, what is not
// known behind it is new. So that a page has a known item, pages then overlap by one, the
// anchor. Without the anchor the page is read again from ids that are further back. If
// all of these are gone too, age or name may show that the listing has started again.
// Then it is walked silently until something known comes.
type Progress struct {
	ids    IDs
	anchor string // is in the next page if it still exists; "" when that is not known

	rewound int    // how many ids further back were tried, for the present page
	asked   string // the marker of that page
	again   string // the marker to read from instead

	alone bool // no id further back exists, so none is tried until something known comes

	searching bool   // for something known, in a listing that has started again
	from      string // where the search began
	lost      bool   // nothing known is left; until something new comes, age tells what is old

	last     string       // the id that was new last
	unsorted bool         // ids do not come in their order
	reached  [2]time.Time // no clock says that the last item was posted before this
}

// NewProgress returns the progress of a listing that begins. It remembers the last ids, at
// least this many.
func NewProgress(least int) *Progress { return &Progress{ids: NewIDs(least)} }

// Page is a page of a listing.
type Page struct {
	From string   // the marker that it was read from
	IDs  []string // or names: what the listing is known by
	// Ages are those of messages, in whole seconds; nil when they are not known.
	Ages []time.Duration
	// Sent and Read are when the page was asked for and when it was there. Served is when
	// the server answered, by its own clock, or the zero time.
	Sent, Read, Served time.Time
}

// tries are how many ids further back a page is read from that lacks the anchor.
var tries = [...]int{7, 12, 18, 40, 100, 400, 1600, 6400}

// clockSkew is how far apart clocks may be where only its age tells that a message is old.
const clockSkew = time.Minute

// Knows reports whether the id is one of those that were new, and is not forgotten.
func (p *Progress) Knows(id string) bool { return p.ids.Has(id) }

// Remembered returns how many ids are remembered.
func (p *Progress) Remembered() int { return p.ids.Len() }

// Read returns the indices of the items that are new, and remembers them. again means that
// the page shows nothing, and that the listing is to be read from [Progress.Marker].
func (p *Progress) Read(page Page) (fresh []int, again bool) {
	first := 0
	if p.ids.forgot && len(page.IDs) > 0 {
		first = slices.IndexFunc(page.IDs, p.ids.Has)
		switch {
		case p.lost:
			first = 0
		case first >= 0:
			p.searching, p.alone = false, false
		case p.searching:
			return nil, false
		case p.anchor != "" && !p.alone:
			p.goBack(page.From)
			return nil, true
		case p.startedAgain(page):
			p.searching, p.from = true, page.From
			return nil, false
		default:
			first = 0
		}
	}
	p.rewound = 0
	ids := cloned(page.IDs[first:])
	fresh = make([]int, 0, len(ids))
	for n, id := range ids {
		switch i := first + n; {
		case p.ids.Has(id), p.lost && p.isOld(page, i):
		default:
			p.lost = false
			p.pass(page, i, id)
			fresh = append(fresh, i)
		}
	}
	return fresh, false
}

// Marker returns where to read again.
func (p *Progress) Marker() string { return p.again }

// goBack chooses an id further back to read from, and at last the marker that the page
// was read from.
func (p *Progress) goBack(from string) {
	if p.rewound == 0 {
		p.asked = from
	}
	for p.rewound < len(tries) {
		back := tries[p.rewound]
		p.rewound++
		if back < p.ids.Len() {
			p.again = p.ids.back(back)
			return
		}
	}
	p.again, p.alone = p.asked, true
}

// Follow returns the marker to read the following page from. That is next, the marker of
// the server, or the id before it, so that the pages overlap. news says whether the page
// had something new.
func (p *Progress) Follow(next string, news bool) string {
	p.anchor = ""
	if !news || !p.ids.forgot || p.ids.Len() < 2 || next != p.ids.back(0) {
		return next
	}
	p.anchor = next
	return p.ids.back(1)
}

// Searching reports whether the listing has started again, and nothing known has come yet.
func (p *Progress) Searching() bool { return p.searching }

// GiveUp ends a search that has found nothing until the end of the listing. It returns
// the marker to read from again. From there on all is new but what is old by every clock.
func (p *Progress) GiveUp() (marker string) {
	p.searching, p.lost, p.anchor = false, true, ""
	return p.from
}

// pass records that an item is new. id is a copy of its own.
func (p *Progress) pass(page Page, i int, id string) {
	p.ids.keep(id, time.Time{})
	if latest := p.ids.back(0); latest < p.last {
		p.unsorted = true
	} else {
		p.last = latest
	}
	if page.Ages == nil {
		return
	}
	for clock, sent := range [...]time.Time{page.Sent, page.Served} {
		// The server cuts times to whole seconds, so an age can be wrong by one.
		if posted := sent.Add(-page.Ages[i] - time.Second); !sent.IsZero() && posted.After(p.reached[clock]) {
			p.reached[clock] = posted
		}
	}
}

// startedAgain reports whether a page begins with an item that stands before the last one,
// by its age or by its name. If that is wrong it costs requests, but no items.
func (p *Progress) startedAgain(page Page) bool {
	if !p.unsorted && page.IDs[0] <= p.last {
		return true
	}
	return slices.ContainsFunc(p.ahead(page, 0), func(d time.Duration) bool { return d < 0 })
}

// isOld reports whether an item was posted well before the last one, by both clocks.
func (p *Progress) isOld(page Page, i int) bool {
	ahead := p.ahead(page, i)
	return len(ahead) == len(p.reached) && slices.Max(ahead) < -clockSkew
}

// ahead returns how long after the last item another one was posted at most, once for
// each clock that is known.
func (p *Progress) ahead(page Page, i int) []time.Duration {
	if page.Ages == nil {
		return nil
	}
	var ahead []time.Duration
	for clock, read := range [...]time.Time{page.Read, page.Served} {
		if !read.IsZero() && !p.reached[clock].IsZero() {
			ahead = append(ahead, read.Add(time.Second-page.Ages[i]).Sub(p.reached[clock]))
		}
	}
	return ahead
}
