package keystone

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/safehttp"
)

var (
	// ErrRefused is matched by errors about credentials that Keystone refused or that
	// have expired: a retry with the same credentials cannot succeed. It is
	// [auth.ErrRefused], which package zaqar recognizes.
	ErrRefused = auth.ErrRefused
	// ErrNoEndpoint is matched by the error of [Auth.Endpoint] if the catalogue does not
	// contain any of the service types.
	ErrNoEndpoint = errors.New("keystone: no such endpoint")
	// ErrClosed is returned after [Auth.Close].
	ErrClosed = errors.New("keystone: Auth is closed")
)

// Error reports a sign-in that failed. Neither its text nor its fields contain a secret.
type Error struct {
	// AuthURL is Keystone's URL.
	AuthURL string
	// Who names the user and the scope, for example `user "demo", project "demo"`.
	Who string
	// Status is Keystone's HTTP status code, 0 if there was no answer.
	Status int
	// Message is Keystone's message. It is "" if there was none, or if it contained a
	// secret.
	Message string
	// Err is the cause if there was no answer or not a valid one.
	Err error

	refused    bool
	advice     string
	retryAfter time.Duration
	repeated   bool // it is the error of an earlier sign-in
}

// Error names the user, the Keystone and the reason, and says what to do.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "keystone: sign-in of %s at %s failed", e.Who, e.AuthURL)
	if e.Status != 0 {
		fmt.Fprintf(&b, " with status %d", e.Status)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.advice != "" {
		fmt.Fprintf(&b, " (%s)", e.advice)
	}
	if e.repeated {
		fmt.Fprintf(&b, "; the next sign-in is in %v", e.retryAfter)
	}
	return b.String()
}

// RetryAfter returns how long Keystone will not be asked again. Until then, calls that need
// a token return this error at once. It is a back-off, and at least what Keystone's
// Retry-After header asked for, up to 5 minutes.
func (e *Error) RetryAfter() time.Duration { return e.retryAfter }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches [ErrRefused].
func (e *Error) Is(target error) bool { return target == ErrRefused && e.refused }

var adviceByStatus = map[int]string{
	http.StatusForbidden:          "the credentials are valid, but not for this scope",
	http.StatusNotFound:           "check that this is Keystone: its URL usually ends in :5000/v3 or /identity/v3",
	http.StatusMultipleChoices:    "check that this is Keystone: its URL usually ends in :5000/v3 or /identity/v3",
	http.StatusTooManyRequests:    "try again later",
	http.StatusServiceUnavailable: "try again later",
}

var adviceByMistake = map[safehttp.Mistake]string{
	safehttp.PlainToTLS:          "the port expects TLS: start the auth URL with https://",
	safehttp.TLSToPlain:          "the port does not speak TLS: start the auth URL with http://",
	safehttp.NoClientCertificate: "Keystone may want a client certificate, or another one: use ClientCertificate, OS_CERT and OS_KEY, or cert and key in clouds.yaml",
	safehttp.UnknownAuthority:    "name the CA's file with CACert, OS_CACERT or cacert in clouds.yaml",
}

var adviceByKind = map[kind]string{
	kindPassword:              "check the user, its domain, the password and the project",
	kindToken:                 "obtain a new token, or check the project",
	kindApplicationCredential: "check the application credential's id, secret and expiry",
}

// advice says what to do about an error.
func (id *identity) advice(e *Error, mistake safehttp.Mistake) string {
	if _, ok := errors.AsType[*safehttp.RedirectError](e.Err); ok {
		return "if you trust the redirect's target, use it as the auth URL"
	}
	if advice, ok := adviceByMistake[mistake]; ok {
		return advice
	}
	if e.refused {
		return strings.Join(append([]string{adviceByKind[id.kind]}, id.suspects...), "; ")
	}
	return adviceByStatus[e.Status]
}

// failure turns an error of gophercloud or net/http into an [*Error]. It keeps only
// what cannot contain a secret: gophercloud's errors contain whole replies.
func (id *identity) failure(err error) *Error {
	e := &Error{AuthURL: id.service.String(), Who: id.who()}
	mistake := safehttp.MistakeOf(err)
	defer func() { e.advice = id.advice(e, mistake) }()
	if reply, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err); ok {
		e.Status = reply.Actual
		e.Message = id.quote(reply.Body)
		mistake = safehttp.MistakeIn(reply.Actual, reply.Body)
		e.retryAfter = backoff.RetryAfter(reply.ResponseHeader, time.Now())
		// Keystone answers 404 about a token that it does not know.
		e.refused = e.Status == http.StatusUnauthorized ||
			e.Status == http.StatusNotFound && id.asGiven() && e.Message != ""
		if redirect := safehttp.Refused(id.service, e.Status, reply.ResponseHeader); redirect != nil {
			e.Err = redirect
		}
		return e
	}
	if network, ok := errors.AsType[*url.Error](err); ok {
		e.Err = network.Err
	} else if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e.Err = err
	} else {
		// What encoding/json and gophercloud say about an answer may quote it.
		e.Err = errAnswer
	}
	if errors.Is(e.Err, context.DeadlineExceeded) {
		e.Err = fmt.Errorf("no answer within %v: %w", signInTimeout, context.DeadlineExceeded)
	}
	switch e.Err.(type) { //nolint:errorlint // a wrapped error says nothing about the text of the outer one
	case *net.OpError, *tls.CertificateVerificationError:
		// These contain no request and no reply. They are not searched for secrets,
		// because a short password can be part of a host's name.
		return e
	}
	// The text of the caller's RoundTripper can contain anything, and net/http quotes a
	// reply that is not HTTP.
	if id.leaks(e.Err.Error()) {
		e.Err = errors.New("the cause is not shown because its text contains a secret")
	}
	return e
}

var errAnswer = errors.New("the answer is not one of Keystone's API")

// maxQuote is how much of Keystone's message is kept.
const maxQuote = 300

// quote returns the message of an error body, or "" if there is none that can be shown.
func (id *identity) quote(body []byte) string {
	var reply struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.NewDecoder(bytes.NewReader(body)).Decode(&reply) != nil || id.leaks(reply.Error.Message) {
		return ""
	}
	message := strings.Join(strings.Fields(reply.Error.Message), " ")
	if len(message) > maxQuote {
		message = strings.ToValidUTF8(message[:maxQuote], "") + "…"
	}
	return message
}

// leaks reports whether text contains a secret. Such a text is dropped as a whole: the
// rest of it could reveal the secret as well.
func (id *identity) leaks(text string) bool {
	for _, s := range id.secrets() {
		if strings.Contains(text, s.Reveal()) || strings.Contains(text, url.QueryEscape(s.Reveal())) {
			return true
		}
	}
	return false
}
