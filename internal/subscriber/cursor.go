package subscriber

import (
	"slices"
	"time"

	"github.com/zaqar-go/zaqar/internal/paging"
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
// only where nothing known is left: a message is old if every clock says so, the server's
// among them. When they leave a doubt the message is handed out.
//
// A cursor that starts "from now" first walks to the end of the queue. On this walk, and
// only on it, this program's clocks decide alone: what is older than the start is passed
// over. The walk ends with the first message that is not, or with the end of the queue.
// From then on everything behind the cursor is new, whatever the clocks say.
type cursor struct {
	marker   string
	seen     paging.IDs // handed out, or skipped as older than since
	saved    int        // how many ids a Position has
	pageSize int        // a page with this many messages is full
	since    moment     // what was posted before this is not wanted, on the first walk; else zero
	brought  bool       // the last page had a message that was not known
	reached  moment     // the message read last was not posted before this

	idsAreMarkers bool
	anchor        string // must be in the next page if it still exists; "" when not known
	rewinds       int    // how often the page was read from further back, for its gap
	readAgain     bool   // the last page is to be read again

	searching    bool   // for something known, in a listing that started again
	searchMarker string // how far the search is
	skipped      int    // messages that the search has passed
	lost         bool   // nothing known is left: only ages tell what is old
	fromHead     bool   // lost, because it reads from the head of the queue
	behindHead   bool   // the search began at the head of the queue
	headSearched bool   // it found nothing known
	verifiedAt   moment // nothing that was posted before this can still be unread

	searched paging.Markers // those that the search has used: a circle ends it

	most  int        // ids to remember
	older paging.IDs // what a search from the head has passed: it stands before something known
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
	saved := max(fewestSaved, 2*config.PageSize)
	c := cursor{
		marker: p.Marker, seen: paging.NewIDs(max(config.Remember, saved, len(p.Recent)), p.Recent...),
		saved: saved, pageSize: config.PageSize, most: config.Remember,
		since: moment{wall: p.Since}, reached: moment{wall: p.Reached, server: p.Served},
	}
	if p.Now {
		c.since = config.now()
	}
	if slices.Contains(p.Recent, p.Marker) {
		c.idsAreMarkers, c.anchor = true, p.Recent[len(p.Recent)-1]
	}
	return c
}

func (c *cursor) position() Position {
	return Position{Marker: c.marker, Recent: c.seen.Latest(c.saved), Since: c.since.wall, Reached: c.reached.wall, Served: c.reached.server}
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
	c.readAgain, c.brought = false, false
	if l.head && !c.lost {
		// Of one clock alone ages prove nothing, as after a restart without dates of the server.
		if !c.headSearched && c.seen.Len() > 0 && len(l.read.since(c.reached)) < 2 {
			c.searched.Clear()
			c.older = paging.NewIDs(c.most)
			c.searching, c.behindHead, c.skipped = true, true, 0
		} else {
			c.lost, c.fromHead, c.headSearched = true, true, false
		}
	}
	first := c.firstKnown(l)
	switch {
	case c.searching && first < 0:
		c.skip(l)
		return nil, 0
	case !c.searching && c.hasGap(l):
		c.rewinds++
		c.marker, c.readAgain = c.seen.Latest(c.rewindBy() + 1)[0], true
		return nil, 0
	case first < 0 && c.startedAgain(l):
		c.searched.Clear()
		c.searching, c.skipped = true, len(l.messages)
		return nil, 0
	}
	if c.searching {
		repeats = c.skipped
		c.marker, c.searching, c.behindHead, c.skipped = l.from, false, false, 0
	}
	if c.rewinds > 0 || repeats > 0 {
		c.verifiedAt = moment{}
	}
	for i, m := range l.messages {
		switch {
		case c.seen.Has(m.ID()) || i < first && !c.lost:
			if !c.overlaps(l, l.ids[i]) {
				repeats++
			}
		case c.lost && c.isOld(m, l):
			repeats++
			c.brought = true
			c.remember(m, l)
		case c.beforeStart(m, l):
			c.brought = true
			c.passed(m, l)
		default:
			c.brought = true
			c.since = moment{} // what follows is newer
			fresh = append(fresh, m)
		}
	}
	if len(fresh) > 0 {
		c.headSearched = false
	}
	return fresh, repeats
}

// skip passes the messages of a page in a search.
func (c *cursor) skip(l listed) {
	c.skipped += len(l.messages)
	if c.behindHead {
		for _, m := range l.messages {
			c.older.Add(m.ID(), l.expires(m))
		}
	}
}

// knowsHead reports whether the head of the queue has nothing new: a message of it was
// handed out, or stands before one that was.
func (c *cursor) knowsHead(l listed) bool {
	return slices.ContainsFunc(l.ids, func(id string) bool { return c.seen.Has(id) || c.older.Has(id) })
}

// firstKnown returns the index of the first message that is known, -1 if there is none.
func (c *cursor) firstKnown(l listed) int { return slices.IndexFunc(l.ids, c.seen.Has) }

// isOld reports whether the age of a message proves that it was posted before the one
// read last. One clock proves nothing, since it may have stood still or been wrong, and
// neither do clocks that have been set back. This program's clocks may both have stood
// still. So the server's must be among them, except behind the head of a queue: its
// messages may have been read long ago, and would all be handed out again.
func (c *cursor) isOld(m Message, l listed) bool {
	ahead := l.latest(m).since(c.reached)
	agreed := len(ahead) > 1 && slices.Max(ahead) < -clockSkew && slices.Min(l.read.since(c.reached)) >= 0
	served := !l.read.server.IsZero() && !c.reached.server.IsZero()
	return agreed && (served || c.fromHead)
}

// walking reports whether the cursor is on its first walk from "now".
func (c *cursor) walking() bool { return c.since != moment{} }

// beforeStart reports whether the age of a message proves that it was posted before
// since. A saved moment that is still to come proves nothing: a clock was wrong.
func (c *cursor) beforeStart(m Message, l listed) bool {
	if !c.walking() || slices.Max(l.read.since(c.since)) < 0 {
		return false
	}
	return slices.Max(l.latest(m).since(c.since)) < -time.Second
}

// endWalk notes that the first walk has reached the end of the queue.
func (c *cursor) endWalk() {
	if c.walking() {
		c.reached, c.since = later(c.reached, c.since), moment{}
	}
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
	case l.head, len(l.ids) == 0, c.seen.Len() == 0:
		return false
	}
	return !slices.ContainsFunc(l.ids, func(id string) bool { return id != l.from && c.overlaps(l, id) })
}

// overlaps reports whether a message is listed again on purpose, since pages overlap.
func (c *cursor) overlaps(l listed, id string) bool {
	return id == l.from || id == c.anchor || c.rewinds > 0 && slices.Contains(c.seen.Latest(c.rewindBy()), id)
}

// startedAgain reports whether a page without known messages begins with one that was
// posted before the one read last, by any clock. If that is wrong it costs requests, but
// no messages.
func (c *cursor) startedAgain(l listed) bool {
	if c.lost || l.from == "" || len(l.messages) == 0 {
		return false
	}
	ahead := l.latest(l.messages[0]).since(c.reached)
	return len(ahead) > 0 && slices.Min(ahead) < 0
}

// delivered records that a message of a page was handed out.
func (c *cursor) delivered(m Message, l listed) { c.passed(m, l) }

// passed records that the cursor is behind a message of a page.
func (c *cursor) passed(m Message, l listed) {
	c.remember(m, l)
	c.reached = later(c.reached, l.earliest(m))
}

func (c *cursor) remember(m Message, l listed) { c.seen.Add(m.ID(), l.expires(m)) }

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
	walkOn := c.walking() && c.brought
	next := c.next(l)
	if next == "" || next == l.from {
		c.lost, c.fromHead = false, false
		return walkOn
	}
	c.marker = next
	return len(l.messages) >= c.pageSize || walkOn
}

// search moves on in a listing that started again.
func (c *cursor) search(l listed) (more bool) {
	if l.next != "" && l.next != l.from && !c.searched.Used(l.next) {
		c.searched.Use(l.next)
		c.searchMarker = l.next
		return true
	}
	c.searched.Clear()
	if c.behindHead { // the ages decide about the head, unless there is something behind the marker now
		c.older = paging.NewIDs(c.most)
		c.searching, c.behindHead, c.headSearched, c.searchMarker, c.skipped = false, false, true, "", 0
		return true
	}
	// Nothing known is left. Read from the marker again, which means from the
	// beginning, and go by the ages.
	c.searching, c.searchMarker, c.skipped, c.lost, c.fromHead, c.anchor = false, "", 0, true, false, ""
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
func (c *cursor) mayHide(now moment) bool {
	passed := now.since(c.verifiedAt)
	return len(passed) == 0 || slices.Max(passed) > minTTL-10*time.Second
}
