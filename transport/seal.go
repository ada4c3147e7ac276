package transport

import (
	"maps"
	"net/http"
)

// Sealed returns a copy whose credentials are no longer in Header. It shares everything
// else with r. The client seals each request before a transport gets it.
func (r *Request) Sealed() *Request {
	copied := *r
	copied.Header, copied.sealed = seal(r.Header, r.sealed)
	return &copied
}

// Headers returns all headers that are to be sent: those of Header and the sealed ones.
// Where both have a name, Header decides. The caller may change the result, which is
// never nil. It is a secret.
func (r *Request) Headers() http.Header { return unsealed(r.Header, r.sealed) }

// Sealed returns a copy whose cookies and credentials are no longer in Header.
func (r *Response) Sealed() *Response {
	copied := *r
	copied.Header, copied.sealed = seal(r.Header, r.sealed)
	return &copied
}

// Headers returns all headers of the reply: those of Header and the sealed ones. The
// caller may change the result, which is never nil. It may be a secret.
func (r *Response) Headers() http.Header { return unsealed(r.Header, r.sealed) }

// seal moves the secret headers behind a function, to those that are there already. It does
// not change h, which the result shares if there are none.
func seal(h http.Header, already func() http.Header) (open http.Header, sealed func() http.Header) {
	if already != nil {
		h = unsealed(h, already)
	}
	secrets := 0
	for name := range h {
		if isSecret(name) {
			secrets++
		}
	}
	if secrets == 0 {
		return h, nil
	}
	open, secret := make(http.Header, len(h)-secrets), make(http.Header, secrets)
	for name, values := range h {
		if isSecret(name) {
			secret[name] = values
		} else {
			open[name] = values
		}
	}
	return open, func() http.Header { return secret }
}

// addHeaders adds to a header what Headers returns. The values are not copied.
func (r *Request) addHeaders(to http.Header) {
	if r.sealed != nil {
		maps.Copy(to, r.sealed())
	}
	maps.Copy(to, r.Header)
}

func unsealed(open http.Header, sealed func() http.Header) http.Header {
	switch {
	case sealed != nil:
		all := maps.Clone(sealed())
		maps.Copy(all, open)
		return all.Clone()
	case open == nil:
		return http.Header{}
	}
	return open.Clone()
}
