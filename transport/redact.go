package transport

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar/auth"
)

// uriHeaders carry a URI, whose user, password or query can be a secret.
var uriHeaders = []string{"Location", "Content-Location", "Referer"}

// Redact returns a copy of h that is safe to print: credentials, signatures and cookies
// are replaced by "[redacted]", and URIs lose their user and their query. The spelling
// of names does not matter.
func Redact(h http.Header) http.Header {
	safe := h.Clone()
	for name, values := range safe {
		switch {
		case isSecret(name):
			safe[name] = []string{auth.Redacted}
		case slices.Contains(uriHeaders, http.CanonicalHeaderKey(name)):
			for i, uri := range values {
				values[i] = withoutSecrets(uri)
			}
		}
	}
	return safe
}

// isSecret reports whether a header carries credentials or signatures, in any spelling of
// its name.
func isSecret(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "X-Auth-Token", "X-Subject-Token", "X-Service-Token", "X-Storage-Token", "X-Auth-Key",
		"Authorization", "Proxy-Authorization", "Url-Signature", "Cookie", "Set-Cookie":
		return true
	}
	return false
}

// withoutSecrets cuts the query off a path, and everything but the scheme and the host off
// an absolute URI.
func withoutSecrets(uri string) string {
	if strings.HasPrefix(uri, "/") && !strings.HasPrefix(uri, "//") {
		path, _, _ := strings.Cut(uri, "?")
		return path
	}
	return auth.RedactURI(uri)
}

// String describes the request without its credentials, its query and its body.
func (r Request) String() string {
	name := r.Op
	if name == "" {
		name = "raw"
	}
	path, _, _ := strings.Cut(r.Path, "?") // a raw call may have its query here
	return fmt.Sprintf("%s %s %s header:%v body:%d bytes", name, r.Method, path, map[string][]string(Redact(r.Headers())), len(r.Body))
}

// Format prints what String returns under every verb, so that code that logs a request
// never logs a token.
func (r Request) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// MarshalText encodes what String returns.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LogValue logs what String returns.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String describes the response without its body and without secrets of its header.
func (r Response) String() string {
	return fmt.Sprintf("%d header:%v body:%d bytes", r.Status, map[string][]string(Redact(r.Headers())), len(r.Body))
}

// Format prints what String returns under every verb: a body can contain a signature or
// the password of a store.
func (r Response) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// MarshalText encodes what String returns.
func (r Response) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LogValue logs what String returns.
func (r Response) LogValue() slog.Value { return slog.StringValue(r.String()) }
