// Package safehttp makes HTTP clients that do not carry credentials to places
// they were not meant for.
//
// net/http follows redirects anywhere and takes X-Auth-Token along; a 307 or
// 308 even sends the body again. The clients made here follow a redirect only
// within one host and only when it keeps the method. What is not followed is
// the reply: callers see the 3xx itself, and [Refused] puts it into words.
package safehttp

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
)

// Client returns a copy of base whose redirects are checked by [Check]; base's
// own CheckRedirect is asked after it. A redirect that is refused is returned
// as the reply, without an error.
//
// A nil base stands for a client with its own clone of [http.DefaultTransport]:
// proxies from the environment, TLS 1.2 or later, tlsConfig. The same goes for
// a base without a Transport when tlsConfig is not nil. A base with a Transport
// keeps it, and tlsConfig is ignored: what the caller built is the caller's.
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

// transport clones the default transport. A program that replaced it by
// something else keeps that, unless there is a TLS configuration to apply.
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
	return own
}

// quietProxy keeps the address of a proxy that cannot be parsed, which may hold
// a password, out of errors.
func quietProxy(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if proxy == nil {
		return nil
	}
	return func(req *http.Request) (*url.URL, error) {
		address, err := proxy(req)
		if err != nil {
			return nil, errors.New("the address of the proxy is not a URL (HTTPS_PROXY, HTTP_PROXY)")
		}
		return address, nil
	}
}
