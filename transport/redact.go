package transport

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
)

// secretHeaders carry credentials or signatures, in canonical spelling.
var secretHeaders = []string{"X-Auth-Token", "X-Subject-Token", "X-Service-Token", "Authorization", "Url-Signature", "Cookie", "Set-Cookie"}

// Redact returns a copy of h that is safe to print: credentials, signatures and cookies
// are replaced by "[redacted]".
func Redact(h http.Header) http.Header {
	safe := h.Clone()
	for _, name := range secretHeaders {
		if _, ok := safe[name]; ok {
			safe[name] = []string{"[redacted]"}
		}
	}
	return safe
}

// String describes the request without its credentials, its query and its body.
func (r Request) String() string {
	name := r.Op
	if name == "" {
		name = "raw"
	}
	return fmt.Sprintf("%s %s %s header:%v body:%d bytes", name, r.Method, r.Path, map[string][]string(Redact(r.Header)), len(r.Body))
}

// Format prints what String returns under every verb, so that code that logs a request
// never logs a token.
func (r Request) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// MarshalText encodes what String returns.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LogValue logs what String returns.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }
