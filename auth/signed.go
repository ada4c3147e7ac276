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
	// HeaderSignature carries the signature. It is a secret, and must never be sent
	// empty: servers that are not patched skip the check of the token then.
	HeaderSignature = "Url-Signature"
	// HeaderPaths and HeaderMethods carry lists, joined by commas without spaces.
	HeaderPaths   = "Url-Paths"
	HeaderMethods = "Url-Methods"
	HeaderExpires = "Url-Expires"
)

// ErrNotCovered is the error for a call that the credentials do not allow.
var ErrNotCovered = errors.New("not covered by the signed URL")

// Restrictor is the ability to say what the credentials allow, before a server is
// asked that says no more than "not found".
type Restrictor interface {
	// Allows returns nil when a request with this method to this path (from the
	// service's root, without its query) may succeed now. It does no I/O. Its error
	// matches [ErrNotCovered] or [ErrExpired].
	Allows(method, path string) error
}

// SignedURL is a pre-signed URL: the right to some calls on a queue until a moment,
// which can be handed to somebody who has no account. Who holds its text holds the
// right, and nobody can take it back before it expires.
//
// It is an [Authorizer]: give it to zaqar.Connect with WithAuth. Only API v2 takes
// it, and over the WebSocket only for messages. A call that it does not cover, or that
// comes after it has expired by the local clock, is an error before anything is sent.
//
// It prints without its signature under every verb of fmt, in slog and in JSON;
// [SignedURL.Reveal] and [SignedURL.RevealJSON] are the ways to hand it over, and
// [ParseSignedURL] reads what they return. Package zaqar makes one with Queue.Share,
// and [Sign] makes one of the servers' key. A SignedURL does not change; the zero
// value is none, and Authorize refuses it.
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

// legalSignature is HMAC-SHA256 in lower-case hexadecimal: servers compare the text.
var legalSignature = regexp.MustCompile(`^[0-9a-f]{64}$`)

// newSignedURL checks what it is made of. Errors never hold the signature.
func newSignedURL(g Grant, signature string) (SignedURL, error) {
	switch err := g.check(); {
	case err != nil:
		return SignedURL{}, fmt.Errorf("auth: this is no signed URL: %w", err)
	case signature == Redacted:
		return SignedURL{}, errors.New("auth: the signature has been redacted: the text was printed or logged; hand over what Reveal returns")
	case !legalSignature.MatchString(signature):
		return SignedURL{}, fmt.Errorf("auth: this is no signed URL: a signature has 64 lower-case hexadecimal digits (this one has %d characters)", len(signature))
	}
	return SignedURL{grant: g.normal(), signature: NewSecret(signature)}, nil
}

// Grant returns what it allows. The caller may change the result.
func (u SignedURL) Grant() Grant {
	g := u.grant
	g.Paths, g.Methods = slices.Clone(g.Paths), slices.Clone(g.Methods)
	return g
}

// Signature returns the signature, which prints as [Redacted].
func (u SignedURL) Signature() Secret { return u.signature }

// IsZero reports whether there is nothing in it.
func (u SignedURL) IsZero() bool { return u.signature.IsZero() }

// WithEndpoint returns a copy that tells another endpoint, a URL without a version:
// one at which the receiver reaches the service. It is not signed. "" takes it away;
// what is no http or https URL is an error.
func (u SignedURL) WithEndpoint(endpoint string) (SignedURL, error) {
	endpoint, err := normalEndpoint(endpoint)
	if err != nil {
		return SignedURL{}, fmt.Errorf("auth: the signed URL would be no good: %w", err)
	}
	u.grant.Endpoint = endpoint
	return u, nil
}

// Authorize implements [Authorizer]. It does no I/O.
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

// Allows implements [Restrictor] by the local clock. It does no I/O.
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
	return fmt.Errorf("auth: %w: the signed URL held until %s", ErrExpired, u.grant.Expires.Format(time.RFC3339))
}

// webSocket is the type of a service that SignedURL.Endpoint is not about.
const webSocket = "messaging-websocket"

// Endpoint implements [EndpointFinder]: the endpoint that came with it, whatever the
// service type, but for the WebSocket's, which it does not tell. It does no I/O.
func (u SignedURL) Endpoint(_ context.Context, serviceTypes ...string) (string, error) {
	if len(serviceTypes) > 0 && serviceTypes[0] == webSocket {
		return "", errors.New("auth: the signed URL does not tell the WebSocket's endpoint: give it to WithWebSocket")
	}
	if u.grant.Endpoint == "" {
		return "", errors.New("auth: the signed URL does not tell the service's endpoint: give it to Connect")
	}
	return u.grant.Endpoint, nil
}

// Expires implements [Expirer].
func (u SignedURL) Expires() time.Time { return u.grant.Expires }

// ProjectID implements [ProjectNamer].
func (u SignedURL) ProjectID() string { return u.grant.Project }

// String describes it without its signature:
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

// MarshalText encodes what String returns: JSON, YAML and the like never hold the
// signature. [SignedURL.RevealJSON] does.
func (u SignedURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// LogValue logs what String returns.
func (u SignedURL) LogValue() slog.Value { return slog.StringValue(u.String()) }
