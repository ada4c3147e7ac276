package zaqar

import (
	"errors"
	"fmt"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// WithChecksums compares the body of every message that is read with the checksum
// that the server sends along. A difference is a [*ChecksumError], which comes
// beside the message: listings yield both and go on, [Queue.Claim], [Queue.Pop] and
// [Queue.Message] return both.
//
// Servers send checksums only when they run with enable_checksum, which is off by
// default; messages without one, and bodies of null, pass. The WebSocket tells no
// checksums: messages are read over HTTP then, and without HTTP nothing is compared.
// On queues that encrypt
// the checksum is one of the ciphertext: do not use it there.
func WithChecksums() ConnectOption { return func(s *settings) { s.checksums = true } }

// ErrChecksum is matched by a [*ChecksumError].
var ErrChecksum = fault.Checksum

// ChecksumError is a message whose body is not the one that the server made the
// checksum of. It matches [ErrChecksum].
type ChecksumError struct {
	// Message is the message as it was read.
	Message *Message
	// Want is the server's checksum, Got that of the body.
	Want, Got string
}

// Error names the queue, the message and both checksums.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("zaqar: message %s of %s: %v: %s is %s", e.Message.ID(), e.Message.queue.name, ErrChecksum, e.Want, e.Got)
}

// Is matches [ErrChecksum].
func (e *ChecksumError) Is(target error) bool { return target == ErrChecksum }

// verify compares the checksums of messages, where that was asked for.
func (c *Conn) verify(messages ...*Message) error {
	if !c.checksums {
		return nil
	}
	var all []error
	for _, m := range messages {
		s := m.state.Load()
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
