package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar/internal/safehttp"
)

// DefaultMaxResponse is the largest reply that a transport of this package reads unless
// it is told otherwise, in bytes: 64 MiB. A page of 20 messages of Zaqar's default maximum size is about 5 MiB.
const DefaultMaxResponse = 64 << 20

// ErrResponseTooLarge is the cause when a reply exceeds [DefaultMaxResponse], or another
// limit that was set.
var ErrResponseTooLarge = errors.New("transport: the reply is larger than the limit")

// HTTP sends requests over HTTP. Create one with [NewHTTP]. It is safe for concurrent
// use.
type HTTP struct {
	root        string // the endpoint
	client      *http.Client
	maxResponse int64
	traced      bool // net/http itself sends, and tells what it has written
}

// NewHTTP returns a transport to the service at endpoint: an http or https URL without
// the API version, such as "https://cloud.example.com:8888". A URL with a user, a
// query or a fragment is an error. NewHTTP does no I/O.
//
// client may be nil; the transport then creates its own, with the proxies of the
// environment and TLS 1.2 or later. It keeps every idle connection for 90 seconds, and
// closes an HTTP/2 connection on which nothing came for 15 seconds, not even the answer to
// a ping within 10 more. A given client is copied: its connections, proxy,
// TLS settings, cookies and timeout are used. Only redirects differ: a redirect to
// another host, or one that would change the method, is never followed, because
// net/http would send X-Auth-Token along. The caller gets such a redirect as the reply.
func NewHTTP(endpoint string, client *http.Client) (*HTTP, error) {
	base, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	t := &HTTP{root: base.String(), client: safehttp.Client(client, nil), maxResponse: DefaultMaxResponse}
	sender := t.client.Transport
	if sender == nil {
		sender = http.DefaultTransport
	}
	_, standard := sender.(*http.Transport)
	t.traced = standard && runtime.GOOS != "js" // there net/http calls fetch, which reports nothing
	return t, nil
}

// WithMaxResponse returns a copy that reads replies of at most that many bytes, after
// decompression, instead of [DefaultMaxResponse]. A larger reply is an error that matches
// [ErrResponseTooLarge]. The copy shares the connections.
func (t *HTTP) WithMaxResponse(bytes int64) *HTTP {
	limited := *t
	limited.maxResponse = bytes
	return &limited
}

// parseEndpoint checks an endpoint. Its errors never hold the URL, which may hold a
// password.
func parseEndpoint(endpoint string) (*url.URL, error) {
	base, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, errors.New("transport: the endpoint is not a URL")
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("transport: the endpoint's scheme is %q, not http or https", base.Scheme)
	case base.Host == "":
		return nil, errors.New("transport: the endpoint has no host")
	case base.User != nil:
		return nil, errors.New("transport: the endpoint has a user or a password; pass credentials with WithAuth instead")
	case base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("transport: the endpoint has a query or a fragment; remove it")
	}
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = strings.TrimRight(base.RawPath, "/")
	return base, nil
}

// Endpoint returns the service's URL, without a trailing slash.
func (t *HTTP) Endpoint() string { return t.root }

// Do implements [Transport]. Without a deadline in ctx and a timeout of the client it
// waits as long as the server does.
func (t *HTTP) Do(ctx context.Context, req *Request) (*Response, error) {
	sent := &sending{traced: t.traced}
	hr, err := t.request(sent.trace(ctx), req, sent)
	if err != nil {
		return nil, &Error{Final: true, Err: err}
	}
	reply, err := t.client.Do(hr)
	if err != nil {
		return nil, &Error{MaybeSent: !sent.never(req), Err: withoutURL(err)}
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := readBody(reply, t.maxResponse)
	if err != nil {
		return nil, &Error{MaybeSent: true, Err: fmt.Errorf("reading the reply (status %d): %w", reply.StatusCode, err)}
	}
	if int64(len(body)) > t.maxResponse {
		return nil, &Error{MaybeSent: true, Err: fmt.Errorf("%w of %d bytes (status %d)", ErrResponseTooLarge, t.maxResponse, reply.StatusCode)}
	}
	if reply.StatusCode >= http.StatusBadRequest && len(req.Body) > largeBody {
		// Servers refuse a large body before they have read it, and then close the
		// connection (quirk 28). The next call must not use that connection.
		t.client.CloseIdleConnections()
	}
	answer := &Response{Status: reply.StatusCode, Body: body}
	answer.Header, answer.sealed = seal(reply.Header, nil)
	return answer, nil
}

// readBody reads the body of a reply, and stops behind the limit.
func readBody(reply *http.Response, limit int64) ([]byte, error) {
	if reply.Body == http.NoBody {
		return nil, nil
	}
	room := int64(unannounced)
	if reply.ContentLength > 0 {
		room = min(reply.ContentLength, limit, mostAtOnce) + 1 // to see the end
	}
	body := make([]byte, 0, room)
	for int64(len(body)) <= limit {
		if len(body) == cap(body) {
			body = slices.Grow(body, len(body)) // twice as much
		}
		n, err := reply.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return body, err
		}
	}
	return body, nil
}

const (
	// mostAtOnce is how much memory is set aside for what a server only announces, in bytes.
	mostAtOnce = 1 << 20
	// unannounced is how much is set aside for a body of unknown length.
	unannounced = 4 << 10
)

// largeBody is a size, in bytes, above which a server may answer before it has read
// the whole body.
const largeBody = 64 << 10

func (t *HTTP) request(ctx context.Context, req *Request, sent *sending) (*http.Request, error) {
	hr, err := http.NewRequestWithContext(ctx, req.Method, t.target(req), nil)
	if err != nil {
		return nil, withoutURL(err)
	}
	if req.Body != nil {
		sent.attach(hr, req.Body)
	}
	if t.traced {
		req.addHeaders(hr.Header)
	} else {
		hr.Header = req.Headers() // a RoundTripper of somebody else may change them
	}
	allowReplay(hr, req)
	return hr, nil
}

// target returns the URL of a request.
func (t *HTTP) target(req *Request) string {
	if len(req.Query) == 0 {
		return t.root + req.Path
	}
	names := make([]string, 0, 8)
	length := len(t.root) + len(req.Path)
	for name, values := range req.Query {
		names = append(names, name)
		for _, value := range values {
			length += len("&=") + len(name) + len(value)
		}
	}
	slices.Sort(names)
	var target strings.Builder
	target.Grow(length)
	target.WriteString(t.root)
	target.WriteString(req.Path)
	separator := byte('?')
	if strings.Contains(req.Path, "?") {
		separator = '&'
	}
	for _, name := range names {
		for _, value := range req.Query[name] {
			target.WriteByte(separator)
			target.WriteString(url.QueryEscape(name))
			target.WriteByte('=')
			target.WriteString(url.QueryEscape(value))
			separator = '&'
		}
	}
	return target.String()
}

// withoutURL drops the *url.Error around a cause. The caller names the operation and
// the queue, and a URL can contain a signature.
func withoutURL(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}

// Close closes idle connections, including those of a client passed to [NewHTTP]; that
// client can still be used and then dials again. It does not block.
func (t *HTTP) Close() error {
	t.client.CloseIdleConnections()
	return nil
}
