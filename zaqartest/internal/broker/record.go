package broker

import (
	"bytes"
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
	text := value[len(q.uid):]
	if string(text) == "{}" {
		q.Metadata = Metadata{}
		return q, nil
	}
	err := json.Unmarshal(text, &q.Metadata)
	return q, err
}

// MessageID returns the id of the message with a number. The id has the form of a
// UUID and contains the number and part of a keyed hash, so nobody can invent one.
// It therefore marks a position in the queue even after the message is gone, as a
// marker must.
func (q Queue) MessageID(number uint64) UUID {
	var text [24]byte // always as long, so a plain hash can have a key
	copy(text[:], q.uid[:])
	binary.BigEndian.PutUint64(text[16:], number)
	sum := sha256.Sum256(text[:])
	var id UUID
	copy(id[:], sum[:])
	id = id.marked()
	copy(id[10:], text[18:])
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

// Message is a message as it is read.
type Message struct {
	Number     uint64
	ID         UUID
	Client     UUID
	ClaimID    UUID // of the live claim that holds it, or zero
	ClaimCount int64
	Created    Instant
	Expires    Instant
	VisibleAt  Instant // hidden until then
	TTL        int64   // seconds, as shown to clients
	Body       json.RawMessage
	foreign    bool // its id comes from another queue
}

// Claimed reports whether a live claim holds the message.
func (m Message) Claimed() bool { return m.ClaimID != UUID{} }

// Delayed reports whether the message is still hidden.
func (m Message) Delayed(now Instant) bool { return m.VisibleAt > now }

// Holder returns the id of the live claim that holds a message, or nil.
func (m Message) Holder() *string {
	if !m.Claimed() {
		return nil
	}
	id := m.ClaimID.String()
	return &id
}

// Clone returns a message that stays valid after the transaction.
func (m Message) Clone() Message {
	m.Body = bytes.Clone(m.Body)
	return m
}

// cloneAll makes messages stay valid after the transaction.
func cloneAll(all []Message) {
	size := 0
	for _, m := range all {
		size += len(m.Body)
	}
	space := make([]byte, 0, size)
	for i, m := range all {
		at := len(space)
		space = append(space, m.Body...)
		all[i].Body = space[at:len(space):len(space)]
	}
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
	out := make([]byte, 0, 24+8*len(c.numbers))
	out = binary.BigEndian.AppendUint64(out, uint64(c.Created))
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
