package keystone

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/zaqar-go/zaqar/auth"
)

// settings are the keys that openrc files and clouds.yaml have in common: OS_AUTH_URL in
// one is auth_url in the other.
type settings struct {
	values map[string]setting
	used   map[string]bool // the keys that were looked up
	// label returns the user's name of a key. missing says that none of keys is set.
	label   func(key string) string
	missing func(keys ...string) string
	source  string // where the entry stands, for errors about what is missing
}

// setting is one value and where it comes from.
type setting struct {
	text  string
	list  []string // the elements of a YAML list, or text as the only one
	label string   // the user's name of it: "OS_AUTH_URL", `auth_url of cloud "demo"`
	at    place    // where it stands in a file
	env   bool     // it is a variable of the environment
}

// name returns what errors call the setting: "OS_AUTH_URL" or
// `clouds.yaml, line 7: auth_url of cloud "demo"`.
func (v setting) name() string {
	if v.at.file == "" {
		return v.label
	}
	return v.at.String() + ": " + v.label
}

// find returns the first of keys that is set. An empty value is not.
func (s settings) find(keys ...string) setting {
	for _, key := range keys {
		s.used[key] = true
		if v := s.values[key]; len(v.list) > 0 && v.list[0] != "" || v.text != "" {
			return v
		}
	}
	return setting{label: s.label(keys[0])}
}

// get returns the first value that is set. A list is not.
func (s settings) get(keys ...string) string {
	for _, key := range keys {
		s.used[key] = true
		if v := s.values[key].text; v != "" {
			return v
		}
	}
	return ""
}

func (s settings) secret(keys ...string) auth.Secret { return auth.NewSecret(s.get(keys...)) }

func (s settings) domain(id, name string) domain {
	return domain{id: s.get(id), name: s.get(name)}
}

// authTypes are keystoneauth's names of the supported kinds of sign-in.
var authTypes = map[string]kind{
	"password":                kindPassword,
	"v3password":              kindPassword,
	"v3totp":                  kindPassword,
	"v3multifactor":           kindPassword,
	"token":                   kindToken,
	"v3token":                 kindToken,
	"v3applicationcredential": kindApplicationCredential,
	"none":                    kindNone,
	"noauth":                  kindNone,
}

// federated are the prefixes of keystoneauth's names of sign-ins through another
// identity provider.
var federated = []string{"v3oidc", "v3saml", "v3adfs", "v3fed", "v3kerberos", "v3mapped", "v3websso", "v3oauth"}

// kind returns the kind of sign-in: the named one, or else the one whose settings exist.
func (s settings) kind(c *config) kind {
	name := s.get("auth_type", "auth_plugin")
	known, ok := authTypes[strings.ToLower(name)]
	switch {
	case ok:
		return known
	case name == "":
	case slices.ContainsFunc(federated, func(p string) bool { return strings.HasPrefix(strings.ToLower(name), p) }):
		c.problem("%s is %q: this library does not sign in through another identity provider; "+
			"obtain a token, for example with \"openstack token issue\", and set %s to it and %s to token",
			s.find("auth_type", "auth_plugin").name(), name, s.label("token"), s.label("auth_type"))
	default:
		c.problem("%s %q is not supported; use one of %s",
			s.find("auth_type", "auth_plugin").name(), name, strings.Join(slices.Sorted(maps.Keys(authTypes)), ", "))
	}
	switch {
	case s.get("application_credential_id", "application_credential_name") != "":
		return kindApplicationCredential
	case s.get("password", "passcode") == "" && s.get("token", "auth_token") != "":
		return kindToken
	}
	return kindPassword
}

// config returns the configuration. Wrong settings are among its problems. Missing ones
// are found later, because options may add them.
func (s settings) config() config {
	c := newConfig(s.get("auth_url"), kindPassword)
	c.missing, c.source = s.missing, s.source
	c.name = func(key string) string { return s.find(key).name() }
	c.kind = s.kind(&c)
	c.userID, c.username = s.get("user_id"), s.get("username", "user_name")
	if c.userID != "" {
		c.username = ""
	}
	c.password, c.passcode = s.secret("password"), s.secret("passcode")
	c.token = s.secret("token", "auth_token")
	c.applicationID = s.get("application_credential_id")
	c.applicationName = s.get("application_credential_name")
	c.applicationSecret = s.secret("application_credential_secret")

	fallback := s.domain("domain_id", "domain_name").or(domain{id: s.get("default_domain", "default_domain_id")}).
		or(domain{name: s.get("default_domain_name")})
	c.userDomain = s.domain("user_domain_id", "user_domain_name").or(fallback)
	c.projectDomain = s.domain("project_domain_id", "project_domain_name").or(fallback)
	if c.kind != kindApplicationCredential {
		c.scope = s.scope(&c)
	}

	c.region = s.get("region_name")
	if v := s.find("endpoint_type", "interface"); len(v.list) > 0 {
		var err error
		if c.ifaces, err = v.interfaces(); err != nil {
			c.problem("%v", err)
		}
	}
	c.tls = s.tls(&c)
	c.services = s.services(&c)
	c.override = s.find("endpoint_override")
	if c.kind == kindNone && c.override.text == "" {
		c.override = s.find("endpoint")
	}
	c.suspects, c.warnings = s.suspects(), s.warnings()
	return c
}

func (s settings) scope(c *config) scope {
	project := scope{projectID: s.get("project_id", "tenant_id")}
	if project.projectID == "" {
		project.projectName = s.get("project_name", "tenant_name")
	}
	switch system := s.get("system_scope"); {
	case s.get("trust_id") != "":
		return scope{trust: s.get("trust_id")}
	case system != "" && system != "all":
		c.problem("%s is %q; Keystone supports only \"all\"", s.find("system_scope").name(), system)
		return scope{}
	case system != "":
		return scope{system: true}
	case project != scope{}:
		return project
	default:
		return scope{domain: s.domain("domain_id", "domain_name")}
	}
}

func (s settings) tls(c *config) tlsFiles {
	f := tlsFiles{caCert: s.get("cacert"), cert: s.get("cert"), key: s.get("key"), name: c.name}
	f.insecure = s.truth(c, "insecure")
	if s.get("verify") != "" && !s.truth(c, "verify") {
		f.insecure = true
	}
	return f
}

// truth reads a boolean. Anything else is a problem.
func (s settings) truth(c *config, key string) bool {
	value := strings.ToLower(s.get(key))
	switch value {
	case "", "no", "n", "off":
		return false
	case "yes", "y", "on":
		return true
	}
	is, err := strconv.ParseBool(value)
	if err != nil {
		c.problem("%s is neither true nor false", s.find(key).name())
		// An invalid "verify" must not turn verification off.
		return key == "verify"
	}
	return is
}
