package subscriber

import "time"

// listed is a page as it was read.
type listed struct {
	messages   []Message
	ids        []string // of the messages
	next       string   // the marker of the following page, "" if there is none
	from       string   // the marker that the page was asked for with
	head       bool     // it is the head of the queue, not what follows the marker
	cut        error    // why what follows cannot be read, see Page
	sent, read moment   // when the request was sent, and when the page was there
}

func newListed(page Page, from string, head bool, sent, read moment) listed {
	sent.server, read.server = page.Time, page.Time
	l := listed{messages: page.Messages, next: page.Next, cut: page.Cut, from: from, head: head, sent: sent, read: read}
	for _, m := range l.messages {
		l.ids = append(l.ids, m.ID())
	}
	return l
}

// earliest and latest bound when a message was posted. The server cuts the times of
// posting and of listing to whole seconds, so an age can be wrong by a second.
func (l listed) earliest(m Message) moment { return l.sent.add(-m.Age() - time.Second) }
func (l listed) latest(m Message) moment   { return l.read.add(-m.Age() + time.Second) }

// expires is when the message can no longer be listed, by the monotonic clock.
func (l listed) expires(m Message) time.Time {
	return l.read.monotonic.Add(m.TTL() - m.Age() + time.Second)
}
