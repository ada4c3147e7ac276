package keystone

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/zaqar-go/zaqar/auth"
)

// Option changes how an [Auth] signs in. Options are applied in order and override the
// environment and clouds.yaml. If an option is wrong, [Auth.Validate] and the first call
// return an error.
type Option func(*config)

// config is everything that is known before Keystone is asked.
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

	// missing describes a missing setting by the name that the user knows it by, as in
	// "OS_AUTH_URL is not set".
	missing func(keys ...string) string
	// problems are the errors found so far.
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

// Region selects the endpoints of one region. Defaults to the first in the catalogue.
func Region(name string) Option {
	return func(c *config) { c.region = name }
}

// interfaces are the accepted spellings.
var interfaces = map[string]gophercloud.Availability{
	"public":      gophercloud.AvailabilityPublic,
	"publicURL":   gophercloud.AvailabilityPublic,
	"internal":    gophercloud.AvailabilityInternal,
	"internalURL": gophercloud.AvailabilityInternal,
	"admin":       gophercloud.AvailabilityAdmin,
	"adminURL":    gophercloud.AvailabilityAdmin,
}

// Interface selects the "public", "internal" or "admin" endpoints of the catalogue.
// Defaults to "public".
func Interface(name string) Option {
	return func(c *config) {
		known, ok := interfaces[name]
		if !ok {
			c.problem("the interface is %q; it must be public, internal or admin", name)
			return
		}
		c.iface = known
	}
}

// HTTPClient signs in with the given client, which is copied. Its RoundTripper, proxy,
// cookies and timeout are used, but redirects to another host are not followed. If the
// client has a Transport, it also has its own TLS settings: then [CACert],
// [ClientCertificate] and [Insecure] are an error, and the TLS settings of the
// environment or clouds.yaml are not used for sign-in.
//
// Defaults to a client with the proxies of the environment and TLS 1.2 or later.
func HTTPClient(client *http.Client) Option {
	return func(c *config) { c.client = client }
}

// RenewAt renews a token after this fraction of its lifetime. It must be above 0 and at
// most 1, and defaults to 0.8. The renewal starts up to 5 % earlier, at random, so that
// many clients do not all renew at once. It starts 5 s before the token expires at the
// latest, or at half of the lifetime if that is less than 10 s.
func RenewAt(fraction float64) Option {
	return func(c *config) {
		// Written so that NaN fails as well.
		if fraction > 0 && fraction <= 1 {
			c.renewAt = fraction
			return
		}
		c.problem("RenewAt(%v) is out of range: it must be above 0 and at most 1", fraction)
	}
}

// UserAgent is the first product in the User-Agent header sent to Keystone. Defaults to
// "zaqar-go".
func UserAgent(product string) Option {
	return func(c *config) { c.userAgent = product }
}
