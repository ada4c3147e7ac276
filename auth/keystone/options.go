package keystone

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/zaqar-go/zaqar/auth"
)

// Option changes how an [Auth] signs in. Options are applied in their order,
// after what the environment or clouds.yaml says. What is wrong with one is an
// error of [Auth.Validate] and of the first call.
type Option func(*config)

// config is all that is known before Keystone is asked.
type config struct {
	authURL string

	kind              kind
	userID, username  string
	applicationID     string
	applicationName   string
	password          auth.Secret
	passcode          auth.Secret
	token             auth.Secret
	applicationSecret auth.Secret

	userDomain, projectDomain domain
	scope                     scope

	region    string
	iface     gophercloud.Availability
	endpoints map[string]string // by service type; "" for every type

	tls       tlsFiles
	client    *http.Client
	renewAt   float64
	userAgent string

	// missing says that a setting is not there, in the words of whoever should
	// have given it: "OS_AUTH_URL is not set".
	missing func(keys ...string) string
	// problems were found on the way.
	problems []string
}

// kind is a way to sign in.
type kind int

const (
	kindPassword kind = iota
	kindToken
	kindApplicationCredential
	kindNone
)

func newConfig(authURL string, k kind) config {
	return config{
		authURL: authURL,
		kind:    k,
		iface:   gophercloud.AvailabilityPublic,
		renewAt: defaultRenewAt,
		missing: func(keys ...string) string {
			return "the " + strings.ReplaceAll(strings.Join(keys, " or "), "_", " ") + " is empty"
		},
	}
}

func (c *config) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// Region chooses the endpoints of one region. The default is the first that the
// catalogue names.
func Region(name string) Option {
	return func(c *config) { c.region = name }
}

// interfaces has every spelling in use.
var interfaces = map[string]gophercloud.Availability{
	"public":      gophercloud.AvailabilityPublic,
	"publicURL":   gophercloud.AvailabilityPublic,
	"internal":    gophercloud.AvailabilityInternal,
	"internalURL": gophercloud.AvailabilityInternal,
	"admin":       gophercloud.AvailabilityAdmin,
	"adminURL":    gophercloud.AvailabilityAdmin,
}

// Interface chooses the "public" (the default), "internal" or "admin" endpoints
// of the catalogue.
func Interface(name string) Option {
	return func(c *config) {
		known, ok := interfaces[name]
		if !ok {
			c.problem("the interface %q is not public, internal or admin", name)
			return
		}
		c.iface = known
	}
}

// HTTPClient signs in through a client of the caller's, which is copied. Its
// RoundTripper, proxy, cookies and timeout are used as they are, but no redirect
// to another host is followed. A client with a Transport of its own brings its
// own TLS settings too: then [CACert], [ClientCertificate] and [Insecure] are an
// error, and those of the environment or clouds.yaml are not used for sign-in.
//
// The default is a client with the proxies of the environment and TLS 1.2 or
// later.
func HTTPClient(client *http.Client) Option {
	return func(c *config) { c.client = client }
}

// RenewAt renews a token after this fraction of its lifetime, less a little
// that differs from token to token so that many clients do not come at once.
// The default is 0.8; it must be above 0 and at most 1. Whatever it is, a renewal
// begins 5 s before the end at the latest, and for a token that lives less than 10 s
// in the middle of its life.
func RenewAt(fraction float64) Option {
	return func(c *config) {
		// Written so that NaN fails too.
		if fraction > 0 && fraction <= 1 {
			c.renewAt = fraction
			return
		}
		c.problem("RenewAt(%v) is not above 0 and at most 1", fraction)
	}
}

// UserAgent is put before the User-Agent that Keystone sees. The default is
// "zaqar-go".
func UserAgent(product string) Option {
	return func(c *config) { c.userAgent = product }
}
