package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// scheme begins the text of a signed URL. With an endpoint the endpoint's scheme
// follows, so that the text reads as the URL that it is: "zaqar+https://…".
const scheme = "zaqar"

// longestText bounds what ParseSignedURL looks at.
const longestText = 64 << 10

// Reveal returns the signed URL, signature and all, as one line of text:
//
//	zaqar+https://cloud.example.com:8888/?paths=/v2/queues/wot/messages&methods=GET&project=…&expires=…&signature=…
//
// Without an endpoint it begins "zaqar:?". It is a secret: who reads it can use it.
// Put it between quotes in a shell. [ParseSignedURL] reads it. The zero SignedURL
// gives "".
func (u SignedURL) Reveal() string {
	if u.IsZero() {
		return ""
	}
	var text strings.Builder
	text.WriteString(scheme)
	if u.grant.Endpoint == "" {
		text.WriteString(":?")
	} else {
		text.WriteString("+" + u.grant.Endpoint + "/?")
	}
	for i, part := range [][2]string{
		{"paths", strings.Join(u.grant.Paths, ",")},
		{"methods", strings.Join(u.grant.Methods, ",")},
		{"project", u.grant.Project},
		{"expires", u.grant.Expires.Format(wireTime)},
		{"signature", u.signature.Reveal()},
	} {
		if i > 0 {
			text.WriteString("&")
		}
		text.WriteString(part[0] + "=" + readable.Replace(url.QueryEscape(part[1])))
	}
	return text.String()
}

// readable leaves what a query may hold as it is.
var readable = strings.NewReplacer("%2F", "/", "%2C", ",", "%3A", ":")

// signedJSON is a signed URL as servers answer it, with the endpoint beside it.
type signedJSON struct {
	Endpoint  string `json:"endpoint,omitempty"`
	Paths     list   `json:"paths"`
	Methods   list   `json:"methods"`
	Project   string `json:"project"`
	Expires   string `json:"expires"`
	Signature string `json:"signature"`
	// ProjectID is how the openstack command has the project.
	ProjectID string `json:"Project ID,omitempty"`
}

// list is a list, or a text that is joined by commas.
type list []string

// UnmarshalJSON reads both.
func (l *list) UnmarshalJSON(data []byte) error {
	var joined string
	if err := json.Unmarshal(data, &joined); err == nil && joined != "" {
		*l = split(joined)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// split takes a joined list apart, which people write with spaces.
func split(joined string) []string {
	parts := strings.Split(joined, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// RevealJSON returns the signed URL, signature and all, as the JSON object that
// servers answer ("paths", "methods", "project", "expires", "signature"), and an
// "endpoint" if it has one. It is a secret. [ParseSignedURL] reads it. The zero
// SignedURL gives nil.
func (u SignedURL) RevealJSON() []byte {
	if u.IsZero() {
		return nil
	}
	data, _ := json.Marshal(signedJSON{ //nolint:errchkjson // strings only
		Endpoint: u.grant.Endpoint, Paths: u.grant.Paths, Methods: u.grant.Methods,
		Project: u.grant.Project, Expires: u.grant.Expires.Format(wireTime), Signature: u.signature.Reveal(),
	})
	return data
}

// ParseSignedURL reads a signed URL: the text of [SignedURL.Reveal], or a JSON
// object such as [SignedURL.RevealJSON] and Zaqar's own answers. It does not know
// whether the signature is good; [SignedURL.Verify] does, with the key. One that has
// expired is read, too. Errors do not hold the text.
func ParseSignedURL(text string) (SignedURL, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return SignedURL{}, errors.New("auth: the signed URL is empty")
	case len(text) > longestText:
		return SignedURL{}, fmt.Errorf("auth: this is no signed URL: it is longer than %d bytes", longestText)
	case strings.HasPrefix(text, "<SignedURL"):
		return SignedURL{}, errors.New("auth: the signature has been redacted: the text was printed or logged; hand over what Reveal returns")
	case text[0] == '{':
		return parseJSON(text)
	}
	return parseText(text)
}

func parseText(text string) (SignedURL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return SignedURL{}, errors.New("auth: this is no signed URL: it cannot be read as a URL") // err has the text
	}
	name, transport, _ := strings.Cut(u.Scheme, "+")
	if name != scheme {
		return SignedURL{}, fmt.Errorf(`auth: this is no signed URL: it must start with "%s:?", "%s+https://" or "%s+http://"`, scheme, scheme, scheme)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return SignedURL{}, errors.New("auth: this is no signed URL: its query cannot be read")
	}
	for _, values := range query {
		if len(values) != 1 {
			return SignedURL{}, errors.New("auth: this is no signed URL: it has something more than once")
		}
	}
	parts := signedJSON{
		Project: query.Get("project"), Expires: query.Get("expires"), Signature: query.Get("signature"),
		Paths: split(query.Get("paths")), Methods: split(query.Get("methods")),
	}
	u.Scheme, u.RawQuery, u.ForceQuery = transport, "", false
	switch {
	case transport != "":
		parts.Endpoint = u.String()
	case u.Host != "" || u.Opaque != "" || u.Path != "" || u.User != nil || u.Fragment != "":
		return SignedURL{}, fmt.Errorf(`auth: this is no signed URL: an endpoint in it must start with "%s+https://" or "%s+http://"`, scheme, scheme)
	}
	return parts.signed()
}

func parseJSON(text string) (SignedURL, error) {
	var parts signedJSON
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return SignedURL{}, errors.New("auth: this is no signed URL: its JSON cannot be read") // err can have a part of the text
	}
	if parts.Project == "" {
		parts.Project = parts.ProjectID
	}
	return parts.signed()
}

func (p signedJSON) signed() (SignedURL, error) {
	expires, err := parseTime(p.Expires)
	if err != nil {
		return SignedURL{}, fmt.Errorf("auth: this is no signed URL: %w", err)
	}
	return newSignedURL(Grant{
		Endpoint: p.Endpoint, Paths: p.Paths, Methods: p.Methods, Project: p.Project, Expires: expires,
	}, p.Signature)
}

// parseTime reads a moment as Zaqar writes it, in UTC without a zone, and with one.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{wireTime, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New(`the moment at which it expires must be as "2036-01-01T00:00:00"`)
}
