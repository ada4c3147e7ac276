package keystone

import "github.com/zaqar-go/zaqar/auth"

// Password signs in with a user's name and password. The function itself does no I/O.
//
// authURL is Keystone's URL, with or without /v3 at its end. The user's domain defaults
// to the one with the id "default"; [UserDomain] or [UserDomainID] names another, and
// [UserID] names the user by id. Name the project with [Project] or [ProjectID]:
// otherwise Keystone uses the user's default project, and a user without one gets a
// token that Zaqar does not accept.
func Password(authURL, username, password string, opts ...Option) *Auth {
	c := newConfig(authURL, kindPassword)
	c.username = username
	c.password = auth.NewSecret(password)
	return newAuth("password", given(c), opts)
}

// UserID names the user of [Password] by id. The user name is then ignored.
func UserID(id string) Option {
	return func(c *config) { c.userID, c.username = id, "" }
}

// UserDomain names the domain of the user. Defaults to the domain with the id "default".
func UserDomain(name string) Option {
	return func(c *config) { c.userDomain = domain{name: name} }
}

// UserDomainID is [UserDomain] by id.
func UserDomainID(id string) Option {
	return func(c *config) { c.userDomain = domain{id: id} }
}

// Passcode adds a one-time passcode (TOTP) to the password. It works only once, so the
// token cannot be renewed.
func Passcode(code string) Option {
	return func(c *config) { c.passcode = auth.NewSecret(code) }
}
