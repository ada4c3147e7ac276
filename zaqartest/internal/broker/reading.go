package broker

import (
	"encoding/binary"
	"iter"
)

// queue finds a queue by name.
func (r *ReadTx) Queue(project, name string) (Queue, error) {
	value, ok := r.tx.Get(queueKey(project, name))
	if !ok {
		return Queue{}, ErrNoQueue
	}
	return decodeQueue(project, name, value)
}

// queues goes through a project's queues by name, from the one after marker on.
func (r *ReadTx) Queues(project, marker string) iter.Seq2[Queue, error] {
	return func(yield func(Queue, error) bool) {
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
func (r *ReadTx) CountQueues(project string) int {
	count := 0
	prefix := queuesPrefix(project)
	for range r.tx.Scan(prefix, after(prefix)) {
		count++
	}
	return count
}

// messages goes through the live messages of a queue, oldest first, from the
// one after number on.
func (r *ReadTx) Messages(q Queue, number uint64) iter.Seq[Message] {
	return func(yield func(Message) bool) {
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
type Counts struct {
	Total, Claimed int
	Oldest, Newest Message
}

func (r *ReadTx) Count(q Queue) Counts {
	var c Counts
	for m := range r.Messages(q, 0) {
		if c.Total == 0 {
			c.Oldest = m
		}
		c.Newest = m
		c.Total++
		if m.Claimed(r.now) {
			c.Claimed++
		}
	}
	return c
}

// view says which messages of a queue somebody wants to see.
type MessageFilter struct {
	Own                      UUID // the caller's id
	HideOwn                  bool
	HideClaimed, HideDelayed bool
	Limit                    int
}

// page returns the first messages after number that are to be seen. It goes on
// until the page is full: what it hides does not shorten the page.
func (r *ReadTx) Page(q Queue, number uint64, v MessageFilter) []Message {
	var out []Message
	for m := range r.Messages(q, number) {
		if v.HideOwn && m.Client == v.Own || v.HideClaimed && m.Claimed(r.now) || v.HideDelayed && m.Delayed(r.now) {
			continue
		}
		if out = append(out, m); len(out) == v.Limit {
			break
		}
	}
	return out
}

// message finds a live message by its id, which may come from anywhere.
func (r *ReadTx) Message(q Queue, id string) (Message, error) {
	wanted, ok := ParseUUID(id)
	if !ok {
		return Message{}, ErrNoMessage
	}
	if number, ok := q.messageNumber(wanted); ok {
		if m, ok := r.byNumber(q, number); ok && m.ID == wanted {
			return m, nil
		}
	}
	if value, ok := r.tx.Get(spaceKey(adoptedSpace, q.uid, wanted[:]...)); ok && len(value) == 8 {
		if m, ok := r.byNumber(q, binary.BigEndian.Uint64(value)); ok && m.ID == wanted {
			return m, nil
		}
	}
	return Message{}, ErrNoMessage
}

// numbered finds a live message by its number.
func (r *ReadTx) byNumber(q Queue, number uint64) (Message, bool) {
	key := messageKey(q.uid, number)
	value, ok := r.tx.Get(key)
	if !ok {
		return Message{}, false
	}
	m, ok := decodeMessage(key, value)
	return m, ok && !m.expired(r.now)
}

// place is where a marker points: the number of a message, present or gone. An
// unknown marker points to the beginning, as it does on a real server.
func (r *ReadTx) MarkerNumber(q Queue, marker string) uint64 {
	id, ok := ParseUUID(marker)
	if !ok {
		return 0
	}
	if number, ok := q.messageNumber(id); ok {
		return number
	}
	if m, err := r.Message(q, marker); err == nil {
		return m.Number
	}
	return 0
}

// claim finds a live claim by its id, which may come from anywhere.
func (r *ReadTx) Claim(q Queue, id string) (Claim, error) {
	wanted, ok := ParseUUID(id)
	if !ok {
		return Claim{}, ErrNoClaim
	}
	value, ok := r.tx.Get(spaceKey(claimSpace, q.uid, wanted[:]...))
	if !ok {
		return Claim{}, ErrNoClaim
	}
	c, ok := decodeClaim(wanted, value)
	if !ok || c.Expires <= r.now {
		return Claim{}, ErrNoClaim
	}
	return c, nil
}

// held returns the messages that a claim still holds.
func (r *ReadTx) ClaimMessages(q Queue, c Claim) []Message {
	var out []Message
	for _, number := range c.numbers {
		if m, ok := r.byNumber(q, number); ok && m.ClaimID == c.ID && m.Claimed(r.now) {
			out = append(out, m)
		}
	}
	return out
}
