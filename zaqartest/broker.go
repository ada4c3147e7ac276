package zaqartest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
)

// What a broker answers when it cannot do what it was asked for.
var (
	errNoQueue   = errors.New("the queue does not exist")
	errNoMessage = errors.New("the message does not exist")
	errNoClaim   = errors.New("the claim does not exist or has expired")
	// errClaimed: to delete the message, its claim must be named.
	errClaimed = errors.New("the message is claimed")
	// errNotClaimed: a claim was named, but nobody holds the message.
	errNotClaimed = errors.New("the message is not claimed")
	// errOtherClaim: the claim lives, but another one holds the message.
	errOtherClaim = errors.New("the message is held by another claim")
)

// broker holds queues, messages and claims: what Zaqar does, without HTTP. Each
// operation is one transaction, which has one time.
type broker struct {
	store Store
	clock *clock
}

// reading is a transaction that looks; writing is one that changes things.
type reading struct {
	Reader
	now instant
}

type writing struct {
	reading
	Writer
}

// Get says which of the two embedded ones is meant.
func (w *writing) Get(key []byte) ([]byte, bool) { return w.Writer.Get(key) }

// Scan says which of the two embedded ones is meant.
func (w *writing) Scan(from, to []byte) iter.Seq2[[]byte, []byte] { return w.Writer.Scan(from, to) }

func (b *broker) view(fn func(*reading) error) error {
	return b.store.View(func(r Reader) error {
		return fn(&reading{r, instantOf(b.clock.now())})
	})
}

// update takes the time inside the transaction, so that what comes later in a
// queue is never older. It begins with a sweep: memory does not fill up with
// what has expired, and each thing is swept once.
func (b *broker) update(fn func(*writing) error) error {
	return b.store.Update(func(tx Writer) error {
		w := &writing{reading{tx, instantOf(b.clock.now())}, tx}
		w.sweep()
		return fn(w)
	})
}

// sweep removes messages and claims that have ended.
func (w *writing) sweep() {
	var ended [][]byte
	for key := range w.Scan([]byte{expirySpace}, expiryKey(w.now+1, nil)) {
		ended = append(ended, bytes.Clone(key))
	}
	for _, key := range ended {
		w.Delete(key)
		subject := key[9:]
		if subject[0] == messageSpace {
			w.dropAdoption(subject)
		}
		w.Delete(subject)
	}
}

// dropAdoption forgets the foreign id of a message that was moved here.
func (w *writing) dropAdoption(key []byte) {
	value, ok := w.Get(key)
	if !ok {
		return
	}
	if m, ok := decodeMessage(key, value); ok {
		var uid uuid
		copy(uid[:], key[1:])
		w.Delete(spaceKey(adoptedSpace, uid, m.id[:]...))
	}
}

// queue finds a queue by name.
func (r *reading) queue(project, name string) (queue, error) {
	value, ok := r.Get(queueKey(project, name))
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
		for key, value := range r.Scan(from, after(prefix)) {
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
	for range r.Scan(prefix, after(prefix)) {
		count++
	}
	return count
}

// messages goes through the live messages of a queue, oldest first, from the
// one after number on.
func (r *reading) messages(q queue, number uint64) iter.Seq[message] {
	return func(yield func(message) bool) {
		end := after(spaceKey(messageSpace, q.uid))
		for key, value := range r.Scan(messageKey(q.uid, number+1), end) {
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
	if value, ok := r.Get(spaceKey(adoptedSpace, q.uid, wanted[:]...)); ok && len(value) == 8 {
		if m, ok := r.numbered(q, binary.BigEndian.Uint64(value)); ok && m.id == wanted {
			return m, nil
		}
	}
	return message{}, errNoMessage
}

// numbered finds a live message by its number.
func (r *reading) numbered(q queue, number uint64) (message, bool) {
	key := messageKey(q.uid, number)
	value, ok := r.Get(key)
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
	value, ok := r.Get(spaceKey(claimSpace, q.uid, wanted[:]...))
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

// createQueue makes a queue unless it exists; created tells which.
func (w *writing) createQueue(project, name string, content metadata) (q queue, created bool, err error) {
	q, err = w.queue(project, name)
	if !errors.Is(err, errNoQueue) {
		return q, false, err
	}
	if content == nil {
		content = metadata{}
	}
	q = queue{project: project, name: name, uid: newUUID(), metadata: content}
	return q, true, w.saveQueue(q)
}

func (w *writing) saveQueue(q queue) error {
	value, err := q.encode()
	if err == nil {
		w.Put(queueKey(q.project, q.name), value)
	}
	return err
}

// deleteQueue removes a queue with everything in it.
func (w *writing) deleteQueue(q queue) {
	w.purge(q)
	w.dropClaims(q)
	w.Delete(spaceKey(numberSpace, q.uid))
	w.Delete(queueKey(q.project, q.name))
}

// purge removes every message of a queue, claimed or not.
func (w *writing) purge(q queue) {
	prefix := spaceKey(messageSpace, q.uid)
	var all []message
	for key, value := range w.Scan(prefix, after(prefix)) {
		if m, ok := decodeMessage(key, value); ok {
			all = append(all, m)
		}
	}
	for _, m := range all {
		w.removeMessage(q, m)
	}
}

func (w *writing) dropClaims(q queue) {
	prefix := spaceKey(claimSpace, q.uid)
	var all []claim
	for key, value := range w.Scan(prefix, after(prefix)) {
		var id uuid
		copy(id[:], key[len(prefix):])
		if c, ok := decodeClaim(id, value); ok {
			all = append(all, c)
		}
	}
	for _, c := range all {
		w.removeClaim(q, c)
	}
}

// append gives a message the queue's next number, and an id unless it has one.
func (w *writing) append(q queue, m message) message {
	key := spaceKey(numberSpace, q.uid)
	m.number = 1
	if value, ok := w.Get(key); ok && len(value) == 8 {
		m.number = binary.BigEndian.Uint64(value)
	}
	w.Put(key, binary.BigEndian.AppendUint64(nil, m.number+1))
	if m.id == (uuid{}) {
		m.id = q.id(m.number)
	} else {
		w.Put(spaceKey(adoptedSpace, q.uid, m.id[:]...), binary.BigEndian.AppendUint64(nil, m.number))
	}
	w.putMessage(q, m)
	return m
}

func (w *writing) putMessage(q queue, m message) {
	key := messageKey(q.uid, m.number)
	w.Put(key, m.encode())
	w.Put(expiryKey(m.expires, key), nil)
}

// replaceMessage stores a changed message; was is what is stored now.
func (w *writing) replaceMessage(q queue, was, m message) {
	if was.expires != m.expires {
		w.Delete(expiryKey(was.expires, messageKey(q.uid, was.number)))
	}
	w.putMessage(q, m)
}

func (w *writing) removeMessage(q queue, m message) {
	key := messageKey(q.uid, m.number)
	w.dropAdoption(key)
	w.Delete(expiryKey(m.expires, key))
	w.Delete(key)
}

func (w *writing) putClaim(q queue, c claim) {
	key := spaceKey(claimSpace, q.uid, c.id[:]...)
	w.Put(key, c.encode())
	w.Put(expiryKey(c.expires, key), nil)
}

func (w *writing) removeClaim(q queue, c claim) {
	key := spaceKey(claimSpace, q.uid, c.id[:]...)
	w.Delete(expiryKey(c.expires, key))
	w.Delete(key)
}
