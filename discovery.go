package zaqar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/internal/safehttp"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// discover chooses the newest API version that both sides support.
func (c *Conn) discover(ctx context.Context) error {
	c.version = V2
	r, err := c.call(ctx, wire.Versions, nil)
	if err != nil {
		// An answer without a list is a proxy's: take V2, which every server of the
		// last ten years has. No answer at all, or one that tells of a mistake, is an
		// error.
		e, ok := errors.AsType[*Error](err)
		if ok && !isMistake(e.Err) && (e.Code != 0 || errors.Is(err, ErrMalformed)) {
			return nil
		}
		if ok {
			e.Op, e.Err = "connect", fmt.Errorf("cannot ask %s for its API versions: %w", c.endpoint, e.Err)
		}
		return err
	}
	if isKeystone(r.Response) {
		return &Error{Op: "connect", Err: errKeystone, repeatable: true}
	}
	listed, err := wire.DecodeVersions(r.Body)
	if err != nil {
		return nil
	}
	return c.choose(ctx, listed)
}

func (c *Conn) choose(ctx context.Context, listed []wire.VersionInfo) error {
	for _, v := range versions {
		for _, info := range listed {
			if info.Version() != wire.Version(v) {
				continue
			}
			c.version = v
			// Servers also list deprecated versions that are switched off.
			if info.Status == "DEPRECATED" && !c.serves(ctx) {
				continue
			}
			return nil
		}
	}
	return &Error{Op: "connect", Err: errors.New("the server lists no API version that this library supports"), repeatable: true}
}

// serves reports whether the chosen version is switched on.
func (c *Conn) serves(ctx context.Context) bool {
	_, err := c.call(ctx, wire.Home, nil)
	e, ok := errors.AsType[*Error](err)
	return !ok || e.Code != http.StatusNotFound
}

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
