package zaqartest

import (
	"encoding/binary"
	"iter"
)

// queue finds a queue by name.
func (r *reading) queue(project, name string) (queue, error) {
	value, ok := r.tx.Get(queueKey(project, name))
	if !ok {
		return queue{}, errNoQueue
	}
	return decodeQueue(project, name, value)
}

// queues goes through a project's queues by name, from the one after marker on.
func (r *reading) queues(project, marker string) iter.Seq2[queue, error] {
	return func(yield func(queue, error) bool) {
		prefix := queuesPrefix(project)
		from := prefix
		if marker != "" {
			from = append(queueKey(project, marker), 0)
		}
		for key, value := range r.tx.Scan(from, after(prefix)) {
			if !yield(decodeQueue(project, string(key[len(prefix):]), value)) {
				return
			}
		}
	}
}

// countQueues says how many queues a project has.
func (r *reading) countQueues(project string) int {
	count := 0
	prefix := queuesPrefix(project)
	for range r.tx.Scan(prefix, after(prefix)) {
		count++
	}
	return count
}

// messages goes through the live messages of a queue, oldest first, from the
// one after number on.
func (r *reading) messages(q queue, number uint64) iter.Seq[message] {
	return func(yield func(message) bool) {
		end := after(spaceKey(messageSpace, q.uid))
		for key, value := range r.tx.Scan(messageKey(q.uid, number+1), end) {
			m, ok := decodeMessage(key, value)
			if !ok || m.expired(r.now) {
				continue
			}
			if !yield(m) {
				return
			}
		}
	}
}

// counted is what can be said of all live messages of a queue. The oldest and
// the newest are there if there is one, and are valid within the transaction.
type counted struct {
	total, claimed int
	oldest, newest message
}

func (r *reading) count(q queue) counted {
	var c counted
	for m := range r.messages(q, 0) {
		if c.total == 0 {
			c.oldest = m
		}
		c.newest = m
		c.total++
		if m.claimed(r.now) {
			c.claimed++
		}
	}
	return c
}

// view says which messages of a queue somebody wants to see.
type view struct {
	own                    uuid // the caller's id
	hideOwn                bool
	hideClaimed, hideDelay bool
	limit                  int
}

// page returns the first messages after number that are to be seen. It goes on
// until the page is full: what it hides does not shorten the page.
func (r *reading) page(q queue, number uint64, v view) []message {
	var out []message
	for m := range r.messages(q, number) {
		if v.hideOwn && m.client == v.own || v.hideClaimed && m.claimed(r.now) || v.hideDelay && m.delayed(r.now) {
			continue
		}
		if out = append(out, m); len(out) == v.limit {
			break
		}
	}
	return out
}

// message finds a live message by its id, which may come from anywhere.
func (r *reading) message(q queue, id string) (message, error) {
	wanted, ok := parseUUID(id)
	if !ok {
		return message{}, errNoMessage
	}
	if number, ok := q.number(wanted); ok {
		if m, ok := r.numbered(q, number); ok && m.id == wanted {
			return m, nil
		}
	}
	if value, ok := r.tx.Get(spaceKey(adoptedSpace, q.uid, wanted[:]...)); ok && len(value) == 8 {
		if m, ok := r.numbered(q, binary.BigEndian.Uint64(value)); ok && m.id == wanted {
			return m, nil
		}
	}
	return message{}, errNoMessage
}

// numbered finds a live message by its number.
func (r *reading) numbered(q queue, number uint64) (message, bool) {
	key := messageKey(q.uid, number)
	value, ok := r.tx.Get(key)
	if !ok {
		return message{}, false
	}
	m, ok := decodeMessage(key, value)
	return m, ok && !m.expired(r.now)
}

// place is where a marker points: the number of a message, present or gone. An
// unknown marker points to the beginning, as it does on a real server.
func (r *reading) place(q queue, marker string) uint64 {
	id, ok := parseUUID(marker)
	if !ok {
		return 0
	}
	if number, ok := q.number(id); ok {
		return number
	}
	if m, err := r.message(q, marker); err == nil {
		return m.number
	}
	return 0
}

// claim finds a live claim by its id, which may come from anywhere.
func (r *reading) claim(q queue, id string) (claim, error) {
	wanted, ok := parseUUID(id)
	if !ok {
		return claim{}, errNoClaim
	}
	value, ok := r.tx.Get(spaceKey(claimSpace, q.uid, wanted[:]...))
	if !ok {
		return claim{}, errNoClaim
	}
	c, ok := decodeClaim(wanted, value)
	if !ok || c.expires <= r.now {
		return claim{}, errNoClaim
	}
	return c, nil
}

// held returns the messages that a claim still holds.
func (r *reading) held(q queue, c claim) []message {
	var out []message
	for _, number := range c.numbers {
		if m, ok := r.numbered(q, number); ok && m.claim == c.id && m.claimed(r.now) {
			out = append(out, m)
		}
	}
	return out
}
