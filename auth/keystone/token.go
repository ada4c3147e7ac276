package keystone

import "github.com/zaqar-go/zaqar/auth"

// Token signs in with a token that you already have. The function itself does no I/O.
//
// With a scope ([Project], [Trust], …), the token is exchanged for one with that scope,
// which expires with the given one. Some clouds forbid the exchange of a token that has
// a project. Without a scope, the token is used as given, and Keystone is asked once for
// its project, its expiry and the catalogue.
//
// Once the given token has expired, calls fail with an error that matches [ErrRefused].
// To use a token without asking Keystone, see auth.Token.
func Token(authURL, token string, opts ...Option) *Auth {
	c := newConfig(authURL, kindToken)
	c.token = auth.NewSecret(token)
	return newAuth("token", given(c), opts)
}
