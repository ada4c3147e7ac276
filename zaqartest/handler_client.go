package zaqartest

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// HandlerClient returns a client whose requests are all served by handler, whatever
// host their URL names, without sockets and in the goroutine of the caller. It is
// meant for [WithDeliveryClient] and works inside testing/synctest bubbles. A panic
// of the handler reaches the caller, except [http.ErrAbortHandler], which becomes a
// broken connection.
func HandlerClient(handler http.Handler) *http.Client {
	return &http.Client{
		Transport:     handlerTransport{handler},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type handlerTransport struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (t handlerTransport) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	served := req.Clone(req.Context())
	served.RequestURI, served.RemoteAddr = req.URL.RequestURI(), "127.0.0.1:0"
	if served.Host == "" {
		served.Host = req.URL.Host
	}
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer func() { _ = served.Body.Close() }()
	w := &responseRecorder{header: http.Header{}}
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case any(http.ErrAbortHandler):
			resp, err = nil, io.ErrUnexpectedEOF
		default:
			panic(cause)
		}
	}()
	t.handler.ServeHTTP(w, served)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	w.WriteHeader(http.StatusOK) // unless the handler did
	return &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.sent,
		Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: req,
	}, nil
}

// responseRecorder is a response as a handler writes it.
type responseRecorder struct {
	header, sent http.Header
	status       int
	body         bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (r *responseRecorder) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter].
func (r *responseRecorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status, r.sent = status, r.header.Clone()
	}
}

// Write implements [io.Writer].
func (r *responseRecorder) Write(content []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(content)
}
