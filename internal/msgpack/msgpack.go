// Package msgpack converts JSON to MessagePack and back, for the binary frames of
// Zaqar's WebSocket.
//
// It supports the part of MessagePack that JSON can express, and refuses the rest: NaN
// and infinities, binary data, extensions, keys that are not strings, text that is not
// UTF-8. The input can be hostile: a length that a frame only claims allocates no
// memory, and nesting is limited.
package msgpack

import "errors"

// MaxDepth is the maximum nesting of arrays and maps.
const MaxDepth = 512

// The reasons why something is refused.
var (
	// ErrTooDeep: arrays and maps are nested deeper than MaxDepth.
	ErrTooDeep = errors.New("msgpack: nested too deep")
	// ErrNotJSON: the frame contains a value that JSON does not have.
	ErrNotJSON = errors.New("msgpack: JSON has no such value")
	// ErrTooLarge: an integer has more than 64 bits, or another number is beyond a
	// float64.
	ErrTooLarge = errors.New("msgpack: the number is too large")
	// ErrTrailing: something follows the value.
	ErrTrailing = errors.New("msgpack: something follows the value")
	// ErrTruncated: the frame ends too early, or claims to be longer than it is.
	ErrTruncated = errors.New("msgpack: the frame is too short for what it claims")
	// ErrText: text is not valid Unicode.
	ErrText = errors.New("msgpack: text is not valid Unicode")
)
