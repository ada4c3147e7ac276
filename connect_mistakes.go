package zaqar

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/internal/safehttp"
	"github.com/zaqar-go/zaqar/transport"
)

// The mistakes about an endpoint, and what to do about each.
var (
	errKeystone    = errors.New("this is Keystone, not Zaqar: leave the endpoint empty to look Zaqar up in the catalogue, or give Zaqar's URL")
	errPlainToTLS  = errors.New("the port expects TLS: start the URL with https:// or wss://")
	errTLSToPlain  = errors.New("the port does not speak TLS: start the URL with http:// or ws://")
	errCertificate = errors.New("the server may want a client certificate, or another one: use WithClientCert, or cert and key in clouds.yaml")
	errAuthority   = errors.New("the server's certificate is from an unknown authority: name the file of its CA with WithCACert, or cacert in clouds.yaml")
)

var mistakes = map[safehttp.Mistake]error{
	safehttp.PlainToTLS: errPlainToTLS, safehttp.TLSToPlain: errTLSToPlain,
	safehttp.NoClientCertificate: errCertificate, safehttp.UnknownAuthority: errAuthority,
}

func isMistake(err error) bool {
	for _, known := range mistakes {
		if errors.Is(err, known) {
			return true
		}
	}
	return errors.Is(err, errKeystone)
}

// withMistake adds the likely mistake to the error of a request without a reply.
func withMistake(err error) error {
	if known, ok := mistakes[safehttp.MistakeOf(err)]; ok {
		return fmt.Errorf("%w (%w)", err, known)
	}
	return err
}

// mistakeIn returns the mistake that a refusal tells of, or nil.
func mistakeIn(reply *transport.Response) error {
	if known, ok := mistakes[safehttp.MistakeIn(reply.Status, reply.Body)]; ok {
		return known
	}
	if isKeystone(reply) {
		return errKeystone
	}
	return nil
}

// isKeystone reports whether an answer is Keystone's: a list of its versions, or a 404.
func isKeystone(reply *transport.Response) bool {
	if bytes.Contains(reply.Body, []byte("application/vnd.openstack.identity-v")) {
		return true
	}
	return reply.Status == http.StatusNotFound && reply.Header.Get("Vary") == "X-Auth-Token" && bytes.Contains(reply.Body, []byte(`"error"`))
}

// checkScheme returns an error for a URL without a scheme, such as "127.0.0.1:8888".
func checkScheme(argument, url string, schemes ...string) error {
	if url == "" || strings.Contains(url, "://") {
		return nil
	}
	rule := "must start with " + strings.Join(schemes, " or ")
	// The error must not contain a password.
	if rest := strings.TrimPrefix(url, "//"); !strings.ContainsAny(rest, "@?#") && len(rest) < 256 {
		rule += fmt.Sprintf(", as in %q", schemes[0]+rest)
	}
	return &ArgumentError{Op: "connect", Argument: argument, Rule: rule}
}
