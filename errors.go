package zaqar

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// The kinds of errors, for errors.Is. An [*Error] matches by its code; errors
// made before anything was sent match by their cause.
var (
	// ErrInvalid: an argument is wrong, found before the wire ([*ArgumentError])
	// or by the server (400).
	ErrInvalid = fault.Invalid
	// ErrUnauthorized: the credentials were refused, by Zaqar (401) or Keystone, or
	// are a signed URL that has expired.
	ErrUnauthorized = fault.Unauthorized
	// ErrForbidden: not allowed (403): a policy, a message that somebody else
	// has claimed, or a call that a signed URL does not cover, which is not sent.
	ErrForbidden = fault.Forbidden
	// ErrNotFound: no such message, claim, queue or API version (404). Many
	// operations on a queue that does not exist succeed; see [Queue].
	ErrNotFound = fault.NotFound
	// ErrConflict: the change contradicts the present state (409).
	ErrConflict = fault.Conflict
	// ErrUnavailable: the service, or a proxy before it, could not answer (502,
	// 503, 504). The call may have taken effect: ask [SafeToRetry].
	ErrUnavailable = fault.Unavailable
	// ErrUnsupported: the API version, or the WebSocket where there is nothing else,
	// has no such operation. Nothing was sent.
	ErrUnsupported = fault.Unsupported
	// ErrClaimLost: the claim does not hold the message (any more): it expired,
	// was released, or the message went to another claim. The work done on the
	// message may be done again by somebody else.
	ErrClaimLost = fault.ClaimLost
	// ErrClaimEmpty: the claim is empty, so there is nothing to update or reload.
	ErrClaimEmpty = fault.ClaimEmpty
	// ErrExists: the queue existed already and its metadata differs from what
	// was asked for; or the subscriber had a subscription already, see
	// [Queue.CreateSubscription].
	ErrExists = fault.Exists
	// ErrClosed: the client, or the publisher, consumer or subscriber, was closed
	// before the call began. Nothing was sent.
	ErrClosed = fault.Closed
	// ErrMalformed: an answer could not be understood. The call took effect.
	ErrMalformed = fault.Malformed
)

// Error is an operation that failed: refused by a server (every answer other
// than 2xx), or without an answer. It is the seed's ErrorBase.
//
// Its text names the operation, the queue, the code in parentheses and what the
// server said, in one line:
//
//	zaqar: message_get wot: (404): Not found: Message abc does not exist.
//
// It never holds a token, a password or a signature.
type Error struct {
	// Op is the operation, such as "message_post"; for a raw call the method and
	// path, such as "GET /v2/queues".
	Op string
	// Queue is the queue's name, "" for operations without one.
	Queue string
	// Code is the HTTP status, and 0 when there was no answer.
	Code int
	// Title and Description are the server's words; either may be empty.
	Title, Description string
	// RequestID is the server's name for the request ("req-…"), for its logs;
	// "" when it told none (servers before 2024 do not).
	RequestID string
	// Err is the cause when there is one on this side: a network error, the end
	// of the context, a sign-in that failed, an answer that made no sense.
	Err error

	maybeActed bool // the server may have acted
	repeatable bool // doing it twice is the same as doing it once
	claimed    bool // the call named a claim, and a 400 or 403 is about it
	expired    bool // the claim's time was over by our clock
}

// Error returns the one-line text.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("zaqar: " + e.Op)
	if e.Queue != "" {
		b.WriteString(" " + e.Queue)
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, ": (%d)", e.Code)
		title := strings.TrimPrefix(e.Title, fmt.Sprintf("%d ", e.Code))
		if title == "" {
			title = http.StatusText(e.Code)
		}
		for _, part := range []string{title, e.Description} {
			if part != "" {
				b.WriteString(": " + part)
			}
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.RequestID != "" {
		b.WriteString(" [" + e.RequestID + "]")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// codes says which sentinel a status stands for.
var codes = map[int]error{
	http.StatusBadRequest:         ErrInvalid,
	http.StatusUnauthorized:       ErrUnauthorized,
	http.StatusForbidden:          ErrForbidden,
	http.StatusNotFound:           ErrNotFound,
	http.StatusConflict:           ErrConflict,
	http.StatusBadGateway:         ErrUnavailable,
	http.StatusServiceUnavailable: ErrUnavailable,
	http.StatusGatewayTimeout:     ErrUnavailable,
}

// Is matches the sentinels.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrClaimLost:
		return e.claimLost()
	case ErrClosed:
		return !e.maybeActed && errors.Is(e.Err, transport.ErrClosed)
	case ErrUnavailable:
		if e.claimLost() {
			return false
		}
	case ErrUnauthorized:
		return e.Code == http.StatusUnauthorized || errors.Is(e.Err, auth.ErrRefused)
	case ErrForbidden:
		return e.Code == http.StatusForbidden || errors.Is(e.Err, auth.ErrNotCovered)
	}
	kind, ok := codes[e.Code]
	return ok && kind == target
}

// claimLost reads the ways in which servers say that a claim is over: 404 to
// its own address, 503 on Redis until it is collected (quirk 7) and 500 over the
// WebSocket, and 400 or 403 to the deletion of a message with it.
func (e *Error) claimLost() bool {
	switch wire.Op(e.Op) {
	case wire.ClaimGet, wire.ClaimUpdate:
		return e.Code == http.StatusNotFound ||
			e.expired && (e.Code == http.StatusServiceUnavailable || e.Code == http.StatusInternalServerError)
	case wire.MessageDelete:
		return e.claimed && (e.Code == http.StatusBadRequest || e.Code == http.StatusForbidden)
	}
	return false
}

// MayHaveActed reports whether the server may have carried the operation out
// all the same: an answer that never came, a 5xx (a 503 to a post does not say
// that nothing was stored), an answer that could not be read. It is false when
// the server refused, or the request certainly never reached it.
func (e *Error) MayHaveActed() bool { return e.maybeActed }

// SafeToRetry reports whether sending the same call again can do no harm:
// either the server has certainly not acted, or acting twice is the same as
// acting once (reading, deleting, creating a queue). Posting, claiming and
// popping are safe to retry only in the first case. It does not say that a
// retry will help.
func (e *Error) SafeToRetry() bool { return !e.maybeActed || e.repeatable }

// SafeToRetry is [Error.SafeToRetry] of the *Error in err's chain. It is true
// for an [*ArgumentError] and for [ErrUnsupported], with which nothing was sent, and
// false for errors that this package did not make.
func SafeToRetry(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.SafeToRetry()
	}
	_, ok := errors.AsType[*ArgumentError](err)
	return ok || errors.Is(err, ErrUnsupported)
}

// acted says whether a server that answers with this status may have acted.
func acted(status int) bool {
	return status >= 500 || status == http.StatusRequestTimeout || status < 300
}

// ArgumentError is an argument that cannot be right, found before anything was
// sent. It matches [ErrInvalid].
type ArgumentError struct {
	// Op is the operation, "connect" for [Connect].
	Op string
	// Argument names what is wrong, Rule what it must be.
	Argument, Rule string
	// Err is the cause when there is one.
	Err error
}

// Error names the operation, the argument and the rule.
func (e *ArgumentError) Error() string {
	text := fmt.Sprintf("zaqar: %s: %s %s", e.Op, e.Argument, e.Rule)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *ArgumentError) Unwrap() error { return e.Err }

// Is matches [ErrInvalid].
func (e *ArgumentError) Is(target error) bool { return target == ErrInvalid }

// unsupportedError names operation and version.
type unsupportedError struct{ cause *wire.Unsupported }

func (e *unsupportedError) Error() string { return "zaqar: " + e.cause.Error() }

func (e *unsupportedError) Is(target error) bool { return target == ErrUnsupported }
