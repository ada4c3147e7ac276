// Package fault holds the sentinel errors that the root package exports, so that the
// engines in internal/ can match them without importing the root. Their meaning is
// documented in the root package, under the same names with the prefix Err.
package fault

import "errors"

// The kinds of errors of the root package. Foreign is not exported there: such an error
// matches ErrMalformed.
var (
	Invalid      = errors.New("invalid request")
	Unauthorized = errors.New("unauthorized")
	Forbidden    = errors.New("forbidden")
	NotFound     = errors.New("not found")
	Conflict     = errors.New("conflict")
	Unavailable  = errors.New("unavailable")
	Unreachable  = errors.New("the service was not reached")
	Unsupported  = errors.New("unsupported by this API version or transport")
	ClaimLost    = errors.New("claim lost")
	ClaimEmpty   = errors.New("the claim is empty")
	Exists       = errors.New("the queue exists with other metadata")
	Closed       = errors.New("closed")
	Malformed    = errors.New("malformed answer")
	Checksum     = errors.New("the body does not match its checksum")
	Stopped      = errors.New("the consumer was stopped")
	Overflow     = errors.New("too much is outstanding")
	Foreign      = errors.New("the answer is not Zaqar's: a proxy may have answered in its place")
	TooLarge     = errors.New("the message is too large")
)
