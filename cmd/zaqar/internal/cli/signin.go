package cli

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/tokencache"
)

// withSignedURL returns the options that use a signed URL, and where its WebSocket is.
func (g *globalOptions) withSignedURL(streams *Streams, signed auth.SignedURL) (socket string, options []zaqar.ConnectOption, err error) {
	config, err := g.tlsConfig()
	if err != nil {
		return "", nil, err
	}
	options = []zaqar.ConnectOption{zaqar.WithAuth(signed)}
	if g.debug {
		options = append(options, zaqar.WithHTTPClient(traced(streams, config)))
	} else if config != nil {
		options = append(options, zaqar.WithTLSConfig(config))
	}
	return cmp.Or(g.endpoint, signed.Grant().Endpoint), options, nil
}

// withCredentials returns the options that use credentials, and where the WebSocket is if
// no catalogue says so.
func (g *globalOptions) withCredentials(streams *Streams) (socket string, options []zaqar.ConnectOption, err error) {
	credentials, err := g.credentials(streams)
	if err != nil {
		return "", nil, err
	}
	if g.debug {
		config, err := credentials.TLSClientConfig()
		if err != nil {
			return "", nil, err
		}
		client := traced(streams, config)
		if credentials, err = g.credentials(streams, keystone.HTTPClient(client)); err != nil {
			return "", nil, err
		}
		options = append(options, zaqar.WithHTTPClient(client))
	}
	if g.withoutKeystone() {
		socket = cmp.Or(os.Getenv("OS_MESSAGING_WEBSOCKET_ENDPOINT_OVERRIDE"), g.endpointWithoutKeystone())
	}
	return socket, append(options, zaqar.WithAuth(credentials)), nil
}

// signed returns the signed URL of the flag or, if no flag names a cloud, of the
// environment. Without one it returns the zero SignedURL.
func (g *globalOptions) signed(in io.Reader) (auth.SignedURL, error) {
	name, text := "--signed-url", g.signedURL
	if text == "" && len(g.signingIn()) == 0 && g.project == "" {
		name, text = signedURLVariable, os.Getenv(signedURLVariable)
	}
	if text == "" {
		return auth.SignedURL{}, nil
	}
	return readSignedURL(name, text, in)
}

// maxSignedURL bounds the text of a signed URL.
const maxSignedURL = 1 << 20

// readSignedURL reads a signed URL from an argument: its text, "-" for standard input, or
// "@" and the name of a file. name is what errors call it.
func readSignedURL(name, text string, in io.Reader) (auth.SignedURL, error) {
	if file, ok := strings.CutPrefix(text, "@"); ok {
		content, err := os.ReadFile(file) //nolint:gosec // the user names the file
		if err != nil {
			return auth.SignedURL{}, fmt.Errorf("%s: %w", name, err)
		}
		text = string(content)
	} else if text == "-" {
		content, err := io.ReadAll(io.LimitReader(in, maxSignedURL))
		if err != nil {
			return auth.SignedURL{}, fmt.Errorf("%s: %w", name, err)
		}
		text = string(content)
	}
	signed, err := auth.ParseSignedURL(strings.TrimSpace(text))
	if err != nil {
		return auth.SignedURL{}, badUsage("%s: %v", name, err)
	}
	return signed, nil
}

// credentials returns the credentials of flags, variables and clouds.yaml.
func (g *globalOptions) credentials(streams *Streams, more ...keystone.Option) (*keystone.Auth, error) {
	options := []keystone.Option{keystone.UserAgent("zaqar-cli")}
	for _, f := range cloudFlags {
		options = append(options, keystone.Setting(f.setting, *g.settings[f.setting]))
	}
	if g.insecure {
		options = append(options, keystone.Setting("insecure", "true"))
	}
	if g.cache {
		warn := func(err error) { fmt.Fprintf(streams.Err, "zaqar: warning: %v\n", err) }
		if cache, err := tokencache.Open(warn); err == nil {
			options = append(options, keystone.Cache(cache))
		} else if len(more) == 0 { // with --debug the credentials are made twice
			warn(fmt.Errorf("the token is not kept: %w", err))
		}
	}
	options = append(options, more...)
	if g.project != "" {
		options = append(options, keystone.Setting("auth_type", "none"), keystone.Setting("project_id", g.project))
	}
	switch {
	case g.cloud != "":
		return validated(keystone.FromCloud(g.cloud, options...), g.cloud)
	case g.withoutKeystone() || hasCredentials() || g.namesCredentials():
		if g.project == "" && os.Getenv("OS_CLOUD") != "" {
			return validated(keystone.FromEnv(options...), os.Getenv("OS_CLOUD"))
		}
		return validated(keystone.FromEnv(options...), "")
	case g.endpoint != "":
		return nil, badUsage("--endpoint needs --project-id for a server without authentication, or credentials for a cloud: --os-cloud or OS_* variables")
	case len(g.signingIn()) > 0:
		return nil, badUsage("--%s needs a cloud: name the cloud with --os-cloud or OS_* variables", g.signingIn()[0])
	}
	return nil, errNotSignedIn
}

// namesCredentials reports whether flags say how to sign in.
func (g *globalOptions) namesCredentials() bool {
	return len(g.changedIn("os-auth-url", "os-auth-type", "os-username", "os-user-id", "os-token",
		"os-application-credential-id", "os-application-credential-name")) > 0
}

// validated checks the credentials without asking Keystone. Where a cloud has a similar
// name, the error says so.
func validated(credentials *keystone.Auth, cloud string) (*keystone.Auth, error) {
	err := credentials.Validate()
	if err == nil {
		return credentials, nil
	}
	if names, listing := keystone.Clouds(); cloud != "" && listing == nil {
		if near := nearest(cloud, names); near != "" {
			err = fmt.Errorf("%w; did you mean %s?", err, near)
		}
	}
	return nil, &signInError{cause: err}
}

// signInError reports credentials that are missing or wrong, as far as that is known
// before anybody is asked.
type signInError struct{ cause error }

func (e *signInError) Error() string { return e.cause.Error() }
func (e *signInError) Unwrap() error { return e.cause }

// tlsConfig returns the TLS settings of flags and variables for a signed URL, which has no
// settings of a cloud.
func (g *globalOptions) tlsConfig() (*tls.Config, error) {
	options := []keystone.Option{keystone.Setting("auth_type", "none"), keystone.Setting("project_id", "none")}
	for _, name := range []string{"cacert", "cert", "key"} {
		options = append(options, keystone.Setting(name, *g.settings[name]))
	}
	if g.insecure {
		options = append(options, keystone.Setting("insecure", "true"))
	}
	return keystone.FromEnv(options...).TLSClientConfig()
}
