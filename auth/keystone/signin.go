package keystone

import (
	"context"
	"net/http"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/zaqar-go/zaqar/auth"
)

// session is the result of one sign-in.
type session struct {
	token   auth.Secret
	project string // its id; "" for a token without one
	catalog tokens.ServiceCatalog

	began   time.Time
	expires time.Time // by the local clock; zero if not known
	renewAt time.Time // zero for never
	// until is when callers start to wait for a new token: a little before expires, so
	// that a request in flight arrives in time.
	until time.Time

	// replaces is true if this token replaced one that a server refused. refused is
	// true if a server refused this one.
	replaces, refused bool
	// doubted is when a server last refused this token and it was kept.
	doubted time.Time
}

// answer is the part of Keystone's answer that is used here.
type answer struct {
	IssuedAt  string `json:"issued_at"`
	ExpiresAt string `json:"expires_at"`
	Project   struct {
		ID string `json:"id"`
	} `json:"project"`
	Catalog []tokens.CatalogEntry `json:"catalog"`
}

// signIn asks Keystone for a token, once.
func (id *identity) signIn(ctx context.Context) (*session, *Error) {
	defer id.closeIdle()
	began := time.Now()
	// A new gophercloud client for each sign-in keeps the credentials only as long as
	// the request takes, and does not renew tokens by itself.
	provider := &gophercloud.ProviderClient{HTTPClient: *id.http}
	provider.UserAgent.Prepend(id.userAgent)
	service := &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: id.service.String(), Type: "identity"}

	var body answer
	var header http.Header
	var err error
	if id.asGiven() {
		provider.SetToken(id.token.Reveal())
		result := tokens.Get(ctx, service, id.token.Reveal())
		header, err = result.Header, result.ExtractInto(&body)
	} else {
		result := tokens.Create(ctx, service, id.login())
		header, err = result.Header, result.ExtractInto(&body)
	}
	if err != nil {
		return nil, id.failure(err)
	}
	s := &session{
		token:   auth.NewSecret(header.Get("X-Subject-Token")),
		project: body.Project.ID,
		catalog: tokens.ServiceCatalog{Entries: body.Catalog},
		began:   began,
	}
	if id.asGiven() {
		s.token = id.token
	}
	if s.token.IsZero() || unsafeHeader(s.project) {
		return nil, id.failure(errAnswer)
	}
	if life := id.lifetime(body, header); life > 0 {
		s.setLifetime(life, id)
	}
	return s, nil
}

// lifetime returns how long the token is valid, by the server's clock, which may differ
// from the local one. It returns 0 if that is not known.
func (id *identity) lifetime(body answer, header http.Header) time.Duration {
	end, err := time.Parse(time.RFC3339, body.ExpiresAt)
	if err != nil {
		return 0
	}
	// For a new token, issued_at is the server's time to the microsecond. A given token
	// was issued earlier; then the reply's Date is the server's time to the second.
	if !id.asGiven() {
		if issued, err := time.Parse(time.RFC3339, body.IssuedAt); err == nil {
			return end.Sub(issued)
		}
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return end.Sub(now)
}

// unsafeHeader reports whether a header cannot hold value.
func unsafeHeader(value string) bool {
	for _, b := range []byte(value) {
		if b < ' ' || b == 0x7f {
			return true
		}
	}
	return false
}

// login is a sign-in in gophercloud's form. It adds what gophercloud.AuthOptions cannot
// express: a request for an unscoped token.
type login struct {
	gophercloud.AuthOptions
	unscoped bool
}

func (id *identity) login() *login {
	l := &login{unscoped: id.scope.unscoped}
	l.Scope = id.authScope()
	user := id.userDomain.or(domain{id: defaultDomain}).only()
	if id.userID != "" {
		user = domain{}
	}
	switch id.kind {
	case kindPassword:
		l.Username, l.UserID = id.username, id.userID
		l.DomainID, l.DomainName = user.id, user.name
		l.Password, l.Passcode = id.password.Reveal(), id.passcode.Reveal()
	case kindToken:
		l.TokenID = id.token.Reveal()
	case kindApplicationCredential:
		l.ApplicationCredentialSecret = id.applicationSecret.Reveal()
		if id.applicationID != "" {
			l.ApplicationCredentialID = id.applicationID
			break
		}
		l.ApplicationCredentialName = id.applicationName
		l.Username, l.UserID = id.username, id.userID
		l.DomainID, l.DomainName = user.id, user.name
	}
	return l
}

// ToTokenV3CreateMap implements tokens.AuthOptionsBuilder.
func (l *login) ToTokenV3CreateMap(scope map[string]any) (map[string]any, error) {
	body, err := l.AuthOptions.ToTokenV3CreateMap(scope)
	if err != nil {
		return nil, err
	}
	if request, ok := body["auth"].(map[string]any); ok && l.unscoped {
		request["scope"] = "unscoped"
	}
	return body, nil
}
