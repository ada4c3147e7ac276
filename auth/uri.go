package auth

import "net/url"

// RedactURI returns the scheme and the host of a URI, for printing:
// "https://hooks.example.com". The user, the path, the query and the fragment are left
// out, because each can be a secret, and so is an opaque part, such as an address of
// mailto. A text that is no URI becomes [Redacted], and "" stays "". It does no I/O.
func RedactURI(uri string) string {
	if uri == "" {
		return ""
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Scheme == "":
		return Redacted
	case u.Host == "":
		return u.Scheme + ":" + Redacted
	}
	return u.Scheme + "://" + u.Host
}
