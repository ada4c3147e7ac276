// Package auth identifies the caller: it adds credentials to requests to Zaqar.
//
// The interface is one method, [Authorizer]. This package has four small
// implementations: [NoAuth] names a project on a server without authentication,
// [Token] uses a token that you already have, [SignedURL] uses a pre-signed URL that
// you were given, and [Func] calls a function of your own. Package auth/keystone signs
// in to Keystone.
//
// An Authorizer may implement further interfaces of one method each, which are found by
// type assertion: [EndpointFinder], [Invalidator], [Expirer], [TLSConfigurer],
// [ProjectNamer] and [Restrictor].
package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"
)

// The headers that carry credentials.
const (
	// HeaderToken carries a Keystone token. It is a secret.
	HeaderToken = "X-Auth-Token"
	// HeaderProject names the project. Servers with Keystone take the project from
	// the token and ignore this header; servers without authentication require it.
	HeaderProject = "X-Project-Id"
)

// ErrRefused is matched by an Authorizer's error if the credentials were refused, but
// not if it could not ask, for example because the network failed.
var ErrRefused = errors.New("credentials refused")

// Authorizer adds credentials to one request.
type Authorizer interface {
	// Authorize sets the headers that identify the caller. It may do I/O, such as
	// signing in or renewing a token, and blocks until that is done, has failed, or
	// ctx ends. It is called for every request, from several goroutines at once, so it
	// should keep what it obtains. It must not keep h.
	Authorize(ctx context.Context, h http.Header) error
}

// EndpointFinder finds a service in a catalogue.
type EndpointFinder interface {
	// Endpoint returns the URL of the first of serviceTypes that the catalogue has. It
	// may do I/O. Its error names the types that were asked for and, where possible,
	// those that exist.
	Endpoint(ctx context.Context, serviceTypes ...string) (string, error)
}

// Invalidator drops credentials that a server refused.
type Invalidator interface {
	// Invalidate reports that the server answered 401 to a request with the headers h.
	// It returns true if Authorize may return different credentials now, so that the
	// request is worth repeating. It does no I/O.
	//
	// It may be called many times for the same refused credentials, once by each caller
	// that used them. Only the first call counts. Credentials newer than those in h are
	// kept, and later callers get true as well if newer ones exist or are on the way.
	Invalidate(h http.Header) bool
}

// Expirer reports when the current credentials expire.
type Expirer interface {
	// Expires returns when the credentials of the last Authorize expire, or the zero
	// time if that is not known or they never expire.
	Expires() time.Time
}

// TLSConfigurer provides TLS settings that belong to the credentials, such as the CA
// bundle, client certificate and insecure setting of a clouds.yaml. [zaqar.Connect] uses
// them for its own connections unless the caller passes an HTTP client or TLS options.
//
// [zaqar.Connect]: https://pkg.go.dev/github.com/zaqar-go/zaqar#Connect
type TLSConfigurer interface {
	// TLSClientConfig returns the settings, or nil for the system's defaults. It may
	// read files but does no network I/O. The caller may change the result.
	TLSClientConfig() (*tls.Config, error)
}

// ProjectNamer reports the project of the credentials.
type ProjectNamer interface {
	// ProjectID returns the project's id, or "" if it is not known (yet).
	ProjectID() string
}

// Func turns a function into an Authorizer, for callers with their own way to
// authenticate.
//
//	auth.Func(func(ctx context.Context, h http.Header) error {
//		token, err := vault.Token(ctx)
//		if err != nil {
//			return err
//		}
//		h.Set(auth.HeaderToken, token)
//		return nil
//	})
type Func func(ctx context.Context, h http.Header) error

// Authorize calls f.
func (f Func) Authorize(ctx context.Context, h http.Header) error { return f(ctx, h) }
