package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// NoAuth names the project on a server without authentication (an empty auth_strategy
// in Zaqar's configuration), as in development and tests.
//
// API v1.1 and v2 refuse requests without a project, so with an empty project Authorize
// returns an error. The server accepts any name of at most 256 characters.
func NoAuth(project string) Authorizer { return noAuth{project: project} }

type noAuth struct{ project string }

func (a noAuth) Authorize(_ context.Context, h http.Header) error {
	if a.project == "" {
		return errors.New("auth: NoAuth needs a project: API v1.1 and v2 refuse requests without one")
	}
	if err := headerSafe("project", a.project); err != nil {
		return err
	}
	h.Set(HeaderProject, a.project)
	return nil
}

func (a noAuth) ProjectID() string { return a.project }

// Token returns an Authorizer that uses a token you already have. It cannot renew the
// token: once it has expired, calls fail with an error that matches
// zaqar.ErrUnauthorized.
//
// project is the id of the project that the token is scoped to; it may be empty. Zaqar
// takes the project from the token, but signed URLs and the WebSocket need it, so pass
// it if you know it.
func Token(token, project string) Authorizer {
	return staticToken{token: NewSecret(token), project: project}
}

type staticToken struct {
	token   Secret
	project string
}

func (a staticToken) Authorize(_ context.Context, h http.Header) error {
	if a.token.IsZero() {
		return errors.New("auth: Token needs a token, but it is empty")
	}
	// The error must not contain the token.
	if headerSafe("token", a.token.Reveal()) != nil {
		return errors.New("auth: the token has characters that a header cannot hold, perhaps a line break at its end")
	}
	h.Set(HeaderToken, a.token.Reveal())
	if a.project != "" {
		if err := headerSafe("project", a.project); err != nil {
			return err
		}
		h.Set(HeaderProject, a.project)
	}
	return nil
}

func (a staticToken) ProjectID() string { return a.project }

// headerSafe refuses values that net/http would refuse later, with an error that
// prints them.
func headerSafe(what, value string) error {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("auth: the " + what + " has control characters, which a header cannot hold")
	}
	return nil
}
