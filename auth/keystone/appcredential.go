package keystone

import "github.com/zaqar-go/zaqar/auth"

// ApplicationCredential signs in with the id and secret of an application
// credential. It does no I/O.
//
// An application credential belongs to one project; Keystone allows no scope
// beside it, so [Project], [Trust] and the like are an error of the first call.
func ApplicationCredential(authURL, id, secret string, opts ...Option) *Auth {
	c := newConfig(authURL, kindApplicationCredential)
	c.applicationID = id
	c.applicationSecret = auth.NewSecret(secret)
	return newAuth("application credential", given(c), opts)
}
