package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/zaqar-go/zaqar"
)

// Variables of this program; those of OpenStack are read by package keystone.
const (
	tokenCacheVariable = "ZAQAR_TOKEN_CACHE"
	signedURLVariable  = "ZAQAR_SIGNED_URL"
)

// errNotSignedIn reports that neither flags nor variables select a Zaqar.
var errNotSignedIn = errors.New("no cloud is selected: use --os-cloud, set OS_CLOUD, or load an openrc file; " +
	"for a server without authentication use --endpoint and --project-id")

// connect connects to the Zaqar that the global options select.
func (a *App) connect(ctx context.Context) (*zaqar.Client, error) {
	endpoint, options, err := a.global.target(a.Streams)
	if err != nil {
		return nil, err
	}
	return zaqar.Connect(ctx, endpoint, options...)
}

// target returns the arguments of zaqar.Connect.
func (g *globalOptions) target(streams *Streams) (endpoint string, options []zaqar.ConnectOption, err error) {
	if err := g.check(); err != nil {
		return "", nil, err
	}
	version, err := g.apiVersion()
	if err != nil {
		return "", nil, err
	}
	options = []zaqar.ConnectOption{zaqar.WithUserAgent("zaqar-cli")}
	if version != "" {
		options = append(options, zaqar.WithVersion(version))
	}
	if id := cmp.Or(g.clientID, os.Getenv("OS_MESSAGE_CLIENT_ID")); id != "" {
		options = append(options, zaqar.WithClientID(id))
	}
	signed, err := g.signed(streams.In)
	if err != nil {
		return "", nil, err
	}
	signIn := g.withCredentials
	if !signed.IsZero() {
		signIn = func(streams *Streams) (string, []zaqar.ConnectOption, error) { return g.withSignedURL(streams, signed) }
	}
	socket, more, err := signIn(streams)
	if err != nil {
		return "", nil, err
	}
	options = append(options, more...)
	if g.transport == "ws" {
		options = append(options, zaqar.WithWebSocket(socket))
	}
	return g.endpoint, append(options, g.observed(streams)...), nil
}

// check refuses flags that contradict each other or have no effect.
func (g *globalOptions) check() error {
	at, err := url.Parse(g.endpoint)
	switch {
	case err != nil:
		return badUsage("--endpoint is not a URL such as http://127.0.0.1:8888") // it may hold a password
	case at.User != nil || strings.Contains(g.endpoint, "@"):
		return badUsage("--endpoint has a user or a password; a server without authentication needs none, and for a cloud use --os-cloud or OS_* variables")
	case at.RawQuery != "" || at.Fragment != "":
		return badUsage("--endpoint has a query or a fragment; remove it")
	case g.transport != "http" && g.transport != "ws":
		return badUsage("--transport is %q; it must be http or ws", g.transport)
	case g.transport == "ws" && (at.Scheme == "ws" || at.Scheme == "wss"):
		return badUsage("--endpoint is a WebSocket already, so --transport ws has no effect; remove it")
	case g.signedURL != "" && len(g.signingIn()) > 0:
		return badUsage("--signed-url replaces credentials, so --%s has no effect; remove one of them", g.signingIn()[0])
	case g.signedURL != "" && g.cache && g.flags.Changed("token-cache"):
		return badUsage("--signed-url needs no token, so --token-cache has no effect; remove it")
	case g.project != "" && g.signedURL != "":
		return badUsage("--signed-url names its project, so --project-id has no effect; remove it")
	case g.project != "" && len(g.signingIn()) > 0 && *g.settings["auth_type"] != "none":
		return badUsage("--project-id is for a server without authentication, and --%s is for a cloud; to choose a project of the cloud use --os-project-id", g.signingIn()[0])
	case g.project != "" && g.endpointWithoutKeystone() == "":
		return badUsage("--project-id needs --endpoint: a server without authentication is in no catalogue")
	}
	return g.checkKinds()
}

// kinds are the flags of each kind of sign-in.
var kinds = [][]string{
	{"os-password", "os-passcode"},
	{"os-token"},
	{"os-application-credential-id", "os-application-credential-name", "os-application-credential-secret"},
}

// checkKinds refuses flags of two kinds of sign-in.
func (g *globalOptions) checkKinds() error {
	var used []string
	for _, kind := range kinds {
		if names := g.changedIn(kind...); len(names) > 0 {
			used = append(used, names[0])
		}
	}
	if len(used) > 1 {
		return badUsage("--%s and --%s are two ways to sign in; use one of them", used[0], used[1])
	}
	if g.withoutKeystone() && len(used) > 0 {
		return badUsage("a server without authentication needs no credentials, so --%s has no effect; remove it", used[0])
	}
	return nil
}

// signingIn returns the flags on the command line that are about a cloud.
func (g *globalOptions) signingIn() []string {
	var names []string
	for _, name := range g.changed() {
		setting := strings.HasPrefix(name, "os-")
		if setting && name != "os-cacert" && name != "os-cert" && name != "os-key" {
			names = append(names, name)
		}
	}
	return names
}

// withoutKeystone reports whether the server is one without authentication.
func (g *globalOptions) withoutKeystone() bool {
	switch {
	case g.project != "":
		return true
	case g.cloud != "":
		return false
	case *g.settings["auth_type"] != "":
		return isNone(*g.settings["auth_type"])
	}
	return os.Getenv("OS_CLOUD") == "" && isNone(os.Getenv("OS_AUTH_TYPE"))
}

func isNone(kind string) bool {
	return strings.EqualFold(kind, "none") || strings.EqualFold(kind, "noauth")
}

func (g *globalOptions) endpointWithoutKeystone() string {
	return cmp.Or(g.endpoint, os.Getenv("OS_MESSAGING_ENDPOINT_OVERRIDE"), os.Getenv("OS_ENDPOINT_OVERRIDE"), os.Getenv("OS_ENDPOINT"))
}

// apiVersion returns the version of the flag or of the environment, or "".
func (g *globalOptions) apiVersion() (zaqar.Version, error) {
	name, text := "--api-version", g.version
	if text == "" {
		name, text = "OS_QUEUES_API_VERSION", os.Getenv("OS_QUEUES_API_VERSION")
	}
	switch strings.TrimPrefix(strings.ToLower(text), "v") {
	case "":
		return "", nil
	case "1", "1.0":
		return zaqar.V1, nil
	case "1.1":
		return zaqar.V1_1, nil
	case "2", "2.0":
		return zaqar.V2, nil
	}
	return "", badUsage("%s is %q; it must be 1, 1.1 or 2", name, text)
}

// traced returns an HTTP client that prints requests and answers.
func traced(streams *Streams, config *tls.Config) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	return &http.Client{Transport: &tracer{next: transport, to: streams.Err}}
}
