package keystone

import "github.com/zaqar-go/zaqar/auth"

// Password signs in with a user's name and password. It does no I/O.
//
// authURL is Keystone's URL, with or without /v3 at its end. The user's domain
// is the one with the id "default" unless [UserDomain] or [UserDomainID] names
// another; [UserID] names the user by id. Give the project by [Project] or
// [ProjectID]: without one, Keystone uses the user's default project, and a
// user who has none gets a token that Zaqar does not accept.
func Password(authURL, username, password string, opts ...Option) *Auth {
	c := newConfig(authURL, kindPassword)
	c.username = username
	c.password = auth.NewSecret(password)
	return newAuth("password", given(c), opts)
}

// UserID names the user of [Password] by id; the name may then be empty.
func UserID(id string) Option {
	return func(c *config) { c.userID, c.username = id, "" }
}

// UserDomain names the domain in which the user's name is unique. The default is
// the domain with the id "default".
func UserDomain(name string) Option {
	return func(c *config) { c.userDomain = domain{name: name} }
}

// UserDomainID is [UserDomain] by id.
func UserDomainID(id string) Option {
	return func(c *config) { c.userDomain = domain{id: id} }
}

// Passcode adds a one-time passcode (TOTP) to the password. It works once, so
// the token cannot be renewed.
func Passcode(code string) Option {
	return func(c *config) { c.passcode = auth.NewSecret(code) }
}
