package wire

import (
	"net/url"
	"strings"
)

// Climbs reports whether a path, or a name that is to become a part of one, has a segment
// "." or "..", escaped or not. A proxy that cleans paths would make it the path of another
// resource: DELETE /v2/queues/wot/messages/.. would delete the queue.
func Climbs(path string) bool {
	if strings.IndexByte(path, '.') < 0 && strings.IndexByte(path, '%') < 0 {
		return false // as almost all
	}
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
