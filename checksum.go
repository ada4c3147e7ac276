package zaqar

import (
	"errors"
	"fmt"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// WithChecksums compares the body of every message that is read with the checksum
// that the server sends. If they differ, the call returns the message together with a
// [*ChecksumError]: listings yield both and continue, and [Queue.Claim], [Queue.Pop]
// and [Queue.Message] return both.
//
// Servers send checksums only if they run with enable_checksum, which is off by
// default. A message without a checksum passes, and so does a body of null. The
// WebSocket sends none, so messages are read over HTTP; a client without HTTP
// compares nothing. Do not use it on queues that encrypt: there the checksum is of
// the ciphertext.
func WithChecksums() ConnectOption { return func(s *settings) { s.checksums = true } }

// ErrChecksum is matched by a [*ChecksumError].
var ErrChecksum = fault.Checksum

// ChecksumError is a message whose body does not fit the server's checksum. It
// matches [ErrChecksum].
type ChecksumError struct {
	// Message is the message as it was read.
	Message *Message
	// Want is the server's checksum. Got is that of the body.
	Want, Got string
}

// Error returns the queue, the message and both checksums, in one line.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("zaqar: message %s of %s: %v: %s is %s", e.Message.ID(), e.Message.queue.name, ErrChecksum, e.Want, e.Got)
}

// Is reports whether target is [ErrChecksum].
func (e *ChecksumError) Is(target error) bool { return target == ErrChecksum }

// verify compares the checksums of messages if WithChecksums was given.
func (c *Conn) verify(messages ...*Message) error {
	if !c.checksums {
		return nil
	}
	var all []error
	for _, m := range messages {
		s := m.read()
		if s.Checksum == "" {
			continue
		}
		if got := wire.Checksum(s.Body); got != s.Checksum {
			all = append(all, &ChecksumError{Message: m, Want: s.Checksum, Got: got})
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}
