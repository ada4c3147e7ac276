package broker

import "encoding/binary"

// What a stored message contains beside its id, the time of its creation, its TTL and its
// body. Most messages have little of it.
const (
	hasClient     = 1 << iota
	hasExpires    // which is not the TTL after the creation
	hasVisibleAt  // it is or was delayed
	hasClaimCount // on a queue that counts claims
	isForeign     // its id comes from another queue
)

// encode returns what is stored of a message. Its number is in the key, and its claim in
// a space of its own.
func (m Message) encode() []byte {
	out := make([]byte, 1, 1+16+16+8+8+8+2*binary.MaxVarintLen64+len(m.Body))
	out = binary.BigEndian.AppendUint64(append(out, m.ID[:]...), uint64(m.Created))
	out = binary.AppendUvarint(out, uint64(m.TTL))
	if m.Client != (UUID{}) {
		out[0] |= hasClient
		out = append(out, m.Client[:]...)
	}
	if m.Expires != m.Created.Plus(m.TTL) {
		out[0] |= hasExpires
		out = binary.BigEndian.AppendUint64(out, uint64(m.Expires))
	}
	if m.VisibleAt != never {
		out[0] |= hasVisibleAt
		out = binary.BigEndian.AppendUint64(out, uint64(m.VisibleAt))
	}
	if m.ClaimCount != 0 {
		out[0] |= hasClaimCount
		out = binary.AppendUvarint(out, uint64(m.ClaimCount))
	}
	if m.foreign {
		out[0] |= isForeign
	}
	return append(out, m.Body...)
}

// decodeMessage does not copy the body. Use Clone to keep the message after the
// transaction. It does not know the claim.
func decodeMessage(key, value []byte) (m Message, ok bool) {
	if len(key) != numberKeySize {
		return m, false
	}
	m.Number = keyNumber(key)
	from := fields{rest: value}
	form := from.take(1)
	copy(m.ID[:], from.take(len(m.ID)))
	m.Created, m.TTL = from.instant(), from.integer()
	if from.failed {
		return m, false
	}
	m.Expires = m.Created.Plus(m.TTL)
	m.foreign = form[0]&isForeign != 0
	if form[0]&hasClient != 0 {
		copy(m.Client[:], from.take(len(m.Client)))
	}
	if form[0]&hasExpires != 0 {
		m.Expires = from.instant()
	}
	if form[0]&hasVisibleAt != 0 {
		m.VisibleAt = from.instant()
	}
	if form[0]&hasClaimCount != 0 {
		m.ClaimCount = from.integer()
	}
	m.Body = from.rest
	return m, !from.failed
}

// fields reads a record, which a store may have damaged.
type fields struct {
	rest   []byte
	failed bool
}

func (f *fields) take(length int) []byte {
	if len(f.rest) < length {
		f.rest, f.failed = nil, true
		return nil
	}
	out := f.rest[:length]
	f.rest = f.rest[length:]
	return out
}

func (f *fields) instant() Instant {
	if text := f.take(8); text != nil {
		return Instant(binary.BigEndian.Uint64(text))
	}
	return never
}

func (f *fields) integer() int64 {
	n, length := binary.Uvarint(f.rest)
	if length <= 0 {
		f.failed = true
		return 0
	}
	f.take(length)
	return int64(n)
}
