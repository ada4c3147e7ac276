package broker

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// UUID is the value of a UUID, however it was written: two spellings of one client
// id are the same client.
type UUID [16]byte

// NewUUID returns a random UUID (version 4).
func NewUUID() UUID {
	var u UUID
	_, _ = rand.Read(u[:]) // it never fails: the program would end first
	return u.marked()
}

// marked sets the bits of version 4.
func (u UUID) marked() UUID {
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// String returns the UUID in its usual form.
func (u UUID) String() string {
	out := make([]byte, 0, 36)
	for i, length := range []int{4, 2, 2, 2, 6} {
		if i > 0 {
			out = append(out, '-')
		}
		out = hex.AppendEncode(out, u[:length])
		copy(u[:], u[length:])
	}
	return string(out)
}

// Hex returns the UUID without dashes, as Keystone writes ids.
func (u UUID) Hex() string { return hex.EncodeToString(u[:]) }

// ParseUUID is as lenient as Zaqar: it accepts dashes anywhere or nowhere, braces,
// the prefix of a URN, and every version.
func ParseUUID(text string) (UUID, bool) {
	if u, ok := parseUsual(text); ok {
		return u, true
	}
	text = strings.ReplaceAll(text, "urn:", "")
	text = strings.ReplaceAll(text, "uuid:", "")
	text = strings.Trim(text, "{}")
	text = strings.ReplaceAll(text, "-", "")
	var u UUID
	if len(text) != hex.EncodedLen(len(u)) {
		return u, false
	}
	_, err := hex.Decode(u[:], []byte(text))
	return u, err == nil
}

// parseUsual reads the usual form: five groups of digits.
func parseUsual(text string) (u UUID, ok bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return u, false
	}
	var digits [32]byte
	n := copy(digits[:], text[:8])
	for _, at := range []int{9, 14, 19} {
		n += copy(digits[n:], text[at:at+4])
	}
	copy(digits[n:], text[24:])
	_, err := hex.Decode(u[:], digits[:])
	return u, err == nil
}
