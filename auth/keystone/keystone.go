// Package keystone signs in to OpenStack Keystone.
//
// An [Auth] keeps one token and adds it to requests:
//
//	a := keystone.Password("https://cloud.example.com:5000/v3", "demo", password,
//		keystone.Project("demo"), keystone.Region("RegionOne"))
//
// [FromEnv] reads the OS_* variables of an openrc file, [FromCloud] reads a clouds.yaml,
// and [Password], [ApplicationCredential] and [Token] take the credentials as arguments.
// None of them does I/O: files are read, and Keystone is asked, when a token is first
// needed. [Auth.Validate] reads and checks everything without asking Keystone.
//
// # Lifetime of a token
//
// All callers share one token. When 0.8 of its lifetime has passed (see [RenewAt]), or
// 5 s before its end if that is earlier, the next caller starts a renewal in the
// background. Meanwhile all callers use the old token; they wait only if no valid token
// is left. One renewal serves all callers that wait, and continues if one of them gives
// up. After a sign-in that failed, Keystone is not asked again for a quarter of a second,
// or a second if it refused the credentials, and twice as long after each further failure,
// up to 15 s and a minute. Keystone may ask for a longer pause (Retry-After).
// Lifetimes are measured from the sign-in, so a wrong local clock does not matter.
//
// # Not supported
//
// Federated sign-in (OIDC, SAML, Kerberos) is not supported: obtain a token by other
// means and pass it to [Token] or set OS_TOKEN. Nor is version 2.0 of the Keystone API,
// which OpenStack removed in 2018.
package keystone

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/auth"
)

// Auth signs in to one Keystone. It is safe for concurrent use. Printing it never shows
// a secret.
//
// It implements [auth.Authorizer], [auth.EndpointFinder], [auth.Invalidator],
// [auth.Expirer], [auth.TLSConfigurer] and [auth.ProjectNamer].
type Auth struct {
	label string
	// identity reads the files once; its error is final.
	identity func() (*identity, error)
	// keeper is a pointer because fmt does not follow pointers inside a struct that it
	// prints by reflection. It does so if an Auth is an unexported field, and then does
	// not call Format.
	keeper *keeper
}

var (
	_ auth.Authorizer     = (*Auth)(nil)
	_ auth.EndpointFinder = (*Auth)(nil)
	_ auth.Invalidator    = (*Auth)(nil)
	_ auth.Expirer        = (*Auth)(nil)
	_ auth.TLSConfigurer  = (*Auth)(nil)
	_ auth.ProjectNamer   = (*Auth)(nil)
	_ fmt.Formatter       = (*Auth)(nil)
	_ slog.LogValuer      = (*Auth)(nil)
	_ io.Closer           = (*Auth)(nil)
)

// newAuth returns an Auth with the configuration that base returns when it is first
// needed. opts override it.
func newAuth(label string, base func(given map[string]string) (config, error), opts []Option) *Auth {
	return &Auth{
		label:  label,
		keeper: &keeper{},
		identity: sync.OnceValues(func() (*identity, error) {
			c, err := base(givenBy(opts))
			if err != nil {
				return nil, fmt.Errorf("keystone: %w", err)
			}
			for _, opt := range opts {
				if opt != nil {
					opt(&c)
				}
			}
			id, err := newIdentity(c)
			if err != nil {
				return nil, fmt.Errorf("keystone: %w", err)
			}
			for _, warning := range c.warnings {
				slog.Warn("keystone: " + warning)
			}
			return id, nil
		}),
	}
}

// given returns a base for [newAuth] from a complete configuration.
func given(c config) func(map[string]string) (config, error) {
	return func(given map[string]string) (config, error) {
		settings{}.idle(&c, given)
		return c, nil
	}
}

// Authorize sets X-Auth-Token and, if the token has a project, X-Project-Id. It blocks
// only if there is no valid token: until the sign-in, which all waiting callers share,
// has ended (30 seconds at most), or until ctx ends. The sign-in then continues for the
// other callers.
//
// A sign-in that failed is an [*Error]. If Keystone refused it, the error matches
// [ErrRefused]. After a failure there is a back-off, during which all callers that need a
// token get that error at once; see [Error.RetryAfter].
func (a *Auth) Authorize(ctx context.Context, h http.Header) error {
	id, err := a.identity()
	if err != nil {
		return err
	}
	if id.kind == kindNone {
		h.Set(auth.HeaderProject, id.scope.project())
		return nil
	}
	s, err := a.keeper.session(ctx, id)
	if err != nil {
		return err
	}
	h.Set(auth.HeaderToken, s.token.Reveal())
	if s.project != "" {
		h.Set(auth.HeaderProject, s.project)
	}
	return nil
}

// Invalidate reports that a server answered 401 to a request with the headers h. If h
// has the current token, that token is no longer used, and the next Authorize signs in
// again. Invalidate does no I/O.
//
// A token that has only just replaced another refused one may be signed with a key that
// has not reached all servers yet. Then the next Authorize signs in after a pause of 1 s,
// which all callers wait for; if that token is refused as well, after 2 s, and then 4 s.
//
// It returns false if a new token would not help: for a token that is used as it was given,
// after a passcode, and after those three. In the last case the token is kept for 30 s:
// something else is wrong, for example the endpoint belongs to another cloud.
func (a *Auth) Invalidate(h http.Header) bool {
	refused := h.Get(auth.HeaderToken)
	id, err := a.identity()
	if err != nil || refused == "" || id.kind == kindNone || id.once() {
		return false
	}
	return a.keeper.invalidate(refused)
}

// Validate reads the files and returns an error if something is missing or wrong, as
// Authorize would. It does not ask Keystone.
func (a *Auth) Validate() error {
	_, err := a.identity()
	return err
}

// Expires returns when the current token expires, by the local clock. It returns the
// zero time before the first sign-in and if Keystone did not say.
func (a *Auth) Expires() time.Time {
	if s := a.keeper.newest(); s != nil {
		return s.expires
	}
	return time.Time{}
}

// ProjectID returns the id of the token's project. Before the first sign-in it returns
// the project of the options or the environment, if that is given by id, else "".
func (a *Auth) ProjectID() string {
	if s := a.keeper.newest(); s != nil {
		return s.project
	}
	id, err := a.identity()
	if err != nil {
		return ""
	}
	if id.kind == kindNone {
		return id.scope.project()
	}
	return id.scope.projectID
}

// TLSClientConfig returns the CA bundle, client certificate and verification setting of
// the options, the environment or clouds.yaml, or nil if there are none. It may read
// files.
func (a *Auth) TLSClientConfig() (*tls.Config, error) {
	id, err := a.identity()
	if err != nil {
		return nil, err
	}
	return id.tlsConfig.Clone(), nil
}

// Close cancels a sign-in that is under way and waits for its end. Later calls that
// need a token return [ErrClosed]. Closing twice is safe. An Auth that is not closed
// keeps nothing but memory.
func (a *Auth) Close() error {
	a.keeper.close()
	return nil
}

// String names the kind of sign-in.
func (a *Auth) String() string { return "keystone.Auth(" + a.label + ")" }

// Format prints what String returns, whatever the verb and flags.
func (a *Auth) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// LogValue logs what String returns.
func (a *Auth) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText encodes what String returns.
func (a *Auth) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

func cloudLabel(name string) string { return "cloud " + strconv.Quote(name) }
