package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/auth"
)

// tracer prints requests and answers. It prints no secrets: not those in headers, not
// those that Zaqar and Keystone are known to have in bodies. The bodies of messages are
// printed: they are what somebody who looks for a fault wants to see.
type tracer struct {
	next http.RoundTripper
	to   *Output
}

// RoundTrip implements [http.RoundTripper]. It copies the body of the request without
// reading the original, so that the library still knows what was sent.
func (t *tracer) RoundTrip(req *http.Request) (*http.Response, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "> %s %s\n", req.Method, withoutUser.ReplaceAllString(req.URL.Redacted(), "$1[redacted]@"))
	printHeader(&b, "> ", req.Header)
	if req.GetBody != nil {
		if body, err := req.GetBody(); err == nil {
			content, _ := io.ReadAll(io.LimitReader(body, mostTraced+1))
			_ = body.Close()
			printBody(&b, "> ", content, isSignIn(req))
		}
	}
	fmt.Fprint(t.to, b.String())

	began := time.Now()
	reply, err := t.next.RoundTrip(req)
	took := time.Since(began).Round(100 * time.Microsecond)
	if err != nil {
		fmt.Fprintf(t.to, "< no answer after %v\n\n", took)
		return reply, err
	}
	b.Reset()
	fmt.Fprintf(&b, "< %s (%v)\n", reply.Status, took)
	printHeader(&b, "< ", reply.Header)
	if socket, ok := reply.Body.(io.ReadWriteCloser); ok && reply.StatusCode == http.StatusSwitchingProtocols {
		reply.Body = newTracedSocket(socket, t.to)
	} else {
		content, failure := io.ReadAll(reply.Body)
		_ = reply.Body.Close()
		reply.Body = &readAgain{Reader: bytes.NewReader(content), failure: failure}
		printBody(&b, "< ", content, false)
	}
	fmt.Fprintln(t.to, b.String())
	return reply, nil
}

// readAgain is a body that was read already, with the error that ended it.
type readAgain struct {
	*bytes.Reader
	failure error
}

func (r *readAgain) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF && r.failure != nil {
		err = r.failure
	}
	return n, err
}

func (r *readAgain) Close() error { return nil }

// isSignIn reports whether a request's body is credentials.
func isSignIn(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/auth/tokens") }

// secretHeaders are not printed.
var secretHeaders = []string{auth.HeaderToken, "X-Subject-Token", auth.HeaderSignature, "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"}

func printHeader(b *strings.Builder, mark string, h http.Header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if len(h[name]) == 0 {
			continue // it is not sent
		}
		value := strings.Join(h[name], ", ")
		if slices.ContainsFunc(secretHeaders, func(secret string) bool { return strings.EqualFold(secret, name) }) {
			value = auth.Redacted
		}
		fmt.Fprintf(b, "%s%s: %s\n", mark, name, value)
	}
}

// mostTraced is how much of a body is printed.
const mostTraced = 64 << 10

var (
	// secretKeys are keys whose values are not printed, in bodies of Zaqar and Keystone.
	secretKeys = []string{"signature", "URL-Signature", "password", "passcode", "secret", "token", "trust_id", "post_headers", "post_data"}
	// withoutUser matches what names a user in a URI.
	withoutUser = regexp.MustCompile(`([a-z][a-z0-9+.-]*://)[^/@\s"]*@`)
)

func printBody(b *strings.Builder, mark string, content []byte, secret bool) {
	switch {
	case len(content) == 0:
		return
	case secret:
		fmt.Fprintf(b, "%s\n%s(the credentials are not shown)\n", mark, mark)
		return
	case len(content) > mostTraced:
		fmt.Fprintf(b, "%s\n%s(%d bytes are not shown)\n", mark, mark, len(content))
		return
	}
	text := string(content)
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var document any
	if decoder.Decode(&document) == nil {
		var clean bytes.Buffer
		encoder := json.NewEncoder(&clean)
		encoder.SetEscapeHTML(false)
		if encoder.Encode(withoutSecrets(document)) == nil {
			text = clean.String()
		}
	}
	text = withoutUser.ReplaceAllString(strings.TrimSpace(text), "$1"+auth.Redacted+"@")
	fmt.Fprintf(b, "%s\n%s%s\n", mark, mark, strings.ReplaceAll(text, "\n", "\n"+mark))
}

func isSecretKey(key string) bool {
	same := func(secret string) bool { return strings.EqualFold(secret, key) }
	return slices.ContainsFunc(secretKeys, same) || slices.ContainsFunc(secretHeaders, same)
}

// withoutSecrets replaces the values of secret keys.
func withoutSecrets(v any) any {
	switch v := v.(type) {
	case map[string]any:
		// The body of a message is its user's, but that of a frame is Zaqar's.
		frame := v["action"] != nil && v["headers"] != nil || v["request"] != nil
		for key, value := range v {
			if isSecretKey(key) {
				v[key] = auth.Redacted
			} else if key != "body" || frame {
				v[key] = withoutSecrets(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutSecrets(v[i])
		}
	}
	return v
}
