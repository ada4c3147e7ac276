package broker

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// Queue is a queue as it is stored.
type Queue struct {
	Project, Name string
	uid           UUID
	Metadata      Metadata
}

func (q Queue) encode() ([]byte, error) {
	text, err := rawjson.Marshal(q.Metadata)
	return append(q.uid[:], text...), err
}

func decodeQueue(project, name string, value []byte) (Queue, error) {
	q := Queue{Project: project, Name: name}
	if copy(q.uid[:], value) != len(q.uid) {
		return q, fmt.Errorf("zaqartest: the record of queue %q is cut short", name)
	}
	err := json.Unmarshal(value[len(q.uid):], &q.Metadata)
	return q, err
}

// MessageID returns the id of the message with a number. The id has the form of a
// UUID and contains the number and part of a keyed hash, so nobody can invent one.
// It therefore marks a position in the queue even after the message is gone, as a
// marker must.
func (q Queue) MessageID(number uint64) UUID {
	var tail [8]byte
	binary.BigEndian.PutUint64(tail[:], number)
	mac := hmac.New(sha256.New, q.uid[:])
	_, _ = mac.Write(tail[:])
	var id UUID
	copy(id[:], mac.Sum(nil))
	id = id.marked()
	copy(id[10:], tail[2:])
	return id
}

// messageNumber is the inverse of MessageID. ok is false for an id that is not of
// this queue.
func (q Queue) messageNumber(id UUID) (number uint64, ok bool) {
	var tail [8]byte
	copy(tail[2:], id[10:])
	number = binary.BigEndian.Uint64(tail[:])
	return number, q.MessageID(number) == id
}

// Message is a message as it is stored.
type Message struct {
	Number       uint64
	ID           UUID
	Client       UUID
	ClaimID      UUID
	ClaimExpires Instant
	ClaimCount   int64
	Created      Instant
	Expires      Instant
	VisibleAt    Instant // hidden until then
	TTL          int64   // seconds, as shown to clients
	Body         json.RawMessage
}

// Claimed reports whether a live claim holds the message.
func (m Message) Claimed(now Instant) bool { return m.ClaimExpires > now }

// Delayed reports whether the message is still hidden.
func (m Message) Delayed(now Instant) bool { return m.VisibleAt > now }

func (m Message) expired(now Instant) bool { return m.Expires <= now }

const messageHeaderSize = 3*16 + 6*8

func (m Message) encode() []byte {
	out := make([]byte, 0, messageHeaderSize+len(m.Body))
	for _, id := range []UUID{m.ID, m.Client, m.ClaimID} {
		out = append(out, id[:]...)
	}
	for _, n := range []int64{
		int64(m.ClaimExpires), m.ClaimCount, int64(m.Created), int64(m.Expires), int64(m.VisibleAt), m.TTL,
	} {
		out = binary.BigEndian.AppendUint64(out, uint64(n))
	}
	return append(out, m.Body...)
}

// decodeMessage does not copy the body. Use Clone to keep the message after the
// transaction.
func decodeMessage(key, value []byte) (Message, bool) {
	var m Message
	if len(value) < messageHeaderSize || len(key) < 8 {
		return m, false
	}
	m.Number = binary.BigEndian.Uint64(key[len(key)-8:])
	for i, id := range []*UUID{&m.ID, &m.Client, &m.ClaimID} {
		copy(id[:], value[i*len(id):])
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint64(value[3*16+i*8:])) }
	m.ClaimExpires, m.ClaimCount = Instant(at(0)), at(1)
	m.Created, m.Expires, m.VisibleAt = Instant(at(2)), Instant(at(3)), Instant(at(4))
	m.TTL = at(5)
	m.Body = json.RawMessage(value[messageHeaderSize:])
	return m, true
}

// Clone returns a message that stays valid after the transaction.
func (m Message) Clone() Message {
	m.Body = bytes.Clone(m.Body)
	return m
}

// Claim is a claim as it is stored. Each message says which claim holds it, so a
// claim may list messages that it no longer holds.
type Claim struct {
	ID      UUID
	Created Instant // or last extended
	Expires Instant
	TTL     int64
	numbers []uint64
}

func (c Claim) encode() []byte {
	out := binary.BigEndian.AppendUint64(nil, uint64(c.Created))
	out = binary.BigEndian.AppendUint64(out, uint64(c.Expires))
	out = binary.BigEndian.AppendUint64(out, uint64(c.TTL))
	for _, n := range c.numbers {
		out = binary.BigEndian.AppendUint64(out, n)
	}
	return out
}

func decodeClaim(id UUID, value []byte) (Claim, bool) {
	c := Claim{ID: id}
	if len(value) < 24 || len(value)%8 != 0 {
		return c, false
	}
	c.Created = Instant(binary.BigEndian.Uint64(value))
	c.Expires = Instant(binary.BigEndian.Uint64(value[8:]))
	c.TTL = int64(binary.BigEndian.Uint64(value[16:]))
	for at := 24; at < len(value); at += 8 {
		c.numbers = append(c.numbers, binary.BigEndian.Uint64(value[at:]))
	}
	return c, true
}

// Holder returns the id of the live claim that holds a message, or nil.
func (m Message) Holder(now Instant) *string {
	if !m.Claimed(now) {
		return nil
	}
	id := m.ClaimID.String()
	return &id
}
