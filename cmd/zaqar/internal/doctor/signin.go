package doctor

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
)

// credentials signs in.
func (e *examination) credentials(ctx context.Context) bool {
	h, err := e.header(ctx)
	switch {
	case errors.Is(err, auth.ErrRefused):
		return e.failed("credentials", err, "check user, password, project and domains; the openstack command needs the same")
	case err != nil:
		return e.failed("credentials", err, cmp.Or(AboutCertificate(err), "check the URL of Keystone (OS_AUTH_URL, or auth_url in clouds.yaml) and the network"))
	}
	text := "no sign-in; the server accepts the project that the client names"
	if h.Get(auth.HeaderToken) != "" {
		text = "signed in"
	}
	if _, ok := e.Credentials.(auth.SignedURL); ok {
		text = "a signed URL"
	}
	if named, ok := e.Credentials.(auth.ProjectNamer); ok && named.ProjectID() != "" {
		text += ", project " + named.ProjectID()
	}
	if expirer, ok := e.Credentials.(auth.Expirer); ok && !expirer.Expires().IsZero() {
		text += fmt.Sprintf(", until %s", expirer.Expires().UTC().Format(time.RFC3339))
	}
	return e.ok("credentials", text)
}

// messagingTypes are the names under which catalogues list Zaqar.
var messagingTypes = []string{"messaging", "message", "queuing"}

// endpoint finds Zaqar's URL.
func (e *examination) endpoint(ctx context.Context) bool {
	finder, ok := e.Credentials.(auth.EndpointFinder)
	if e.Endpoint != "" || !ok {
		return e.ok("endpoint", e.Endpoint)
	}
	url, err := finder.Endpoint(ctx, messagingTypes...)
	if err != nil {
		return e.failed("endpoint", err, "ask the operator whether the cloud has Zaqar; name its URL with --endpoint, or another region with --os-region-name")
	}
	return e.ok("endpoint", url)
}

// AboutCertificate says what to do about a certificate that is not accepted, or "".
func AboutCertificate(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "use a name that the certificate is for, or ask the operator; --insecure does not check certificates at all"
	}
	if _, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return "check this machine's clock, and tell the operator; --insecure does not check certificates at all"
	}
	return ""
}

// service connects.
func (e *examination) service(ctx context.Context) bool {
	client, err := zaqar.Connect(ctx, e.Endpoint, e.Options...)
	switch {
	case errors.Is(err, zaqar.ErrUnreachable):
		return e.failed("service", err, "check the URL, the network, and a proxy (HTTPS_PROXY); --os-interface selects another endpoint")
	case err != nil:
		return e.failed("service", err, cmp.Or(AboutCertificate(err), "check that the URL is that of Zaqar"))
	}
	// A server without a list of versions may be anything.
	if err := client.Ping(ctx); errors.Is(err, zaqar.ErrNotFound) || errors.Is(err, zaqar.ErrMalformed) {
		return e.failed("service", fmt.Errorf("something answers, but not as Zaqar does: %w", err), "check that the URL is that of Zaqar")
	}
	e.client = client
	return e.ok("service", fmt.Sprintf("it answers, and speaks %s of the API", client.Conn().Version()))
}
