package zaqar

import (
	"encoding/hex"
	"fmt"
)

// maxNesting is how deep arrays and objects may be within each other in a published
// message. Servers fail soon above 900.
const maxNesting = 800

// hazard says what in a body makes servers fail, "" when nothing does. They answer it
// by a 503 (quirk 17), which says nothing about the messages around it: in a batch it
// would take these along.
func hazard(body []byte) string {
	depth := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '[', '{':
			if depth++; depth > maxNesting {
				return fmt.Sprintf("has more than %d arrays and objects within each other, at which servers fail", maxNesting)
			}
		case ']', '}':
			depth--
		case '"':
			end, whole := text(body, i+1)
			if !whole {
				return "holds half of a surrogate pair, at which servers fail"
			}
			i = end
		}
	}
	return ""
}

// text passes over a JSON string from behind its first quote to its last one, and
// reports whether every escaped surrogate in it has its other half.
func text(body []byte, i int) (end int, whole bool) {
	whole = true
	high := false // the half before this place waits for its other one
	for ; i < len(body) && body[i] != '"'; i++ {
		unit := 0
		if body[i] == '\\' {
			unit = escaped(body, i)
			if i++; i < len(body) && body[i] == 'u' {
				i += 4
			}
		}
		low := unit >= 0xdc00 && unit < 0xe000
		whole = whole && low == high
		high = unit >= 0xd800 && unit < 0xdc00
	}
	return i, whole && !high
}

// escaped returns the UTF-16 unit that is escaped at a place, 0 when none is.
func escaped(body []byte, i int) int {
	var unit [2]byte
	if i+6 > len(body) || body[i+1] != 'u' {
		return 0
	}
	if _, err := hex.Decode(unit[:], body[i+2:i+6]); err != nil {
		return 0
	}
	return int(unit[0])<<8 | int(unit[1])
}
