// Package safehttp creates HTTP clients that do not send credentials to another host.
//
// net/http follows redirects to any host and sends X-Auth-Token along; for a 307 or 308
// it even sends the body again. The clients of this package follow a redirect only on
// the same host, and only if it keeps the method. Otherwise the caller gets the 3xx as
// the reply, and [Refused] describes it.
package safehttp

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
)

// Client returns a copy of base that checks redirects with [Check] and then with base's
// own CheckRedirect. A refused redirect is returned as the reply, without an error.
//
// If base is nil, the client uses a clone of [http.DefaultTransport]: proxies from the
// environment, TLS 1.2 or later, and tlsConfig. So does a base without a Transport if
// tlsConfig is not nil. A base with a Transport keeps it, and tlsConfig is ignored.
func Client(base *http.Client, tlsConfig *tls.Config) *http.Client {
	client := &http.Client{}
	if base != nil {
		*client = *base
	}
	if client.Transport == nil && (base == nil || tlsConfig != nil) {
		client.Transport = transport(tlsConfig)
	}
	client.Transport = seesRedirects(client.Transport)
	asked := client.CheckRedirect
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if Check(req, via) != nil {
			return http.ErrUseLastResponse
		}
		if asked != nil {
			return asked(req, via)
		}
		return nil
	}
	return client
}

// transport clones the default transport. If the program has replaced that with another
// type, it is used as it is, unless there is a TLS configuration to apply.
func transport(tlsConfig *tls.Config) http.RoundTripper {
	own, ok := http.DefaultTransport.(*http.Transport)
	switch {
	case ok:
		own = own.Clone()
	case tlsConfig == nil:
		return http.DefaultTransport
	default:
		own = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	}
	if tlsConfig != nil {
		own.TLSClientConfig = tlsConfig.Clone()
	}
	if own.TLSClientConfig == nil {
		own.TLSClientConfig = &tls.Config{}
	}
	if own.TLSClientConfig.MinVersion < tls.VersionTLS12 {
		own.TLSClientConfig.MinVersion = tls.VersionTLS12
	}
	own.Proxy = quietProxy(own.Proxy)
	careForConnections(own)
	return own
}

// quietProxy keeps the address of a proxy, which may contain a password, out of the
// error if it cannot be parsed.
func quietProxy(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if proxy == nil {
		return nil
	}
	return func(req *http.Request) (*url.URL, error) {
		address, err := proxy(req)
		if err != nil {
			return nil, errors.New("the address of the proxy is not a URL: check HTTPS_PROXY and HTTP_PROXY")
		}
		return address, nil
	}
}
