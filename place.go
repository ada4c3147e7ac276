package zaqar

import (
	"time"
)

// place is how far a queue has been read, and how what is listed again is told
// from what is new.
//
// Behind a live marker everything is new. When the marker's message is gone, or is
// the first of the queue, servers on Redis list from the beginning (quirks 1 and
// 2). Then the order of the queue tells: what is listed before a message that was
// handed out is old, what comes behind the last such message is new. A listing
// that starts again shows itself by ids that are known, or else by a message that
// is older than what was read last: then it is walked up to something known
// before anything is handed out. Only where nothing known is left must the ages
// tell, and in doubt a message is handed out.
type place struct {
	marker  string
	known   recent
	keep    int // ids in a Position
	size    int // of a page
	since   time.Time
	reached time.Time

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
	return place{
		marker: p.marker, known: newRecent(max(config.Remember, len(p.recent)), p.recent),
		keep: max(64, 2*int(config.PageSize)), size: int(config.PageSize), since: p.since, reached: p.reached,
	}
}

func (p *place) position() Position {
	return Position{marker: p.marker, recent: p.known.latest(p.keep), since: p.since, reached: p.reached}
}

// listed is a page as it was read.
type listed struct {
	page[*Message]
	from       string // the marker it was asked with
	sent, read time.Time
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
	switch known := p.lastKnown(l); {
	case known >= 0:
		repeats = p.passed + known + 1
		p.marker, p.searching, p.lost, p.passed = l.from, false, false, 0
		fresh = l.items[known+1:]
		if l.keys[0] == l.from {
			repeats-- // the marker's own message, since it is the first (quirk 1)
		} else {
			p.proven = time.Time{}
		}
	case p.searching || p.restarted(l):
		p.searching = true
		p.passed += len(l.items)
		return nil, 0
	default:
		fresh = l.items
	}
	wanted := fresh[:0:0]
	for _, m := range fresh {
		latest := l.latest(m)
		switch {
		case p.lost && latest.Before(p.reached.Add(-doubt)):
			repeats++
		case !p.since.IsZero() && latest.Before(p.since.Add(-time.Second)):
		default:
			wanted = append(wanted, m)
		}
	}
	return wanted, repeats
}

func (p *place) lastKnown(l listed) int {
	for i := len(l.keys) - 1; i >= 0; i-- {
		if p.known.has(l.keys[i]) {
			return i
		}
	}
	return -1
}

// restarted reports whether a page without known messages begins with one that was
// posted before what was read last. A wrong yes costs requests, no messages.
func (p *place) restarted(l listed) bool {
	return !p.lost && l.from != "" && !p.reached.IsZero() && len(l.items) > 0 && l.latest(l.items[0]).Before(p.reached)
}

// delivered takes a message down as handed out.
func (p *place) delivered(m *Message, l listed) {
	posted := l.earliest(m)
	p.known.add(m.ID(), l.read.Add(m.TTL()-m.Age()+time.Second))
	if posted.After(p.reached) {
		p.reached = posted
	}
}

// advance moves behind a page that was handed out, and reports whether to look for
// more at once.
func (p *place) advance(l listed) (more bool) {
	leads := l.next != "" && l.next != l.from
	switch {
	case p.searching && leads:
		p.walk = l.next
		return true
	case p.searching:
		// Nothing known is left: list from the marker again, that is to say from
		// the beginning, and go by the ages.
		p.searching, p.walk, p.passed, p.lost = false, "", 0, true
		return true
	case len(l.items) < p.size && !p.blind(l.sent):
		p.proven = l.sent
	case len(l.items) > 0:
		p.proven = l.earliest(l.items[len(l.items)-1])
	}
	if !leads {
		p.lost = false
		return false
	}
	p.marker = l.next
	return len(l.items) >= p.size
}

// blind reports whether messages can hide behind the marker: servers on Redis cut
// a page before they leave out what has expired, so that a page's worth of expired
// messages hides what follows (quirk 4). No message ends before [MinTTL], so none
// can have ended that was posted after what is proven to have been passed.
func (p *place) blind(now time.Time) bool { return now.Sub(p.proven) > MinTTL-10*time.Second }
