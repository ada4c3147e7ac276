package safehttp

import (
	"errors"
	"net/http"
	"strings"
	"syscall/js"
)

// seesRedirects returns a transport whose redirects reach [http.Client]. On js/wasm
// net/http calls fetch, which would follow them by itself, to any host and with all
// headers.
func seesRedirects(transport http.RoundTripper) http.RoundTripper {
	if transport == nil {
		transport = http.DefaultTransport
	}
	if own, ok := transport.(*http.Transport); ok && fetches(own) {
		return fetch{own}
	}
	return transport
}

// fetches reports whether a transport calls fetch. One that dials by itself does not,
// nor does any under Node, where net/http has a network inside the process.
func fetches(t *http.Transport) bool {
	process := js.Global().Get("process")
	node := process.Type() == js.TypeObject && strings.HasPrefix(process.Get("argv0").String(), "node")
	dials := t.Dial != nil || t.DialContext != nil || t.DialTLS != nil || t.DialTLSContext != nil //nolint:staticcheck // net/http looks at the deprecated ones too
	return !node && !dials && !js.Global().Get("fetch").IsUndefined()
}

// fetch leaves redirects to [http.Client].
type fetch struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (f fetch) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("js.fetch:redirect", "manual") // an option for fetch; it is not sent
	reply, err := f.Transport.RoundTrip(req)
	if err == nil && reply.StatusCode == 0 { // browsers hide where a redirect leads
		_ = reply.Body.Close()
		return nil, errors.New("a redirect was not followed: a browser does not tell where it leads")
	}
	return reply, err
}
