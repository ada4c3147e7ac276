package fault

import "errors"

// permanent are the kinds of errors that stay when the same request is sent again.
var permanent = []error{Unauthorized, Forbidden, Invalid, Unsupported, Closed}

// Permanent reports whether sending the same request again cannot help.
func Permanent(err error) bool {
	for _, kind := range permanent {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
