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

	region   string
	ifaces   []gophercloud.Availability // in order
	services map[string]setting         // settings of single services, by key
	override setting                    // the URL of every service but WebSockets

	tls       tlsFiles
	client    *http.Client
	renewAt   float64
	userAgent string
	cache     TokenCache

	// missing describes a missing setting by the name that the user knows it by, as in
	// "OS_AUTH_URL is not set".
	missing func(keys ...string) string
	// name is what errors call a setting, such as "OS_AUTH_URL" or "the auth URL".
	name func(key string) string
	// source is where an entry of clouds.yaml stands.
	source string
	// suspects are secrets that may be wrong, each with the reason.
	suspects []string
	// warnings are about settings that have no effect.
	warnings []string
	// given are the settings of [Setting].
	given map[string]string
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
		ifaces:  []gophercloud.Availability{gophercloud.AvailabilityPublic},
		renewAt: defaultRenewAt,
		missing: func(keys ...string) string {
			return "the " + strings.ReplaceAll(strings.Join(keys, " or "), "_", " ") + " is empty"
		},
		name: func(key string) string { return argumentNames[key] },
	}
}

// argumentNames are what errors call arguments and options.
var argumentNames = map[string]string{
	"auth_url": "the auth URL",
	"cacert":   "CA certificates",
	"cert":     "client certificate",
	"key":      "client certificate",
}

func (c *config) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// Region selects the endpoints of one region. If no region is named, the first endpoint
// in the catalogue is used, whatever its region, as openstacksdk does: name the region if
// the cloud has several.
func Region(name string) Option {
	return func(c *config) {
		c.region = name
		c.drop("_region_name")
	}
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
// Defaults to "public". A list of interfaces, which are tried in order, can be given in
// clouds.yaml.
func Interface(name string) Option {
	return func(c *config) {
		known, ok := interfaces[name]
		if !ok {
			c.problem("the interface is %q; it must be public, internal or admin", name)
			return
		}
		c.ifaces = []gophercloud.Availability{known}
		c.drop("_interface", "_endpoint_type")
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
