// Package msgpack brings JSON to MessagePack and back, for the binary frames of
// Zaqar's WebSocket.
//
// It holds the part of MessagePack that JSON can say, and refuses the rest rather
// than bend it: NaN and infinities, binary data, extensions, keys that are no text,
// text that is not UTF-8. What either side sends can be hostile: nothing is
// allocated for a length that a frame only claims, and nesting has a bound.
package msgpack

import "errors"

// MaxDepth is how deep arrays and maps can be nested.
const MaxDepth = 512

// The reasons why something is refused.
var (
	// ErrTooDeep says that arrays and maps are nested deeper than MaxDepth.
	ErrTooDeep = errors.New("msgpack: nested too deep")
	// ErrNotJSON says that the frame holds what JSON cannot say.
	ErrNotJSON = errors.New("msgpack: JSON has no such value")
	// ErrTooLarge says that a number does not fit: an integer into 64 bits, or a
	// fraction into a float64.
	ErrTooLarge = errors.New("msgpack: the number is too large")
	// ErrTrailing says that something follows the value.
	ErrTrailing = errors.New("msgpack: something follows the value")
	// ErrTruncated says that a frame ends too early, or claims to be longer than it is.
	ErrTruncated = errors.New("msgpack: the frame is too short for what it claims")
	// ErrText says that text is not valid Unicode.
	ErrText = errors.New("msgpack: text is not valid Unicode")
)
