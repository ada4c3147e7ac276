package zaqartest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// shareLife is how long a pre-signed URL is valid by default.
const shareLife = 24 * time.Hour

// sharedURL is a pre-signed URL as clients see it.
type sharedURL struct {
	Paths     []string `json:"paths"`
	Methods   []string `json:"methods"`
	Project   string   `json:"project"`
	Expires   string   `json:"expires"`
	Signature string   `json:"signature"`
}

// shareRequest is what a caller asks to have signed.
type shareRequest struct {
	parts   []string // of a queue
	methods []string
	expires time.Time
}

// shareQueue makes a pre-signed URL. The queue need not exist.
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
			return wanted, invalid("The body has an unknown key %q.", name)
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
		return wanted, invalid("expires is in the past.")
	}
	return wanted, nil
}

// signed reports whether a request carries a pre-signed URL, valid or not. Such a
// request needs no token. Versions before v2 have no pre-signed URLs. An empty
// signature does not count: it must not replace a token.
func (c *call) signed() bool {
	if c.req.Header.Get("Url-Signature") == "" {
		return false
	}
	version, _ := splitVersion(c.req.URL.Path)
	return version == v2 || version != nil && !c.srv.options.keystone
}

// checkSignature refuses a pre-signed URL that is not genuine or does not allow the
// request. The answer is the same in both cases.
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
