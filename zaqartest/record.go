package zaqartest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// queue is a queue that exists.
type queue struct {
	project, name string
	uid           uuid
	metadata      metadata
}

func (q queue) encode() ([]byte, error) {
	text, err := marshal(q.metadata)
	return append(q.uid[:], text...), err
}

func decodeQueue(project, name string, value []byte) (queue, error) {
	q := queue{project: project, name: name}
	if copy(q.uid[:], value) != len(q.uid) {
		return q, fmt.Errorf("zaqartest: the record of queue %q is cut short", name)
	}
	err := json.Unmarshal(value[len(q.uid):], &q.metadata)
	return q, err
}

// id returns the id of the message with a number: the number itself and enough
// of a keyed hash that nobody can make one up, in the form of a UUID. So an id
// is also a place in the queue that outlives the message, which is what a
// marker needs.
func (q queue) id(number uint64) uuid {
	var tail [8]byte
	binary.BigEndian.PutUint64(tail[:], number)
	mac := hmac.New(sha256.New, q.uid[:])
	_, _ = mac.Write(tail[:])
	var id uuid
	copy(id[:], mac.Sum(nil))
	id = id.marked()
	copy(id[10:], tail[2:])
	return id
}

// number is the reverse of id; ok is false for an id that is not of this queue.
func (q queue) number(id uuid) (number uint64, ok bool) {
	var tail [8]byte
	copy(tail[2:], id[10:])
	number = binary.BigEndian.Uint64(tail[:])
	return number, q.id(number) == id
}

// message is a message as it is stored.
type message struct {
	number       uint64
	id           uuid
	client       uuid
	claim        uuid
	claimExpires instant
	claimCount   int64
	created      instant
	expires      instant
	visible      instant // hidden before
	ttl          int64   // seconds, as told to clients
	body         json.RawMessage
}

func (m message) claimed(now instant) bool { return m.claimExpires > now }
func (m message) delayed(now instant) bool { return m.visible > now }
func (m message) expired(now instant) bool { return m.expires <= now }

const messageHead = 3*16 + 6*8

func (m message) encode() []byte {
	out := make([]byte, 0, messageHead+len(m.body))
	for _, id := range []uuid{m.id, m.client, m.claim} {
		out = append(out, id[:]...)
	}
	for _, n := range []int64{
		int64(m.claimExpires), m.claimCount, int64(m.created), int64(m.expires), int64(m.visible), m.ttl,
	} {
		out = binary.BigEndian.AppendUint64(out, uint64(n))
	}
	return append(out, m.body...)
}

// decodeMessage leaves the body where it is: whoever keeps it beyond the
// transaction calls kept.
func decodeMessage(key, value []byte) (message, bool) {
	var m message
	if len(value) < messageHead || len(key) < 8 {
		return m, false
	}
	m.number = binary.BigEndian.Uint64(key[len(key)-8:])
	for i, id := range []*uuid{&m.id, &m.client, &m.claim} {
		copy(id[:], value[i*len(id):])
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint64(value[3*16+i*8:])) }
	m.claimExpires, m.claimCount = instant(at(0)), at(1)
	m.created, m.expires, m.visible = instant(at(2)), instant(at(3)), instant(at(4))
	m.ttl = at(5)
	m.body = json.RawMessage(value[messageHead:])
	return m, true
}

func (m message) kept() message {
	m.body = bytes.Clone(m.body)
	return m
}

// claim is a claim as it is stored. Which of its messages it still holds, they
// say themselves.
type claim struct {
	id      uuid
	created instant // or last updated
	expires instant
	ttl     int64
	numbers []uint64
}

func (c claim) encode() []byte {
	out := binary.BigEndian.AppendUint64(nil, uint64(c.created))
	out = binary.BigEndian.AppendUint64(out, uint64(c.expires))
	out = binary.BigEndian.AppendUint64(out, uint64(c.ttl))
	for _, n := range c.numbers {
		out = binary.BigEndian.AppendUint64(out, n)
	}
	return out
}

func decodeClaim(id uuid, value []byte) (claim, bool) {
	c := claim{id: id}
	if len(value) < 24 || len(value)%8 != 0 {
		return c, false
	}
	c.created = instant(binary.BigEndian.Uint64(value))
	c.expires = instant(binary.BigEndian.Uint64(value[8:]))
	c.ttl = int64(binary.BigEndian.Uint64(value[16:]))
	for at := 24; at < len(value); at += 8 {
		c.numbers = append(c.numbers, binary.BigEndian.Uint64(value[at:]))
	}
	return c, true
}

// holder is the claim that holds a message, or nil.
func (m message) holder(now instant) *string {
	if !m.claimed(now) {
		return nil
	}
	id := m.claim.String()
	return &id
}
