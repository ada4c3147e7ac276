package keystone

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/zaqar-go/zaqar/auth"
)

// settings are the words that openrc files and clouds.yaml share: auth_url is
// OS_AUTH_URL in one and auth_url in the other.
type settings struct {
	values map[string]string
	// name is what the user calls a key, missing says that none of some is set.
	name    func(key string) string
	missing func(keys ...string) string
}

// get returns the first value that is set; empty ones are not.
func (s settings) get(keys ...string) string {
	for _, key := range keys {
		if v := s.values[key]; v != "" {
			return v
		}
	}
	return ""
}

func (s settings) secret(keys ...string) auth.Secret { return auth.NewSecret(s.get(keys...)) }

func (s settings) domain(id, name string) domain {
	return domain{id: s.get(id), name: s.get(name)}
}

// authTypes are the names that keystoneauth has for what is done here. The empty
// one, and "password" and "token" in all their spellings, are what most files
// have.
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

// federated are the beginnings of the names of sign-ins through another
// identity provider.
var federated = []string{"v3oidc", "v3saml", "v3adfs", "v3fed", "v3kerberos", "v3mapped", "v3websso", "v3oauth"}

// kind finds the way to sign in, by name or else by what is there.
func (s settings) kind(c *config) kind {
	name := s.get("auth_type", "auth_plugin")
	known, ok := authTypes[strings.ToLower(name)]
	switch {
	case ok:
		return known
	case name == "":
	case slices.ContainsFunc(federated, func(p string) bool { return strings.HasPrefix(strings.ToLower(name), p) }):
		c.problem("%s is %q: this library does not sign in through another identity provider; "+
			"obtain a token (\"openstack token issue\" does) and give it as %s with %s token",
			s.name("auth_type"), name, s.name("token"), s.name("auth_type"))
	default:
		c.problem("%s %q is not known; known are %s",
			s.name("auth_type"), name, strings.Join(slices.Sorted(maps.Keys(authTypes)), ", "))
	}
	switch {
	case s.get("application_credential_id", "application_credential_name") != "":
		return kindApplicationCredential
	case s.get("password", "passcode") == "" && s.get("token", "auth_token") != "":
		return kindToken
	}
	return kindPassword
}

// config translates the settings. What is wrong with them is among the problems
// of the result; what is missing is found later, since options may bring it.
func (s settings) config() config {
	c := newConfig(s.get("auth_url"), kindPassword)
	c.missing = s.missing
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
	if name := s.get("endpoint_type", "interface"); name != "" {
		Interface(name)(&c)
	}
	c.tls = s.tls(&c)
	c.endpoints = s.endpoints()
	if c.kind == kindNone && c.endpoints[""] == "" {
		c.endpoints[""] = s.get("endpoint")
	}
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
		c.problem("%s is %q; Keystone knows only \"all\"", s.name("system_scope"), system)
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
	f := tlsFiles{caCert: s.get("cacert"), cert: s.get("cert"), key: s.get("key")}
	f.insecure = s.truth(c, "insecure")
	if s.get("verify") != "" && !s.truth(c, "verify") {
		f.insecure = true
	}
	return f
}

// truth reads a yes or a no; anything else is a problem rather than either.
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
		c.problem("%s is neither true nor false", s.name(key))
		// A "verify" that cannot be read must not turn verification off.
		return key == "verify"
	}
	return is
}

const overrideSuffix = "_endpoint_override"

// endpoints collects the URLs that take the place of the catalogue's, by service
// type with underscores.
func (s settings) endpoints() map[string]string {
	found := map[string]string{"": s.get("endpoint_override")}
	for key, value := range s.values {
		if t, ok := strings.CutSuffix(key, overrideSuffix); ok {
			found[t] = value
		}
	}
	return found
}
