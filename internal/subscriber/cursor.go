package subscriber

import (
	"slices"
	"time"
)

// cursor is how far a queue has been read. It tells what is new in a page from what is
// listed again.
//
// Each page overlaps with the page before it by one message, the anchor. Everything
// behind the anchor in a page is everything that follows it in the queue. Servers on
// Redis first look up the rank of the marker and then read from there, so a deletion in
// between makes them skip a message (quirk 44). A page without the anchor may therefore
// have a gap before it, and is read again from further back.
//
// When the marker's message is gone, or is the first of the queue, these servers list
// from the beginning (quirks 1 and 2). Then the order of the queue decides. The ids of
// the latest messages are known without a gap: what is listed before the first known
// one is old, and what is not known behind it is new. A listing that starts again is
// recognised by known ids, or else by a message that is older than the one read last.
// It is then searched for something known before anything is handed out. Ages decide
// only where nothing known is left, and when they leave a doubt the message is handed
// out.
type cursor struct {
	marker   string
	seen     seen      // handed out, or skipped as older than since
	saved    int       // how many ids a Position has
	pageSize int       // a page with this many messages is full
	since    time.Time // what was posted before this is not wanted
	reached  time.Time // the message read last was not posted before this

	idsAreMarkers bool
	anchor        string // must be in the next page if it still exists; "" when not known
	rewinds       int    // how often the page was read from further back, for its gap
	readAgain     bool   // the last page is to be read again

	searching    bool      // for something known, in a listing that started again
	searchMarker string    // how far the search is
	skipped      int       // messages that the search has passed
	lost         bool      // nothing known is left: only ages tell what is old
	verifiedAt   time.Time // nothing that was posted before this can still be unread

	searched markers // those that the search has used: a circle ends it
}

const (
	// clockSkew is how far apart the clocks of servers, and of programs that share a
	// position, may be where only its age tells that a message is old.
	clockSkew = time.Minute
	// fewestSaved is how many ids a Position has at least.
	fewestSaved = 64
	// minTTL is the shortest life of a message, as zaqar.MinTTL.
	minTTL = time.Minute
)

func newCursor(p Position, config Config) cursor {
	c := cursor{
		marker: p.Marker, seen: newSeen(max(config.Remember, len(p.Recent)), p.Recent),
		saved: max(fewestSaved, 2*config.PageSize), pageSize: config.PageSize, since: p.Since, reached: p.Reached,
	}
	if p.Now {
		c.since = time.Now()
	}
	if slices.Contains(p.Recent, p.Marker) {
		c.idsAreMarkers, c.anchor = true, p.Recent[len(p.Recent)-1]
	}
	return c
}

func (c *cursor) position() Position {
	return Position{Marker: c.marker, Recent: c.seen.latest(c.saved), Since: c.since, Reached: c.reached}
}

// readFrom returns the marker of the page to read next.
func (c *cursor) readFrom() string {
	if c.searching {
		return c.searchMarker
	}
	return c.marker
}

// classify returns which messages of a page are new, and how many are repeats.
func (c *cursor) classify(l listed) (fresh []Message, repeats int) {
	c.lost = c.lost || l.head
	c.readAgain = false
	first := c.firstKnown(l)
	switch {
	case c.searching && first < 0:
		c.skipped += len(l.messages)
		return nil, 0
	case !c.searching && c.hasGap(l):
		c.rewinds++
		c.marker, c.readAgain = c.seen.latest(c.rewindBy() + 1)[0], true
		return nil, 0
	case first < 0 && c.startedAgain(l):
		c.searched = nil
		c.searching, c.skipped = true, len(l.messages)
		return nil, 0
	}
	if c.searching {
		repeats = c.skipped
		c.marker, c.searching, c.skipped = l.from, false, 0
	}
	if c.rewinds > 0 || repeats > 0 {
		c.verifiedAt = time.Time{}
	}
	for i, m := range l.messages {
		switch {
		case c.seen.has(m.ID()) || i < first && !c.lost:
			if !c.overlaps(l, l.ids[i]) {
				repeats++
			}
		case c.lost && c.isOld(m, l):
			repeats++
			c.remember(m, l)
		case c.beforeStart(m, l):
			c.remember(m, l)
		default:
			fresh = append(fresh, m)
		}
	}
	return fresh, repeats
}

// firstKnown returns the index of the first message that is known, -1 if there is none.
func (c *cursor) firstKnown(l listed) int { return slices.IndexFunc(l.ids, c.seen.has) }

// isOld reports whether the age of a message proves that it was posted before the one
// read last.
func (c *cursor) isOld(m Message, l listed) bool {
	return l.latest(m).Before(c.reached.Add(-clockSkew))
}

// beforeStart reports whether the age of a message proves that it was posted before
// since.
func (c *cursor) beforeStart(m Message, l listed) bool {
	return !c.since.IsZero() && l.latest(m).Before(c.since.Add(-time.Second))
}

// rewindSteps is how many known messages the page has that is read from further back.
// The message to start behind may be gone too, and then the listing starts again, so
// there are several tries.
var rewindSteps = [...]int{7, 12, 18}

// rewindBy returns how many that is in the present try. It leaves room in the page for
// something new.
func (c *cursor) rewindBy() int { return max(1, min(rewindSteps[c.rewinds-1], c.pageSize-1)) }

// hasGap reports whether a page lacks the anchor, so that there may be a gap before it,
// and another try may show more.
func (c *cursor) hasGap(l listed) bool {
	switch {
	case !c.idsAreMarkers, c.anchor == "", c.rewinds == len(rewindSteps):
		return false
	case l.head, len(l.ids) == 0, c.seen.empty():
		return false
	}
	return !slices.ContainsFunc(l.ids, func(id string) bool { return id != l.from && c.overlaps(l, id) })
}

// overlaps reports whether a message is listed again on purpose, since pages overlap.
func (c *cursor) overlaps(l listed, id string) bool {
	return id == l.from || id == c.anchor || c.rewinds > 0 && slices.Contains(c.seen.latest(c.rewindBy()), id)
}

// startedAgain reports whether a page without known messages begins with one that was
// posted before the one read last. If that is wrong it costs requests, but no messages.
func (c *cursor) startedAgain(l listed) bool {
	return !c.lost && l.from != "" && !c.reached.IsZero() && len(l.messages) > 0 && l.latest(l.messages[0]).Before(c.reached)
}

// delivered records that a message of a page was handed out.
func (c *cursor) delivered(m Message, l listed) {
	c.remember(m, l)
	if posted := l.earliest(m); posted.After(c.reached) {
		c.reached = posted
	}
}

func (c *cursor) remember(m Message, l listed) { c.seen.add(m.ID(), l.expires(m)) }

// advance moves behind a page that was handed out. It reports whether to read on at
// once.
func (c *cursor) advance(l listed) (more bool) {
	if c.readAgain {
		return true
	}
	if c.searching {
		return c.search(l)
	}
	switch {
	case len(l.messages) < c.pageSize && !c.mayHide(l.sent):
		c.verifiedAt = l.sent
	case len(l.messages) > 0:
		c.verifiedAt = l.earliest(l.messages[len(l.messages)-1])
	}
	c.rewinds = 0
	next := c.next(l)
	if next == "" || next == l.from {
		c.lost = false
		return false
	}
	c.marker = next
	return len(l.messages) >= c.pageSize
}

// search moves on in a listing that started again.
func (c *cursor) search(l listed) (more bool) {
	if l.next != "" && l.next != l.from && c.searched.add(l.next) {
		c.searchMarker = l.next
		return true
	}
	// Nothing known is left. Read from the marker again, which means from the
	// beginning, and go by the ages.
	c.searched = nil
	c.searching, c.searchMarker, c.skipped, c.lost, c.anchor = false, "", 0, true, ""
	return true
}

// next returns the marker of the page that follows, and sets the anchor. Where ids are
// markers, the marker is the last message but one, and the anchor is the last one.
func (c *cursor) next(l listed) string {
	n := len(l.ids)
	if n == 0 {
		return ""
	}
	c.idsAreMarkers, c.anchor = l.next == l.ids[n-1], l.ids[n-1]
	switch {
	case !c.idsAreMarkers || l.head:
	case n == 1:
		return l.from
	case n < c.pageSize || l.ids[n-2] != l.from:
		return l.ids[n-2]
	}
	c.anchor = "" // it would leave no room in the page
	return l.next
}

// mayHide reports whether messages can hide behind the marker. Servers on Redis cut a
// page before they leave out expired messages, so a page's worth of expired messages
// hides what follows (quirk 4). No message expires before minTTL, so what was posted
// after verifiedAt cannot have expired within that time.
func (c *cursor) mayHide(now time.Time) bool { return now.Sub(c.verifiedAt) > minTTL-10*time.Second }
