package broker

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// uuid is the value of a UUID, whatever its text looked like: two spellings of
// one client id are the same client.
type UUID [16]byte

// newUUID makes a random one (version 4).
func NewUUID() UUID {
	var u UUID
	_, _ = rand.Read(u[:]) // never fails: the program ends first
	return u.marked()
}

// marked sets the bits that tell version 4.
func (u UUID) marked() UUID {
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

func (u UUID) String() string {
	digits := hex.EncodeToString(u[:])
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}

// hex is the form in which Keystone writes ids.
func (u UUID) Hex() string { return hex.EncodeToString(u[:]) }

// parseUUID is as lenient as Zaqar: dashes may stand anywhere or be missing,
// braces and the prefix of a URN are ignored, and every version will do.
func ParseUUID(text string) (UUID, bool) {
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
