package zaqar

import (
	"context"
	"errors"

	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// The defaults of [WithMaxAnswerBytes] and [WithMaxAnswerItems].
const (
	DefaultMaxAnswerBytes = transport.DefaultMaxResponse
	DefaultMaxAnswerItems = 250_000
)

// WithMaxAnswerBytes sets the largest answer that the client reads, in bytes after
// decompression, at least 1. The default is [DefaultMaxAnswerBytes], 64 MiB. A call with a
// larger answer fails; the error matches transport.ErrResponseTooLarge. The call may have
// taken effect. It applies to every API version and transport.
func WithMaxAnswerBytes(n int64) ConnectOption {
	return func(s *settings) { s.limits.Bytes = n }
}

// WithMaxAnswerItems sets how many items an answer may have that the client decodes, at
// least 1. Each JSON value counts, so a message takes about 9. Values inside of message
// bodies do not count, since the client does not decode these, and a post may always be
// answered with its ids. The default is [DefaultMaxAnswerItems], 250,000, which takes some
// 50 MB of memory. A call with a larger answer fails; the error matches [ErrMalformed] and
// transport.ErrResponseTooLarge. The call may have taken effect. It applies to every API
// version and transport, but not to raw calls, whose answers the client does not decode.
func WithMaxAnswerItems(n int) ConnectOption {
	return func(s *settings) { s.limits.Items = n }
}

// checkLimits finds mistakes in these options.
func checkLimits(l wire.Limits) error {
	bad := func(argument, rule string) error {
		return &ArgumentError{Op: "connect", Argument: argument, Rule: rule}
	}
	switch {
	case l.Bytes < 1:
		return bad("WithMaxAnswerBytes", "must be at least 1")
	case l.Items < 1:
		return bad("WithMaxAnswerItems", "must be at least 1")
	}
	return nil
}

// measure returns the error of an answer that is too large to be decoded, or of one whose
// context ended in the meantime.
func (c *Conn) measure(ctx context.Context, op wire.Op, p wire.Params, r reply) error {
	err := c.limits.Measure(ctx, op, p, r.Body)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return r.info.failure(true, err)
	}
	return r.malformed(err)
}

// decodeMessages reads a page of messages. It stops when ctx ends.
func decodeMessages(ctx context.Context, r reply) (wire.Messages, error) {
	page, err := wire.DecodeMessagesUnless(r.Body, func() error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	})
	switch {
	case err == nil:
		return page, nil
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return page, r.info.failure(true, err)
	}
	return page, r.malformed(err)
}
