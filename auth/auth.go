// Package auth says who is calling: it puts credentials on requests to Zaqar.
//
// The seam is one method, [Authorizer]. Four small implementations live
// here: [NoAuth] (a server that runs without authentication; the project is
// named by the caller), [Token] (a token that somebody else obtained),
// [SignedURL] (a right to some calls that somebody else handed over) and
// [Func] (a function of your own). Package auth/keystone signs in to Keystone.
//
// An Authorizer may have more abilities; each is an optional interface of one
// method, found by type assertion: [EndpointFinder], [Invalidator],
// [Expirer], [TLSConfigurer], [ProjectNamer] and [Restrictor].
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
	// HeaderProject names the project. Servers behind Keystone take the
	// project from the token and ignore the header; servers without
	// authentication require it.
	HeaderProject = "X-Project-Id"
)

// ErrRefused is wrapped by an Authorizer's error when the credentials were
// refused, as against not being able to ask.
var ErrRefused = errors.New("credentials refused")

// Authorizer puts credentials on one request.
type Authorizer interface {
	// Authorize sets the headers that identify the caller. It may do I/O (sign
	// in, renew a token) and returns when the headers are set, when that
	// failed, or when ctx ends. It is called once per attempt and may be called
	// concurrently; what it obtains it should keep, since it is called often.
	// It must not keep h.
	Authorize(ctx context.Context, h http.Header) error
}

// EndpointFinder is the ability to find a service in a catalogue.
type EndpointFinder interface {
	// Endpoint returns the URL of the first service type in serviceTypes that
	// the catalogue holds. It may do I/O. An error says which types were asked
	// for and, where it helps, which ones there are.
	Endpoint(ctx context.Context, serviceTypes ...string) (string, error)
}

// Invalidator is the ability to forget credentials that a server refused.
type Invalidator interface {
	// Invalidate tells that a request with the headers h was answered 401. It
	// returns whether another Authorize may bring other credentials, that is,
	// whether it is worth asking again. It does no I/O. It may be called many
	// times for the same refused credentials, by all who sent them: only the
	// first call counts, credentials that are newer than those in h are kept, and
	// the later callers are told true as well when newer ones are there or coming.
	Invalidate(h http.Header) bool
}

// Expirer is the ability to say when the credentials at hand end.
type Expirer interface {
	// Expires returns the moment at which the credentials of the last Authorize
	// end, and the zero time when that is not known or they never do.
	Expires() time.Time
}

// TLSConfigurer is the ability to bring TLS material along, as a clouds.yaml
// does (CA bundle, client certificate, insecure). [zaqar.Connect] uses it for
// its own connections unless the caller gave an HTTP client or TLS options.
//
// [zaqar.Connect]: https://pkg.go.dev/github.com/zaqar-go/zaqar#Connect
type TLSConfigurer interface {
	// TLSClientConfig returns the configuration, nil for the system's own. It
	// may read files but does no network I/O. The caller may change the result.
	TLSClientConfig() (*tls.Config, error)
}

// ProjectNamer is the ability to say which project the credentials are for,
// once they are known.
type ProjectNamer interface {
	// ProjectID returns the project's id, "" when it is not known (yet).
	ProjectID() string
}

// Func makes an Authorizer of a function: the one-method plug-in for callers
// who have their own way to authenticate.
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
