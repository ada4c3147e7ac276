package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// NoAuth names the project on a server that runs without authentication
// (Zaqar's auth_strategy is empty), as in development and tests.
//
// API v1.1 and v2 refuse requests without a project, so an empty one is an
// error of Authorize. The server does not check the name; it takes at most 256
// characters.
func NoAuth(project string) Authorizer { return noAuth{project: project} }

type noAuth struct{ project string }

func (a noAuth) Authorize(_ context.Context, h http.Header) error {
	if a.project == "" {
		return errors.New("auth: NoAuth needs a project: Zaqar v1.1 and v2 refuse requests without one")
	}
	if err := headerSafe("project", a.project); err != nil {
		return err
	}
	h.Set(HeaderProject, a.project)
	return nil
}

func (a noAuth) ProjectID() string { return a.project }

// Token is a token that somebody else obtained. It cannot be renewed: once it
// has expired, calls end with an error that matches zaqar.ErrUnauthorized.
//
// The project is the one that the token is scoped to. Zaqar takes the project
// from the token and ignores this one, but signed URLs and the WebSocket need
// it, so give it when you know it; it may be empty.
func Token(token, project string) Authorizer {
	return staticToken{token: NewSecret(token), project: project}
}

type staticToken struct {
	token   Secret
	project string
}

func (a staticToken) Authorize(_ context.Context, h http.Header) error {
	if a.token.IsZero() {
		return errors.New("auth: Token needs a token: it is empty")
	}
	// The token itself stays out of the error.
	if headerSafe("token", a.token.Reveal()) != nil {
		return errors.New("auth: the token holds characters that no header can carry (a line break at its end?)")
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

// headerSafe refuses values that net/http would refuse later with an error
// that prints them.
func headerSafe(what, value string) error {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("auth: the " + what + " holds control characters, which no header can carry")
	}
	return nil
}
