package keystone

import "github.com/zaqar-go/zaqar/auth"

// ApplicationCredential signs in with the id and secret of an application credential.
// The function itself does no I/O.
//
// An application credential belongs to one project, and Keystone allows no other scope
// with it. So [Project], [Trust] and the other scope options are an error, which
// [Auth.Validate] and the first call return.
func ApplicationCredential(authURL, id, secret string, opts ...Option) *Auth {
	c := newConfig(authURL, kindApplicationCredential)
	c.applicationID = id
	c.applicationSecret = auth.NewSecret(secret)
	return newAuth("application credential", given(c), opts)
}
