package keystone

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/safehttp"
)

// identity is one Keystone and everything needed to sign in there.
type identity struct {
	config
	service   *url.URL // ends in "/v3/"
	tlsConfig *tls.Config
	http      *http.Client
	// incomplete is true if an entry of clouds.yaml lacks something.
	incomplete bool
	// ownConns is true if the connections are used by nobody else.
	ownConns bool
}

// newIdentity checks a configuration and reads its files.
func newIdentity(c config) (*identity, error) {
	id := &identity{config: c}
	if id.userAgent == "" {
		id.userAgent = "zaqar-go"
	}
	if id.kind != kindNone {
		id.checkURL()
	}
	id.checkCredentials()
	if len(id.problems) > 0 {
		all := strings.Join(id.problems, "; ")
		if id.incomplete {
			all += " (see " + id.source + ")"
		}
		return nil, errors.New(all)
	}
	var err error
	if id.tlsConfig, err = id.tls.load(); err != nil {
		return nil, err
	}
	id.connect()
	return id, nil
}

// checkURL finds the URL of version 3 of the API. It does not ask Keystone for its
// versions: the answer could send the password to another host, and behind a proxy it
// often names a host that cannot be reached.
func (id *identity) checkURL() {
	if id.authURL == "" {
		id.lacks("auth_url")
		return
	}
	u, err := url.Parse(id.authURL)
	switch {
	case !strings.Contains(id.authURL, "://"):
		// url.Parse takes "localhost:5000" for a scheme, and "127.0.0.1:5000" for an error.
		id.problem("%s does not start with http:// or https://", id.name("auth_url"))
		return
	case err != nil:
		// The parser's error prints the URL, which may contain a password.
		id.problem("%s is not a URL", id.name("auth_url"))
		return
	case u.Scheme != "http" && u.Scheme != "https":
		id.problem("%s does not start with http:// or https://", id.name("auth_url"))
		return
	case u.Host == "":
		id.problem("%s has no host", id.name("auth_url"))
		return
	case u.User != nil:
		id.problem("%s contains a user or a password; remove it", id.name("auth_url"))
		return
	case u.RawQuery != "" || u.Fragment != "":
		id.problem("%s has a query or a fragment; remove it", id.name("auth_url"))
		return
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	switch last := u.Path[strings.LastIndex(u.Path, "/")+1:]; {
	case last == "v2.0":
		id.problem("%s ends in v2.0, a version of the Keystone API that OpenStack removed in 2018; use v3", id.name("auth_url"))
		return
	case last != "v3":
		u.Path += "/v3"
	}
	u.Path += "/"
	id.service = u
}

// lacks records that none of the keys is set.
func (id *identity) lacks(keys ...string) {
	id.problems = append(id.problems, id.missing(keys...))
	id.incomplete = id.source != ""
}

func (id *identity) checkCredentials() {
	switch id.kind {
	case kindPassword:
		if id.username == "" && id.userID == "" {
			id.lacks("username", "user_id")
		}
		if id.password.IsZero() && id.passcode.IsZero() {
			id.lacks("password")
		}
	case kindToken:
		if id.token.IsZero() {
			id.lacks("token")
		} else if unsafeHeader(id.token.Reveal()) {
			id.problem("the token has characters that a header cannot hold, perhaps a line break at its end")
		}
	case kindApplicationCredential:
		if id.applicationID == "" && id.applicationName == "" {
			id.lacks("application_credential_id", "application_credential_name")
		}
		if id.applicationID == "" && id.applicationName != "" && id.username == "" && id.userID == "" {
			id.lacks("username", "user_id")
		}
		if id.applicationSecret.IsZero() {
			id.lacks("application_credential_secret")
		}
		if id.scope != (scope{}) {
			id.problem("an application credential has its own project: remove the project, trust or other scope")
		}
	case kindNone:
		if id.scope.project() == "" {
			id.lacks("project_id", "project_name")
		}
		if unsafeHeader(id.scope.project()) {
			id.problem("the project has characters that a header cannot hold")
		}
	}
	if id.client != nil && id.client.Transport != nil && id.tls.byOption {
		id.problem("HTTPClient has its own TLS settings: set the CA, client certificate or Insecure there")
	}
}

func (id *identity) connect() {
	id.http = safehttp.Client(id.client, id.tlsConfig)
	// A transport that safehttp created is not shared, so its idle connections can be
	// closed after each sign-in.
	_, transport := id.http.Transport.(*http.Transport)
	id.ownConns = transport && (id.client == nil || id.client.Transport == nil && id.tlsConfig != nil)
	id.http.Transport = limited{next: id.http.Transport}
}

// closeIdle closes idle connections: the next sign-in is far away.
func (id *identity) closeIdle() {
	if id.ownConns {
		id.http.CloseIdleConnections()
	}
}

// maxAnswer limits the size of an answer, in bytes. Catalogues of large clouds are well
// below one MiB.
const maxAnswer = 16 << 20

// limited caps the size of replies.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	next := l.next
	if next == nil {
		next = http.DefaultTransport
	}
	reply, err := next.RoundTrip(req)
	if err == nil && reply.Body != nil {
		reply.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(reply.Body, maxAnswer), reply.Body}
	}
	return reply, err
}

// CloseIdleConnections is called by http.Client.CloseIdleConnections.
func (l limited) CloseIdleConnections() {
	if c, ok := l.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// asGiven reports whether the token is used as it is, not exchanged.
func (id *identity) asGiven() bool { return id.kind == kindToken && id.scope == scope{} }

// once reports whether the credentials work for one sign-in only.
func (id *identity) once() bool { return id.asGiven() || !id.passcode.IsZero() }

// early reports whether renewing a token before its end makes sense. It does not after
// an exchange: the new token always expires with the given one.
func (id *identity) early() bool { return id.kind != kindToken && !id.once() }

// who names the user and the scope, without secrets.
func (id *identity) who() string {
	var parts []string
	add := func(what, value string) {
		if value != "" {
			parts = append(parts, what+" "+strconv.Quote(value))
		}
	}
	switch id.kind {
	case kindToken:
		parts = append(parts, "the given token")
	case kindApplicationCredential:
		add("application credential", id.applicationID)
		if id.applicationID == "" {
			add("application credential", id.applicationName)
			add("user", id.username)
		}
	default:
		add("user", id.username)
		add("user id", id.userID)
		if id.userID == "" {
			d := id.userDomain.or(domain{id: defaultDomain}).only()
			add("domain", d.name)
			add("domain id", d.id)
		}
	}
	add("project", id.scope.projectName)
	add("project id", id.scope.projectID)
	add("trust", id.scope.trust)
	add("domain scope", id.scope.domain.only().id+id.scope.domain.only().name)
	if id.scope.system {
		parts = append(parts, "system scope")
	}
	return strings.Join(parts, ", ")
}

// secrets returns the values that must never be printed.
func (id *identity) secrets() []auth.Secret {
	return slices.DeleteFunc([]auth.Secret{id.password, id.passcode, id.token, id.applicationSecret}, auth.Secret.IsZero)
}
