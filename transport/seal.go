package transport

import (
	"maps"
	"net/http"
	"slices"
)

// Sealed returns a copy whose credentials are no longer in Header. It shares everything
// else with r. The client seals each request before a transport gets it.
func (r *Request) Sealed() *Request {
	copied := *r
	copied.Header, copied.sealed = seal(r.Headers())
	return &copied
}

// Headers returns all headers that are to be sent: those of Header and the sealed ones.
// Where both have a name, Header decides. The caller may change the result, which is
// never nil. It is a secret.
func (r *Request) Headers() http.Header { return unsealed(r.Header, r.sealed) }

// Sealed returns a copy whose cookies and credentials are no longer in Header.
func (r *Response) Sealed() *Response {
	copied := *r
	copied.Header, copied.sealed = seal(r.Headers())
	return &copied
}

// Headers returns all headers of the reply: those of Header and the sealed ones. The
// caller may change the result, which is never nil. It may be a secret.
func (r *Response) Headers() http.Header { return unsealed(r.Header, r.sealed) }

// seal moves the secret headers of h, which it changes, behind a function.
func seal(h http.Header) (open http.Header, sealed func() http.Header) {
	secret := http.Header{}
	for name, values := range h {
		if isSecret(name) {
			secret[name] = values
		}
	}
	if len(secret) == 0 {
		return h, nil
	}
	maps.DeleteFunc(h, func(name string, _ []string) bool { return isSecret(name) })
	return h, func() http.Header { return secret }
}

func unsealed(open http.Header, sealed func() http.Header) http.Header {
	all := http.Header{}
	if sealed != nil {
		all = sealed().Clone()
	}
	for name, values := range open {
		all[name] = slices.Clone(values)
	}
	return all
}
