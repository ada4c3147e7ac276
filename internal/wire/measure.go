package wire

import (
	"bytes"
	"context"
	"fmt"

	"github.com/zaqar-go/zaqar/transport"
)

// Limits bound what one answer may be decoded to.
type Limits struct {
	// Bytes is the largest body, and Items the largest number of JSON values in it, 0 for
	// no limit. Values inside of messages' bodies do not count, since these are not decoded.
	Bytes int64
	Items int
}

// checkEach is how many bytes are read between two looks at the context.
const checkEach = 1 << 20

// Measure returns an error if an answer exceeds the limits, or if ctx ends while it is
// measured. posted is the number of messages of a post. Decoding takes many times the size of a body that is nothing but brackets, and
// compression makes such a body small: 119 kB of gzip can become gigabytes.
func (l Limits) Measure(ctx context.Context, op Op, posted int, body []byte) error {
	if l.Bytes > 0 && int64(len(body)) > l.Bytes {
		return fmt.Errorf("%w of %d bytes", transport.ErrResponseTooLarge, l.Bytes)
	}
	most := max(l.Items, 2*posted) // the answer to a post has the ids
	if l.Items <= 0 || len(body)/2 < most {
		return nil // each value takes at least two bytes
	}
	m := meter{body: body, most: most, opaque: Summed(op) || op == QueueStats}
	for m.at < len(body) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !m.read(min(m.at+checkEach, len(body))) {
			return fmt.Errorf("%w of %d items", transport.ErrResponseTooLarge, most)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// meter counts the values of JSON text by the commas and brackets before them. For text
// that is not JSON the number means nothing, and the decoder refuses it.
type meter struct {
	body   []byte
	at     int
	count  int
	most   int
	depth  int
	opaque bool // bodies of messages are not decoded
	within int  // the depth of the object whose member "body" is being read, 0 if none is
}

var bodyKey = []byte(`"body"`)

// read goes on to an index. It returns false if there are too many values.
func (m *meter) read(to int) bool {
	for m.at < to {
		switch m.body[m.at] {
		case '"':
			start := m.at
			m.at = stringEnd(m.body, m.at)
			if m.opaque && m.within == 0 && bytes.Equal(m.body[start:m.at], bodyKey) &&
				bytes.HasPrefix(bytes.TrimLeft(m.body[m.at:min(m.at+8, len(m.body))], " \t\r\n"), []byte(":")) {
				m.within = m.depth
			}
			continue
		case '[', '{':
			m.depth++
			m.add()
		case ']', '}':
			if m.depth--; m.depth < m.within {
				m.within = 0
			}
		case ',':
			if m.depth <= m.within {
				m.within = 0
			}
			m.add()
		}
		if m.count > m.most {
			return false
		}
		m.at++
	}
	return true
}

func (m *meter) add() {
	if m.within == 0 {
		m.count++
	}
}
