package keystone

import "github.com/gophercloud/gophercloud/v2"

// defaultDomain is the id of the domain that every new Keystone has.
const defaultDomain = "default"

// domain is a Keystone domain, by id or by name. The id takes precedence.
type domain struct{ id, name string }

func (d domain) or(other domain) domain {
	if d == (domain{}) {
		return other
	}
	return d
}

// only drops the name of a domain that has an id: Keystone refuses both together.
func (d domain) only() domain {
	if d.id != "" {
		return domain{id: d.id}
	}
	return d
}

// scope is the scope of a token. At most one kind is set.
type scope struct {
	projectID, projectName string
	trust                  string
	domain                 domain
	system                 bool
	unscoped               bool
}

func (s scope) project() string {
	if s.projectID != "" {
		return s.projectID
	}
	return s.projectName
}

// Project requests a token for the named project. [ProjectDomain] or [ProjectDomainID]
// names the project's domain, which defaults to the user's.
//
// If there are several scope options (Project, [ProjectID], [Trust], [SystemScope],
// [DomainScope], [DomainScopeID], [Unscoped]), only the last one counts. It overrides
// the scope of the environment or clouds.yaml.
func Project(name string) Option {
	return func(c *config) { c.scope = scope{projectName: name} }
}

// ProjectID is [Project] by id. No domain is needed.
func ProjectID(id string) Option {
	return func(c *config) { c.scope = scope{projectID: id} }
}

// ProjectDomain names the domain of the project. Defaults to the user's domain.
func ProjectDomain(name string) Option {
	return func(c *config) { c.projectDomain = domain{name: name} }
}

// ProjectDomainID is [ProjectDomain] by id.
func ProjectDomainID(id string) Option {
	return func(c *config) { c.projectDomain = domain{id: id} }
}

// Trust requests a token under a trust, by its id: the user is the trustee, and the
// project is that of the trust.
func Trust(id string) Option {
	return func(c *config) { c.scope = scope{trust: id} }
}

// SystemScope requests a token for the whole system. It has no project, so it gives no
// access to queues.
func SystemScope() Option {
	return func(c *config) { c.scope = scope{system: true} }
}

// DomainScope requests a token for the named domain. It has no project, so it gives no
// access to queues.
func DomainScope(name string) Option {
	return func(c *config) { c.scope = scope{domain: domain{name: name}} }
}

// DomainScopeID is [DomainScope] by id.
func DomainScopeID(id string) Option {
	return func(c *config) { c.scope = scope{domain: domain{id: id}} }
}

// Unscoped requests a token without a scope, even if the user has a default project. It
// has no project and no catalogue.
func Unscoped() Option {
	return func(c *config) { c.scope = scope{unscoped: true} }
}

// authScope returns the scope in gophercloud's form.
func (c *config) authScope() *gophercloud.AuthScope {
	switch s := c.scope; {
	case s.trust != "":
		return &gophercloud.AuthScope{TrustID: s.trust}
	case s.system:
		return &gophercloud.AuthScope{System: true}
	case s.projectID != "":
		return &gophercloud.AuthScope{ProjectID: s.projectID}
	case s.projectName != "":
		d := c.projectDomain.or(c.userDomain).or(domain{id: defaultDomain}).only()
		return &gophercloud.AuthScope{ProjectName: s.projectName, DomainID: d.id, DomainName: d.name}
	case s.domain != domain{}:
		d := s.domain.only()
		return &gophercloud.AuthScope{DomainID: d.id, DomainName: d.name}
	default:
		return &gophercloud.AuthScope{}
	}
}
