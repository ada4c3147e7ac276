package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/zaqar-go/zaqar/internal/safehttp"
)

// DefaultMaxResponse is the largest reply body that HTTP reads, in bytes. A
// page of 20 messages of the largest size that Zaqar accepts by default is
// about 5 MiB.
const DefaultMaxResponse = 64 << 20

// ErrResponseTooLarge is the cause when a reply is larger than allowed.
var ErrResponseTooLarge = errors.New("transport: the reply is larger than the limit")

// HTTP carries requests over HTTP. Make one with [NewHTTP].
type HTTP struct {
	base        *url.URL
	client      *http.Client
	maxResponse int64
}

// NewHTTP returns a transport to the service at endpoint, an http or https URL
// without the API version, such as "https://cloud.example.com:8888". It does no
// I/O.
//
// client may be nil. A client that is given is copied, and its connections,
// proxy, TLS settings, cookies and timeout are used as they are, but for
// redirects: a redirect to another host, or one that would change the method,
// is never followed, since net/http would take X-Auth-Token along. Such a
// redirect is the reply.
func NewHTTP(endpoint string, client *http.Client) (*HTTP, error) {
	base, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	return &HTTP{base: base, client: safehttp.Client(client, nil), maxResponse: DefaultMaxResponse}, nil
}

// parseEndpoint keeps user and password of a URL out of its errors.
func parseEndpoint(endpoint string) (*url.URL, error) {
	base, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, errors.New("transport: the endpoint is not a URL")
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("transport: the endpoint's scheme is %q, not http or https", base.Scheme)
	case base.Host == "":
		return nil, errors.New("transport: the endpoint names no host")
	case base.User != nil:
		return nil, errors.New("transport: the endpoint holds a user or a password; give credentials by WithAuth")
	case base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("transport: the endpoint has a query or a fragment")
	}
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = strings.TrimRight(base.RawPath, "/")
	return base, nil
}

// Endpoint returns the service's URL, without a slash at its end.
func (t *HTTP) Endpoint() string { return t.base.String() }

// Do implements [Transport].
func (t *HTTP) Do(ctx context.Context, req *Request) (*Response, error) {
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// From the first header on, the server may see a whole request: it can
		// be in a buffer that is flushed later.
		WroteHeaderField: func(string, []string) { wrote.Store(true) },
	})
	hr, err := t.request(ctx, req)
	if err != nil {
		return nil, &Error{Err: err}
	}
	reply, err := t.client.Do(hr)
	if err != nil {
		return nil, &Error{MaybeSent: wrote.Load() || !traced, Err: withoutURL(err)}
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(reply.Body, t.maxResponse+1))
	if err != nil {
		return nil, &Error{MaybeSent: true, Err: fmt.Errorf("reading the reply (status %d): %w", reply.StatusCode, err)}
	}
	if int64(len(body)) > t.maxResponse {
		return nil, &Error{MaybeSent: true, Err: fmt.Errorf("%w of %d bytes (status %d)", ErrResponseTooLarge, t.maxResponse, reply.StatusCode)}
	}
	if reply.StatusCode >= http.StatusBadRequest && len(req.Body) > largeBody {
		// Servers refuse a large body before they have read it, and then drop the
		// connection (quirk 28): the next call must not run into that.
		t.client.CloseIdleConnections()
	}
	return &Response{Status: reply.StatusCode, Header: reply.Header, Body: body}, nil
}

// traced is whether net/http tells what it writes. On js/wasm it calls fetch.
const traced = runtime.GOOS != "js"

// largeBody is more than a server has surely read when it answers.
const largeBody = 64 << 10

func (t *HTTP) request(ctx context.Context, req *Request) (*http.Request, error) {
	target := t.base.String() + req.Path
	if len(req.Query) > 0 {
		separator := "?"
		if strings.Contains(req.Path, "?") {
			separator = "&"
		}
		target += separator + req.Query.Encode()
	}
	// A *bytes.Reader gives the request its Content-Length.
	var body io.Reader
	if req.Body != nil {
		body = bytes.NewReader(req.Body)
	}
	hr, err := http.NewRequestWithContext(ctx, req.Method, target, body)
	if err != nil {
		return nil, withoutURL(err)
	}
	if req.Header != nil {
		hr.Header = req.Header.Clone()
	}
	return hr, nil
}

// withoutURL drops the *url.Error around a cause: the operation and the queue
// are said by the caller, and a URL can carry a signature.
func withoutURL(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}

// Close closes idle connections, also those of a client that was given: it
// dials again when it is used again.
func (t *HTTP) Close() error {
	t.client.CloseIdleConnections()
	return nil
}
