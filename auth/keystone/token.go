package keystone

import "github.com/zaqar-go/zaqar/auth"

// Token signs in with a token that somebody else obtained. It does no I/O.
//
// With a scope ([Project], [Trust], …) the token is exchanged for one of that
// scope, which ends when the given one does; some clouds forbid the exchange of
// a token that has a project. Without a scope the token is used as given, and
// Keystone is asked once for its project, its end and the catalogue.
//
// Neither outlives the given token: after its end, calls fail with an error that
// matches [ErrRefused]. For a token that needs no Keystone at all there is
// auth.Token.
func Token(authURL, token string, opts ...Option) *Auth {
	c := newConfig(authURL, kindToken)
	c.token = auth.NewSecret(token)
	return newAuth("token", given(c), opts)
}
