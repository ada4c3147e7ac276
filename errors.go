package zaqar

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// The kinds of errors, for errors.Is. An [*Error] matches by its code or its cause.
var (
	// ErrInvalid: an argument is wrong. The library found it before anything was sent
	// ([*ArgumentError]), or the server did (400).
	ErrInvalid = fault.Invalid
	// ErrUnauthorized: Zaqar (401) or Keystone refused the credentials, or they are a
	// signed URL that has expired.
	ErrUnauthorized = fault.Unauthorized
	// ErrForbidden: the call is not allowed (403), because of a policy or because
	// another claim holds the message. Or a signed URL does not cover the call; then
	// nothing was sent.
	ErrForbidden = fault.Forbidden
	// ErrNotFound: there is no such message, claim, subscription, queue or API version
	// (404). Many operations on a queue that does not exist succeed; see [Queue]. The 404
	// of a proxy is [ErrMalformed] instead.
	ErrNotFound = fault.NotFound
	// ErrConflict: the change contradicts the current state (409).
	ErrConflict = fault.Conflict
	// ErrUnavailable: the service, or a proxy in front of it, could not answer (502,
	// 503, 504). The call may have taken effect; see [SafeToRetry].
	ErrUnavailable = fault.Unavailable
	// ErrUnreachable: no connection to the service, to Keystone or to a proxy was made. It
	// was refused, the name has no address, or there is no route. Nothing was sent.
	ErrUnreachable = fault.Unreachable
	// ErrUnsupported: the API version in use, or the WebSocket of a client without
	// HTTP, lacks the operation. Nothing was sent. Or it cannot list the next page of
	// messages; see [Queue.Messages].
	ErrUnsupported = fault.Unsupported
	// ErrClaimLost: the claim does not hold the message, or no longer does. It expired
	// or was released, or another claim took the message. Somebody else may handle the
	// message again.
	ErrClaimLost = fault.ClaimLost
	// ErrClaimEmpty: the claim is empty, so it cannot be updated or reloaded.
	ErrClaimEmpty = fault.ClaimEmpty
	// ErrExists: the queue exists with other metadata than was asked for
	// ([Client.CreateQueue]), or the subscriber has a subscription already
	// ([Queue.CreateSubscription]).
	ErrExists = fault.Exists
	// ErrClosed: the client, publisher, consumer or subscriber was closed before the
	// call began. Nothing was sent.
	ErrClosed = fault.Closed
	// ErrMalformed: the answer could not be understood, or it is not Zaqar's. If it was a
	// 2xx, the call took effect, unless a proxy answered in the service's place. A 400,
	// 403, 404 or 409 that is not Zaqar's matches too: it says nothing of queues, messages
	// and claims, so it never matches [ErrNotFound], [ErrConflict] or [ErrClaimLost].
	ErrMalformed = fault.Malformed
)

// Error is an operation that failed: the server refused it (every answer other than
// 2xx), or no answer came.
//
// Its text is one line with the operation, the queue, the code in parentheses and the
// server's explanation:
//
//	zaqar: message_get wot: (404): Not found: Message abc does not exist.
//
// The text never contains a token, a password or a signature. What is not visible in it,
// such as control characters that a server sent, is escaped as in Go source.
type Error struct {
	// Op is the operation, such as "message_post". For a raw call it is the method and
	// the path, such as "GET /v2/queues".
	Op string
	// Queue is the queue's name, or "" for an operation without one.
	Queue string
	// Code is the HTTP status, or 0 when no answer came.
	Code int
	// Title and Description are the server's explanation. Either may be empty. They are
	// cut to 200 and 500 bytes, and escaped like the error's text.
	Title, Description string
	// RequestID identifies the request in the server's logs ("req-…"). It is "" when
	// the server sent none, as servers before 2024 do.
	RequestID string
	// RetryAfter is how long the server asked to wait before the next attempt: the header
	// Retry-After of the answer, in seconds or as a date. It is at most 5 minutes, even
	// if the server asked for more, and 0 if it did not ask. Keystone's counts too.
	RetryAfter time.Duration
	// Attempts is how often the call was tried: 1 if it was not repeated; see [WithRetry].
	Attempts int
	// Err is the cause on this side, if there is one: a network error, the end of the
	// context, a failed sign-in, an answer that could not be understood.
	Err error

	maybeActed bool // the server may have acted
	repeatable bool // the operation is idempotent
	claimed    bool // the call named a claim, and a 400 or 403 is about it
	expired    bool // the claim had expired by the local clock
	foreign    bool // the refusal is not Zaqar's
}

// Error returns the text, in one line.
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
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	if e.RequestID != "" {
		b.WriteString(" [" + e.RequestID + "]")
	}
	return wire.OneLine(b.String(), 0)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// codes maps a status to its kind of error.
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

// Is reports whether the error is of a kind, such as [ErrNotFound].
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
	case ErrUnreachable:
		return !e.maybeActed && notReached(e.Err)
	case ErrUnauthorized:
		return e.Code == http.StatusUnauthorized || errors.Is(e.Err, auth.ErrRefused)
	case ErrMalformed, fault.Foreign:
		return e.foreign
	case ErrNotFound, ErrConflict:
		if e.foreign {
			return false
		}
	case ErrForbidden:
		return e.Code == http.StatusForbidden || errors.Is(e.Err, auth.ErrNotCovered)
	}
	kind, ok := codes[e.Code]
	return ok && kind == target
}

// claimLost knows how servers say that a claim is over. They answer 404 to a request
// for the claim itself. Until Redis has collected the claim that is a 503 (quirk 7),
// and a 500 over the WebSocket. To the deletion of a message with the claim they
// answer 400 or 403. What is not Zaqar's answer knows no claims.
func (e *Error) claimLost() bool {
	if e.foreign {
		return false
	}
	switch wire.Op(e.Op) {
	case wire.ClaimGet, wire.ClaimUpdate:
		return e.Code == http.StatusNotFound ||
			e.expired && (e.Code == http.StatusServiceUnavailable || e.Code == http.StatusInternalServerError)
	case wire.MessageDelete:
		return e.claimed && (e.Code == http.StatusBadRequest || e.Code == http.StatusForbidden)
	}
	return false
}

// refusesLimit reports whether the server may have refused the size of a page or of a claim.
func (e *Error) refusesLimit() bool { return e.Code == http.StatusBadRequest && !e.foreign }

// MayHaveActed reports whether the server may have carried out the operation in spite
// of the error. That is so when no answer came, when the answer was a 5xx (a 503 to a
// post does not say that nothing was stored), or when it could not be read. It is
// false when the server refused the operation or the request cannot have reached it.
// If the call was repeated, it is true if that is so for any of the attempts.
func (e *Error) MayHaveActed() bool { return e.maybeActed }

// SafeToRetry reports whether it is harmless to send the same call again: either the
// server cannot have acted, or the operation is idempotent (reading, deleting messages,
// extending or releasing a claim, creating a queue). Posting, claiming and popping are
// not idempotent. Deleting or purging a whole queue is not either, because it could
// delete what others have posted since. Of raw calls only GET and HEAD are, and requests
// whose Repeatable is true. SafeToRetry does not say that a retry will succeed: the
// client has made its own already; see [WithRetry].
func (e *Error) SafeToRetry() bool { return !e.maybeActed || e.repeatable }

// SafeToRetry calls [Error.SafeToRetry] on the [*Error] in err's chain. It is true
// for an [*ArgumentError] and for [ErrUnsupported], since nothing was sent. It is
// false for errors that this package did not make.
func SafeToRetry(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.SafeToRetry()
	}
	_, ok := errors.AsType[*ArgumentError](err)
	return ok || errors.Is(err, ErrUnsupported)
}

// acted reports whether a server that answers with this status may have acted.
func acted(status int) bool {
	return status >= 500 || status == http.StatusRequestTimeout || status < 300
}

// ArgumentError is an argument that was found to be wrong before anything was sent.
// It matches [ErrInvalid].
type ArgumentError struct {
	// Op is the operation, such as "message_post"; for [Connect] it is "connect".
	Op string
	// Argument names the argument. Rule says what is wrong with it or what it must be.
	Argument, Rule string
	// Err is the cause, if there is one.
	Err error
}

// Error returns the operation, the argument and the rule, in one line.
func (e *ArgumentError) Error() string {
	text := fmt.Sprintf("zaqar: %s: %s %s", e.Op, e.Argument, e.Rule)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return wire.OneLine(text, 0)
}

// Unwrap returns the cause.
func (e *ArgumentError) Unwrap() error { return e.Err }

// Is matches [ErrInvalid].
func (e *ArgumentError) Is(target error) bool { return target == ErrInvalid }

// unsupportedError names the operation and the API version that lacks it.
type unsupportedError struct{ cause *wire.Unsupported }

func (e *unsupportedError) Error() string { return "zaqar: " + e.cause.Error() }

func (e *unsupportedError) Is(target error) bool { return target == ErrUnsupported }

// notReached reports whether an error means that no connection was made.
func notReached(err error) bool {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}
