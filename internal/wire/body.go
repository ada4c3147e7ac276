package wire

import (
	"fmt"

	"github.com/zaqar-go/zaqar/internal/plainjson"
)

// maxNesting is how deep arrays and objects may be nested in a published message.
// Servers fail soon above 900.
const maxNesting = 800

// CheckBody says what in an encoded body makes servers fail, "" when nothing does.
// They answer such a body with a 503 (quirk 17), which says nothing about the
// messages around it: in a batch it would fail them too.
func CheckBody(body []byte) string {
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
			end, whole := plainjson.StringEnd(body, i)
			if !whole {
				return "holds half of a surrogate pair, at which servers fail"
			}
			i = end
		}
	}
	return ""
}
