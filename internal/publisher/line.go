package publisher

// line is a queue of messages. They are linked themselves, so that a line takes no memory
// of its own. A message is in one line at a time.
type line struct {
	first, last *Item
	length      int
}

// place is where a message is in a line.
type place struct {
	in           *line // nil: in none
	before, next *Item
}

func (l *line) push(m *Item) {
	m.place = place{in: l, before: l.last}
	if l.last == nil {
		l.first = m
	} else {
		l.last.next = m
	}
	l.last = m
	l.length++
}

// remove takes a message out of the line. It must be in it.
func (l *line) remove(m *Item) {
	if m.before == nil {
		l.first = m.next
	} else {
		m.before.next = m.next
	}
	if m.next == nil {
		l.last = m.before
	} else {
		m.next.before = m.before
	}
	m.place = place{}
	l.length--
}
