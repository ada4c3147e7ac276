package keystone

import "github.com/gophercloud/gophercloud/v2"

// defaultDomain is the id of the domain that every Keystone starts with.
const defaultDomain = "default"

// domain is a Keystone domain by id or by name; the id wins.
type domain struct{ id, name string }

func (d domain) or(other domain) domain {
	if d == (domain{}) {
		return other
	}
	return d
}

// only drops the name of a domain that has an id: Keystone refuses both.
func (d domain) only() domain {
	if d.id != "" {
		return domain{id: d.id}
	}
	return d
}

// scope is what a token is asked to be good for. At most one kind is set.
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

// Project asks for a token of the named project. Its domain is given by
// [ProjectDomain] or [ProjectDomainID]; the default is the user's.
//
// Of several scope options (Project, [ProjectID], [Trust], [SystemScope],
// [DomainScope], [Unscoped]) the last one counts, and it replaces the scope of
// the environment or clouds.yaml.
func Project(name string) Option {
	return func(c *config) { c.scope = scope{projectName: name} }
}

// ProjectID is [Project] by id; no domain is needed.
func ProjectID(id string) Option {
	return func(c *config) { c.scope = scope{projectID: id} }
}

// ProjectDomain names the domain in which the project's name is unique.
func ProjectDomain(name string) Option {
	return func(c *config) { c.projectDomain = domain{name: name} }
}

// ProjectDomainID is [ProjectDomain] by id.
func ProjectDomainID(id string) Option {
	return func(c *config) { c.projectDomain = domain{id: id} }
}

// Trust asks for a token under a trust: the user is the trustee, the project is
// the trust's.
func Trust(id string) Option {
	return func(c *config) { c.scope = scope{trust: id} }
}

// SystemScope asks for a token of the whole system. It has no project, so
// Zaqar's queues cannot be reached with it.
func SystemScope() Option {
	return func(c *config) { c.scope = scope{system: true} }
}

// DomainScope asks for a token of the named domain. It has no project, so
// Zaqar's queues cannot be reached with it.
func DomainScope(name string) Option {
	return func(c *config) { c.scope = scope{domain: domain{name: name}} }
}

// DomainScopeID is [DomainScope] by id.
func DomainScopeID(id string) Option {
	return func(c *config) { c.scope = scope{domain: domain{id: id}} }
}

// Unscoped asks for a token without a scope, even for a user who has a default
// project. It has no project and no catalogue.
func Unscoped() Option {
	return func(c *config) { c.scope = scope{unscoped: true} }
}

// authScope translates the scope; nil asks for none.
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
