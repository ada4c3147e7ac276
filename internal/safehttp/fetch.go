//go:build !js

package safehttp

import "net/http"

// seesRedirects returns a transport whose redirects reach [http.Client]: every one.
func seesRedirects(transport http.RoundTripper) http.RoundTripper { return transport }
