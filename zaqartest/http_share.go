package zaqartest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// shareLife is how long a pre-signed URL works for which no end was asked.
const shareLife = 24 * time.Hour

// shared is a pre-signed URL as clients see it.
type sharedURL struct {
	Paths     []string `json:"paths"`
	Methods   []string `json:"methods"`
	Project   string   `json:"project"`
	Expires   string   `json:"expires"`
	Signature string   `json:"signature"`
}

// share is what a caller wants to have signed.
type shareRequest struct {
	parts   []string // of a queue
	methods []string
	expires time.Time
}

// shareQueue serves pre-signed URLs. The queue need not exist.
func shareQueue(c *call) (reply, error) {
	document, err := c.anyDocument()
	if err != nil {
		return reply{}, err
	}
	wanted, err := parseShare(document, c.srv.Now())
	if err != nil {
		return reply{}, err
	}
	key := c.srv.options.secretKey
	if key == "" {
		return reply{}, invalid("The server has no key to sign with.")
	}
	out := sharedURL{
		Methods: slices.Sorted(slices.Values(wanted.methods)), Project: c.project,
		Expires: wanted.expires.UTC().Format(expiresForm),
	}
	for _, part := range slices.Sorted(slices.Values(wanted.parts)) {
		out.Paths = append(out.Paths, c.queuePath(part))
	}
	out.Signature = signature(key, out.Paths, out.Methods, out.Project, out.Expires)
	return jsonReply(http.StatusOK, out)
}

// parseShare reads what to sign.
func parseShare(document []byte, now time.Time) (shareRequest, error) {
	wanted := shareRequest{parts: []string{"messages"}, methods: []string{http.MethodGet}, expires: now.Add(shareLife)}
	fields, err := rawjson.Object(document)
	if err != nil {
		return wanted, invalid("The body must be an object.")
	}
	for name := range fields {
		if name != "paths" && name != "methods" && name != "expires" {
			return wanted, invalid("The body has a key %q that nobody knows.", name)
		}
	}
	if value := fields["paths"]; !rawjson.IsFalsy(value) {
		var ok bool
		if wanted.parts, ok = rawjson.Texts(value); !ok {
			return wanted, invalid("paths must be an array of strings.")
		}
	}
	for _, part := range wanted.parts {
		if part != "messages" && part != "subscriptions" && part != "claims" {
			return wanted, invalid("paths can be messages, subscriptions and claims.")
		}
	}
	if value := fields["methods"]; !rawjson.IsFalsy(value) {
		var ok bool
		if wanted.methods, ok = rawjson.Texts(value); !ok {
			return wanted, invalid("methods must be an array of strings.")
		}
	}
	if value := fields["expires"]; !rawjson.IsNull(value) {
		name, _ := rawjson.Text(value)
		end, ok := parseExpires(name)
		if !ok {
			return wanted, invalid("expires must be a date, such as 2036-01-01T00:00:00.")
		}
		wanted.expires = end
	}
	if !wanted.expires.After(now) {
		return wanted, invalid("expires is over.")
	}
	return wanted, nil
}

// signed tells whether a request comes with a pre-signed URL, whatever that is
// worth. Then it needs no token, but for versions before v2, which have no such
// thing. A signature that is empty is none: it must not take the place of a token.
func (c *call) signed() bool {
	if c.req.Header.Get("Url-Signature") == "" {
		return false
	}
	version, _ := splitVersion(c.req.URL.Path)
	return version == v2 || version != nil && !c.srv.options.keystone
}

// checkSignature refuses a pre-signed URL that is not genuine or not for this
// request, always in the same words.
func (c *call) checkSignature() error {
	if !c.signed() {
		return nil
	}
	u := signedURL{
		paths:     strings.Split(c.req.Header.Get("Url-Paths"), ","),
		methods:   strings.Split(c.req.Header.Get("Url-Methods"), ","),
		project:   c.req.Header.Get("X-Project-Id"),
		expires:   c.req.Header.Get("Url-Expires"),
		signature: c.req.Header.Get("Url-Signature"),
	}
	if !c.srv.genuine(u) || !u.covers(c.req.Method, c.req.URL.Path) {
		return noRoute()
	}
	return nil
}
