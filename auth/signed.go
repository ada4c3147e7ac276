package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The headers that carry a pre-signed URL.
const (
	// HeaderSignature carries the signature. It is a secret. Never send it empty:
	// unpatched servers then skip the check of the token (quirk 25).
	HeaderSignature = "Url-Signature"
	// HeaderPaths and HeaderMethods carry comma-separated lists without spaces.
	HeaderPaths   = "Url-Paths"
	HeaderMethods = "Url-Methods"
	// HeaderExpires carries the time of expiry: in UTC, without a zone.
	HeaderExpires = "Url-Expires"
)

// ErrNotCovered is matched by the error of a call that the credentials do not allow.
var ErrNotCovered = errors.New("not covered by the signed URL")

// Restrictor knows which calls the credentials allow. The client checks this before it
// sends a request, because a server only answers "not found" to a call that is not
// allowed.
type Restrictor interface {
	// Allows returns nil if a request with this method to this path may succeed now.
	// path starts at the service's root and has no query. Allows does no I/O. Its error
	// matches [ErrNotCovered] or [ErrExpired].
	Allows(method, path string) error
}

// SignedURL is a pre-signed URL: it allows some calls on a queue until a given time,
// without an account. Anybody who has its text can use it, and it cannot be revoked
// before it expires.
//
// It is an [Authorizer]: pass it to zaqar.Connect with WithAuth. Only API v2 accepts
// it, and over the WebSocket only calls about messages do. A call that it does not
// allow, or a call after it has expired by the local clock, is an error before anything
// is sent.
//
// It prints without its signature with every verb of fmt, in slog and in JSON. To hand
// it over, use [SignedURL.Reveal] or [SignedURL.RevealJSON]; [ParseSignedURL] reads
// both. Queue.Share of package zaqar creates one, and so does [Sign] with the servers'
// key. A SignedURL is immutable and safe for concurrent use. The zero value is empty,
// and its Authorize returns an error.
type SignedURL struct {
	grant     Grant
	signature Secret
}

var _ interface {
	Authorizer
	Restrictor
	EndpointFinder
	Expirer
	ProjectNamer
} = SignedURL{}

// legalSignature matches HMAC-SHA256 in lower-case hexadecimal: servers compare text.
var legalSignature = regexp.MustCompile(`^[0-9a-f]{64}$`)

// newSignedURL checks its parts. Its errors never contain the signature.
func newSignedURL(g Grant, signature string) (SignedURL, error) {
	switch err := g.check(); {
	case err != nil:
		return SignedURL{}, fmt.Errorf("auth: this is not a signed URL: %w", err)
	case signature == Redacted:
		return SignedURL{}, errRedacted
	case !legalSignature.MatchString(signature):
		return SignedURL{}, fmt.Errorf("auth: this is not a signed URL: a signature has 64 lower-case hexadecimal digits (this one has %d characters)", len(signature))
	}
	return SignedURL{grant: g.normal(), signature: NewSecret(signature)}, nil
}

// Grant returns what the URL allows. The caller may change the result.
func (u SignedURL) Grant() Grant {
	g := u.grant
	g.Paths, g.Methods = slices.Clone(g.Paths), slices.Clone(g.Methods)
	return g
}

// Signature returns the signature, which prints as [Redacted].
func (u SignedURL) Signature() Secret { return u.signature }

// IsZero reports whether the URL is the zero value.
func (u SignedURL) IsZero() bool { return u.signature.IsZero() }

// WithEndpoint returns a copy with another endpoint: the URL, without a version, at
// which the receiver reaches the service. The endpoint is not signed. "" removes it. It
// must be an http or https URL without a user, a query or a fragment.
func (u SignedURL) WithEndpoint(endpoint string) (SignedURL, error) {
	endpoint, err := normalEndpoint(endpoint)
	if err != nil {
		return SignedURL{}, fmt.Errorf("auth: the signed URL would be invalid: %w", err)
	}
	u.grant.Endpoint = endpoint
	return u, nil
}

// Authorize implements [Authorizer]. It does no I/O. After the URL has expired, the
// error matches [ErrExpired].
func (u SignedURL) Authorize(_ context.Context, h http.Header) error {
	if u.IsZero() {
		return errors.New("auth: the signed URL is empty")
	}
	if err := u.alive(time.Now()); err != nil {
		return err
	}
	h.Set(HeaderSignature, u.signature.Reveal())
	h.Set(HeaderPaths, strings.Join(u.grant.Paths, ","))
	h.Set(HeaderMethods, strings.Join(u.grant.Methods, ","))
	h.Set(HeaderExpires, u.grant.Expires.Format(wireTime))
	h.Set(HeaderProject, u.grant.Project)
	return nil
}

// Allows implements [Restrictor]. It uses the local clock and does no I/O.
func (u SignedURL) Allows(method, path string) error {
	if err := u.alive(time.Now()); err != nil {
		return err
	}
	if !slices.Contains(u.grant.Methods, method) {
		return fmt.Errorf("auth: %w: it allows %s, not %s", ErrNotCovered, strings.Join(u.grant.Methods, ", "), method)
	}
	for _, allowed := range u.grant.Paths {
		if path == allowed || strings.HasPrefix(path, strings.TrimRight(allowed, "/")+"/") {
			return nil
		}
	}
	return fmt.Errorf("auth: %w: it allows %s, not %s", ErrNotCovered, strings.Join(u.grant.Paths, ", "), path)
}

func (u SignedURL) alive(now time.Time) error {
	if now.Before(u.grant.Expires) {
		return nil
	}
	return fmt.Errorf("auth: %w: the signed URL was valid until %s", ErrExpired, u.grant.Expires.Format(time.RFC3339))
}

// webSocket is the service type that SignedURL.Endpoint does not know.
const webSocket = "messaging-websocket"

// Endpoint implements [EndpointFinder]. It returns the endpoint of the grant for every
// service type but the WebSocket's, which a signed URL does not contain. It does no I/O.
func (u SignedURL) Endpoint(_ context.Context, serviceTypes ...string) (string, error) {
	if len(serviceTypes) > 0 && serviceTypes[0] == webSocket {
		return "", errors.New("auth: the signed URL does not contain the WebSocket's endpoint: pass it to WithWebSocket")
	}
	if u.grant.Endpoint == "" {
		return "", errors.New("auth: the signed URL does not contain the service's endpoint: pass it to Connect")
	}
	return u.grant.Endpoint, nil
}

// Expires implements [Expirer].
func (u SignedURL) Expires() time.Time { return u.grant.Expires }

// ProjectID implements [ProjectNamer].
func (u SignedURL) ProjectID() string { return u.grant.Project }

// String describes the URL without its signature, for example
// "<SignedURL GET,POST /v2/queues/wot/messages until 2036-01-01T00:00:00Z>".
func (u SignedURL) String() string {
	if u.IsZero() {
		return "<SignedURL empty>"
	}
	return fmt.Sprintf("<SignedURL %s %s until %s>",
		strings.Join(u.grant.Methods, ","), strings.Join(u.grant.Paths, ","), u.grant.Expires.Format(time.RFC3339))
}

// Format prints what String returns, whatever the verb and flags.
func (u SignedURL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText encodes what String returns, so that JSON, YAML and the like never
// contain the signature. [SignedURL.RevealJSON] returns it.
func (u SignedURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// LogValue logs what String returns.
func (u SignedURL) LogValue() slog.Value { return slog.StringValue(u.String()) }
