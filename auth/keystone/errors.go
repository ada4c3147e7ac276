package keystone

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/safehttp"
)

var (
	// ErrRefused is matched by errors of credentials that Keystone refused or
	// that have ended: asking again without a change is of no use. It is
	// [auth.ErrRefused], by which package zaqar knows it.
	ErrRefused = auth.ErrRefused
	// ErrNoEndpoint is matched when the catalogue lacks what was asked for.
	ErrNoEndpoint = errors.New("keystone: no such endpoint")
	// ErrClosed is returned after [Auth.Close].
	ErrClosed = errors.New("keystone: Auth is closed")
)

// Error is a sign-in that failed. It holds no secret: not in its text, not in
// its fields.
type Error struct {
	// AuthURL is the Keystone that was asked.
	AuthURL string
	// Who names the user and the scope: `user "demo", project "demo"`.
	Who string
	// Status is Keystone's HTTP status code, 0 when there was no answer.
	Status int
	// Message is what Keystone said. It is "" when Keystone said nothing, or
	// something that holds a secret.
	Message string
	// Err is the cause when there was no answer or not a proper one.
	Err error

	refused bool
	advice  string
}

// Error says who was refused or failed where, why, and what to do about it.
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
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches [ErrRefused].
func (e *Error) Is(target error) bool { return target == ErrRefused && e.refused }

var adviceByStatus = map[int]string{
	http.StatusForbidden:          "the credentials are good, but not for this scope",
	http.StatusNotFound:           "is this Keystone? its URL mostly ends in :5000/v3 or /identity/v3",
	http.StatusMultipleChoices:    "is this Keystone? its URL mostly ends in :5000/v3 or /identity/v3",
	http.StatusTooManyRequests:    "try later",
	http.StatusServiceUnavailable: "try later",
}

var adviceByKind = map[kind]string{
	kindPassword:              "check the user, its domain, the password and the project",
	kindToken:                 "obtain a new token, or check the project",
	kindApplicationCredential: "check the application credential's id, secret and end",
}

// advice says what to do about an error.
func (id *identity) advice(e *Error) string {
	if _, ok := errors.AsType[*safehttp.RedirectError](e.Err); ok {
		return "make the auth URL the place that it leads to, if that is yours"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](e.Err); ok {
		return "name the CA's file by CACert, OS_CACERT or cacert in clouds.yaml"
	}
	if e.refused {
		return adviceByKind[id.kind]
	}
	return adviceByStatus[e.Status]
}

// failure makes an [*Error] of an error of gophercloud's or net/http's, of which
// it keeps only what cannot hold a secret: gophercloud's hold whole replies.
func (id *identity) failure(err error) error {
	e := &Error{AuthURL: id.service.String(), Who: id.who()}
	defer func() { e.advice = id.advice(e) }()
	if reply, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err); ok {
		e.Status = reply.Actual
		e.Message = id.quote(reply.Body)
		// Keystone answers 404 when asked about a token that it does not know.
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
	switch e.Err.(type) { //nolint:errorlint // what is wrapped says nothing of the wrapping's text
	case *net.OpError, *tls.CertificateVerificationError:
		// No request and no reply is in these, while a short password may well be
		// part of a host's name.
		return e
	}
	// A RoundTripper of the caller's may say anything, and net/http quotes a reply
	// that is not HTTP.
	if id.leaks(e.Err.Error()) {
		e.Err = errors.New("the cause is not shown, since its text holds a secret")
	}
	return e
}

var errAnswer = errors.New("the answer is not that of Keystone's API")

// maxQuote is how much of Keystone's message is kept.
const maxQuote = 300

// quote returns the message of an error body, "" when there is none that can be
// shown.
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

// leaks reports whether text holds a secret. Such a text is dropped rather than
// cut: what is left could still tell.
func (id *identity) leaks(text string) bool {
	for _, s := range id.secrets() {
		if strings.Contains(text, s.Reveal()) || strings.Contains(text, url.QueryEscape(s.Reveal())) {
			return true
		}
	}
	return false
}
