package zaqar

import (
	"errors"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/consumer"
)

// verdicts says what an answer means for a request that settles a message. All other
// answers pass, also 408, 425 and 429.
var verdicts = map[int]consumer.Verdict{
	http.StatusBadRequest:            consumer.Final,
	http.StatusUnauthorized:          consumer.Refused,
	http.StatusForbidden:             consumer.Refused, // of which Delete has told those about claims
	http.StatusNotFound:              consumer.Final,
	http.StatusConflict:              consumer.Final,
	http.StatusRequestEntityTooLarge: consumer.Final,
}

// Judge says what the error of a settlement means.
func (q consumerQueue) Judge(err error) consumer.Verdict {
	if q.Hopeless(err) {
		return consumer.Final
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Code != 0 {
		return verdicts[e.Code]
	}
	if errors.Is(err, ErrUnauthorized) { // Keystone has refused
		return consumer.Refused
	}
	return consumer.Passing
}

// Hopeless reports whether the error was found on this side, and will be found again.
func (q consumerQueue) Hopeless(err error) bool {
	if _, ours := errors.AsType[*ArgumentError](err); ours {
		return true
	}
	return errors.Is(err, ErrUnsupported) || errors.Is(err, ErrClosed) || errors.Is(err, auth.ErrNotCovered) || errors.Is(err, auth.ErrExpired)
}

// RefusesLimit is about the server's answer only: ErrInvalid also matches an
// ArgumentError.
func (q consumerQueue) RefusesLimit(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == http.StatusBadRequest
}

// claimAnswer returns the error of a deletion such that only an answer that speaks of a
// claim matches ErrClaimLost. A 403 can also come from a policy or a proxy.
func claimAnswer(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != http.StatusForbidden {
		return err
	}
	told := *e
	told.claimed = aboutClaim(e)
	return &told
}

// aboutClaim reports whether a refusal to delete says that another claim holds the
// message.
func aboutClaim(e *Error) bool {
	return strings.Contains(strings.ToLower(e.Title+" "+e.Description), "claim")
}
