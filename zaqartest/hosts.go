package zaqartest

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// A page in a browser can reach a server on the same machine by DNS rebinding: the
// page's own name becomes a name of 127.0.0.1, and the browser takes the answers for
// the page's own. The Host header then still has the name of the page. So a server on
// a socket answers only to addresses, to localhost and to names that it was given.

// WithAllowedHosts sets the names by which clients may reach the server, besides IP
// addresses and localhost. A request with another name in its Host header gets a 403,
// over HTTP, on the WebSocket and at Keystone, because a web page could have made it
// by DNS rebinding. A name is given without a port, and case does not matter.
// Defaults to none. In memory the server answers to every name.
func WithAllowedHosts(names ...string) Option {
	return func(o *options) {
		o.allowedHosts = nil
		for _, name := range names {
			o.allowedHosts = append(o.allowedHosts, hostName(name))
		}
	}
}

// foreignHost returns the name in a request's Host header if the server must not answer
// to it. Requests that came through no socket cannot be from a browser.
func (s *Server) foreignHost(r *http.Request) (name string, foreign bool) {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok || addr.Network() == "pipe" || r.Host == "" {
		return "", false
	}
	name = hostName(r.Host)
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil || name == "localhost" {
		return "", false
	}
	return name, !slices.Contains(s.options.allowedHosts, name)
}

// hostName returns a host without its port, in lower case and without the dot that may
// end a name.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// foreignHostText says why a request with a foreign Host is refused.
func foreignHostText(name string) string {
	return fmt.Sprintf("This server does not answer to the name %.100q: a web page could use it to reach the server (DNS rebinding). "+
		"Use an IP address or localhost, or allow the name: zaqar serve --allow-host, or zaqartest.WithAllowedHosts in Go.", name)
}
