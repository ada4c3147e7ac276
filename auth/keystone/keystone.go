// Package keystone signs in to OpenStack Keystone.
//
// An [Auth] keeps one token and puts it on requests:
//
//	a := keystone.Password("https://cloud.example.com:5000/v3", "demo", password,
//		keystone.Project("demo"), keystone.Region("RegionOne"))
//
// [FromEnv] reads the OS_* variables of an openrc file, [FromCloud] a
// clouds.yaml, [ApplicationCredential] and [Token] are what they say. None of
// them does I/O: files are read and Keystone is asked when a token is first
// needed. [Auth.Validate] reads and checks everything short of asking Keystone.
//
// # The life of a token
//
// The token is shared by all callers. After 0.8 of its lifetime (see [RenewAt]),
// or 5 s before its end when that is sooner, the next caller starts one renewal in
// the background, and everybody goes on using the old token meanwhile; callers wait
// only when there is no token that is still good. One renewal serves all who wait, and
// runs on when one of them gives up. Lifetimes are counted from the moment of sign-in,
// so a local clock that is wrong does no harm.
//
// # What is not here
//
// Federated sign-in (OIDC, SAML, Kerberos): obtain a token by other means and
// give it to [Token] or OS_TOKEN. Version 2.0 of the Keystone API, which
// OpenStack removed in 2018.
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

// Auth signs in to one Keystone. It is safe for concurrent use. Whatever prints
// it, no secret is shown.
//
// It implements [auth.Authorizer] and all of its optional companions:
// [auth.EndpointFinder], [auth.Invalidator], [auth.Expirer],
// [auth.TLSConfigurer] and [auth.ProjectNamer].
type Auth struct {
	label string
	// identity reads files and environment once; its error stays.
	identity func() (*identity, error)
	// A pointer, since fmt does not follow those inside of a struct that it walks
	// by reflection (where an Auth is a private field, its Format is not called).
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

// newAuth makes an Auth of what base returns when it is first needed and of
// opts, which have the last word.
func newAuth(label string, base func() (config, error), opts []Option) *Auth {
	return &Auth{
		label:  label,
		keeper: &keeper{},
		identity: sync.OnceValues(func() (*identity, error) {
			c, err := base()
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
			return id, nil
		}),
	}
}

// given makes a base of a configuration that is complete already.
func given(c config) func() (config, error) {
	return func() (config, error) { return c, nil }
}

// Authorize sets X-Auth-Token and, when the token has a project, X-Project-Id.
// It blocks only while there is no token that is still good: until the sign-in
// that serves all waiting callers ends, for at most 30 seconds, or until ctx
// ends, which leaves the sign-in to the others.
//
// A sign-in that failed is an [*Error]; one that Keystone refused matches
// [ErrRefused].
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

// Invalidate tells that a server answered 401 to a request with the headers h.
// If h has the current token, that token is used no more and the next Authorize
// signs in again. It does no I/O.
//
// It returns false when that would not help: for a token that was given and is
// used as it is, after a passcode, and for a token that has only just come in
// place of another refused one. Then it is not the token that is wrong (the
// endpoint may belong to another cloud, say), and the token is kept.
func (a *Auth) Invalidate(h http.Header) bool {
	refused := h.Get(auth.HeaderToken)
	id, err := a.identity()
	if err != nil || refused == "" || id.kind == kindNone || id.once() {
		return false
	}
	return a.keeper.invalidate(refused)
}

// Validate reads the files and variables that there are to read, and says what
// is missing or wrong, as Authorize would, but without asking Keystone.
func (a *Auth) Validate() error {
	_, err := a.identity()
	return err
}

// Expires returns when the token at hand ends by the local clock; the zero time
// before the first sign-in and when Keystone did not say.
func (a *Auth) Expires() time.Time {
	if s := a.keeper.newest(); s != nil {
		return s.expires
	}
	return time.Time{}
}

// ProjectID returns the id of the token's project. Before the first sign-in that
// is the project asked for, if it was asked for by its id.
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

// TLSClientConfig returns the CA bundle, client certificate and verification
// setting of the options, the environment or clouds.yaml; nil when there are
// none.
func (a *Auth) TLSClientConfig() (*tls.Config, error) {
	id, err := a.identity()
	if err != nil {
		return nil, err
	}
	return id.tlsConfig.Clone(), nil
}

// Close cancels a sign-in under way and waits for its end. Every later call
// that needs a token fails with [ErrClosed]. Closing twice is harmless; an Auth
// that is not closed holds on to nothing but memory.
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
