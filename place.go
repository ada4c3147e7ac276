package zaqar

import (
	"slices"
	"time"
)

// place is how far a queue has been read, and how what is listed again is told
// from what is new.
//
// Each page overlaps with the one before it by a message, the anchor: what follows the
// anchor in a page is all that follows it. Servers on Redis look up the rank of the
// marker first and read from there afterwards, so that a deletion in between makes them
// step over a message (quirk 44); a page that lacks the anchor may have a gap before it,
// and is read again from further back.
//
// When the marker's message is gone, or is the first of the queue, they list from the
// beginning (quirks 1 and 2). Then the order of the queue tells: the ids of the latest
// messages are known without a gap, so that what is listed before the first of them is
// old, and what is not known behind it is new. A listing that starts again shows
// itself by ids that are known, or else by a message that is older than what was read
// last: then it is walked up to something known before anything is handed out. Only
// where nothing known is left must the ages tell, and in doubt a message is handed out.
type place struct {
	marker  string
	known   recent // handed out, or passed over for being older than since
	keep    int    // ids in a Position
	size    int    // of a page
	since   time.Time
	reached time.Time

	ids     bool   // whether ids are markers
	anchor  string // must be in the next page, if it still exists; "" when not known
	stepped int    // how often further back, since the anchor was not there
	again   bool   // the last page was no use

	searching bool   // for something known, in a listing that started again
	walk      string // the marker of that search
	passed    int    // messages passed by it
	lost      bool   // it found nothing
	proven    time.Time
}

// doubt is how far the clocks of servers, and of programs that share a position,
// may be apart where ages alone tell that a message is old.
const doubt = time.Minute

func newPlace(p Position, config SubscriberConfig) place {
	if p.now {
		p.since = time.Now()
	}
	at := place{
		marker: p.marker, known: newRecent(max(config.Remember, len(p.recent)), p.recent),
		keep: max(64, 2*int(config.PageSize)), size: int(config.PageSize), since: p.since, reached: p.reached,
	}
	if slices.Contains(p.recent, p.marker) {
		at.ids, at.anchor = true, p.recent[len(p.recent)-1]
	}
	return at
}

func (p *place) position() Position {
	return Position{marker: p.marker, recent: p.known.latest(p.keep), since: p.since, reached: p.reached}
}

// listed is a page as it was read.
type listed struct {
	page[*Message]
	from       string // the marker it was asked with
	sent, read time.Time
	peered     bool // it is not what follows the marker, see reader.peer
}

// earliest and latest are the bounds of when a message was posted. Both times of
// the server are cut to whole seconds, so that an age is up to a second off.
func (l listed) earliest(m *Message) time.Time { return l.sent.Add(-m.Age() - time.Second) }
func (l listed) latest(m *Message) time.Time   { return l.read.Add(-m.Age() + time.Second) }

// from returns the marker of the next page.
func (p *place) from() string {
	if p.searching {
		return p.walk
	}
	return p.marker
}

// sift returns what of a page is new, and how many messages were there before.
func (p *place) sift(l listed) (fresh []*Message, repeats int) {
	p.again = false
	first := p.firstKnown(l)
	switch {
	case p.searching && first < 0:
		p.passed += len(l.items)
		return nil, 0
	case !p.searching && p.astray(l):
		p.stepped++
		p.marker, p.again = p.known.latest(p.steps() + 1)[0], true
		return nil, 0
	case first < 0 && p.restarted(l):
		p.searching, p.passed = true, len(l.items)
		return nil, 0
	}
	if p.searching {
		repeats = p.passed
		p.marker, p.searching, p.passed = l.from, false, 0
	}
	if p.stepped > 0 || repeats > 0 {
		p.proven = time.Time{}
	}
	for i, m := range l.items {
		latest := l.latest(m)
		switch {
		case p.known.has(m.ID()) || i < first && !p.lost:
			if !p.expected(l, l.keys[i]) {
				repeats++
			}
		case p.lost && latest.Before(p.reached.Add(-doubt)):
			repeats++
			p.knows(m, l)
		case !p.since.IsZero() && latest.Before(p.since.Add(-time.Second)):
			p.knows(m, l)
		default:
			fresh = append(fresh, m)
		}
	}
	return fresh, repeats
}

func (p *place) firstKnown(l listed) int { return slices.IndexFunc(l.keys, p.known.has) }

// ladder is how many known messages a page has that is read from further back. What was
// looked for may be gone, and then the listing starts again; so there are some tries.
var ladder = [...]int{7, 12, 18}

// steps returns the present rung of it, or as many as leave room for something new.
func (p *place) steps() int { return max(1, min(ladder[p.stepped-1], p.size-1)) }

// astray reports whether a page lacks the anchor, so that there may be a gap before it,
// and reading further back may show more.
func (p *place) astray(l listed) bool {
	if !p.ids || p.anchor == "" || p.stepped == len(ladder) || l.peered || len(l.keys) == 0 || len(p.known.order) == 0 {
		return false
	}
	return !slices.ContainsFunc(l.keys, func(id string) bool { return id != l.from && p.expected(l, id) })
}

// expected reports whether a message is listed again that had to be.
func (p *place) expected(l listed, id string) bool {
	return id == l.from || id == p.anchor || p.stepped > 0 && slices.Contains(p.known.latest(p.steps()), id)
}

// restarted reports whether a page without known messages begins with one that was
// posted before what was read last. A wrong yes costs requests, no messages.
func (p *place) restarted(l listed) bool {
	return !p.lost && l.from != "" && !p.reached.IsZero() && len(l.items) > 0 && l.latest(l.items[0]).Before(p.reached)
}

// delivered takes a message down as handed out.
func (p *place) delivered(m *Message, l listed) {
	p.knows(m, l)
	if posted := l.earliest(m); posted.After(p.reached) {
		p.reached = posted
	}
}

func (p *place) knows(m *Message, l listed) {
	p.known.add(m.ID(), l.read.Add(m.TTL()-m.Age()+time.Second))
}

// advance moves behind a page that was handed out, and reports whether to look for
// more at once.
func (p *place) advance(l listed) (more bool) {
	if p.again {
		return true
	}
	if p.searching {
		return p.search(l)
	}
	switch {
	case len(l.items) < p.size && !p.blind(l.sent):
		p.proven = l.sent
	case len(l.items) > 0:
		p.proven = l.earliest(l.items[len(l.items)-1])
	}
	p.stepped = 0
	next := p.next(l)
	if next == "" || next == l.from {
		p.lost = false
		return false
	}
	p.marker = next
	return len(l.items) >= p.size
}

// search moves on in a listing that started again.
func (p *place) search(l listed) (more bool) {
	if l.next != "" && l.next != l.from {
		p.walk = l.next
		return true
	}
	// Nothing known is left: list from the marker again, that is to say from the
	// beginning, and go by the ages.
	p.searching, p.walk, p.passed, p.lost, p.anchor = false, "", 0, true, ""
	return true
}

// next returns the marker for what follows a page. Where ids are markers it is the last
// but one of the page, and the last is the anchor.
func (p *place) next(l listed) string {
	n := len(l.keys)
	if n == 0 {
		return ""
	}
	p.ids, p.anchor = l.next == l.keys[n-1], l.keys[n-1]
	switch {
	case !p.ids || l.peered:
	case n == 1:
		return l.from
	case n < p.size || l.keys[n-2] != l.from:
		return l.keys[n-2]
	}
	p.anchor = "" // it would leave no room in the page
	return l.next
}

// blind reports whether messages can hide behind the marker: servers on Redis cut
// a page before they leave out what has expired, so that a page's worth of expired
// messages hides what follows (quirk 4). No message ends before [MinTTL], so none
// can have ended that was posted after what is proven to have been passed.
func (p *place) blind(now time.Time) bool { return now.Sub(p.proven) > MinTTL-10*time.Second }
