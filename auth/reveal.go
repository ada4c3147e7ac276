package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// scheme begins the text of a signed URL. If there is an endpoint, its scheme follows,
// so that the text is a URL: "zaqar+https://…".
const scheme = "zaqar"

// longestText is the longest text that ParseSignedURL accepts, in bytes.
const longestText = 64 << 10

// Reveal returns the whole signed URL, including the signature, as one line of text:
//
//	zaqar+https://cloud.example.com:8888/?paths=/v2/queues/wot/messages&methods=GET&project=…&expires=…&signature=…
//
// Without an endpoint it starts with "zaqar:?". It is a secret: anybody who has it can
// use it. Quote it in a shell. [ParseSignedURL] reads it. Reveal of the zero SignedURL
// returns "".
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

// readable undoes the escaping of characters that a query may contain.
var readable = strings.NewReplacer("%2F", "/", "%2C", ",", "%3A", ":")

// signedJSON is a signed URL in the form of servers' answers, plus the endpoint.
type signedJSON struct {
	Endpoint  string `json:"endpoint,omitempty"`
	Paths     list   `json:"paths"`
	Methods   list   `json:"methods"`
	Project   string `json:"project"`
	Expires   string `json:"expires"`
	Signature string `json:"signature"`
	// ProjectID is the project in the output of the openstack command.
	ProjectID string `json:"Project ID,omitempty"`
}

// list is a list of strings, or one string joined by commas.
type list []string

// UnmarshalJSON reads both forms.
func (l *list) UnmarshalJSON(data []byte) error {
	var joined string
	if err := json.Unmarshal(data, &joined); err == nil && joined != "" {
		*l = split(joined)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// split splits a comma-separated list and removes the spaces that people write.
func split(joined string) []string {
	parts := strings.Split(joined, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// RevealJSON returns the whole signed URL, including the signature, as a JSON object
// like those of servers ("paths", "methods", "project", "expires", "signature"), plus
// "endpoint" if it has one. It is a secret. [ParseSignedURL] reads it. RevealJSON of
// the zero SignedURL returns nil.
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

// ParseSignedURL reads a signed URL: the text of [SignedURL.Reveal], or a JSON object
// as in [SignedURL.RevealJSON] and in Zaqar's answers. It does not check the signature,
// which takes the key: see [SignedURL.Verify]. It also reads a URL that has expired. It
// does no I/O. Its errors do not contain the text.
func ParseSignedURL(text string) (SignedURL, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return SignedURL{}, errors.New("auth: the signed URL is empty")
	case len(text) > longestText:
		return SignedURL{}, fmt.Errorf("auth: this is not a signed URL: it is longer than %d bytes", longestText)
	case strings.HasPrefix(text, "<SignedURL"):
		return SignedURL{}, errRedacted
	case text[0] == '{':
		return parseJSON(text)
	}
	return parseText(text)
}

// errRedacted explains a signed URL that was printed instead of revealed.
var errRedacted = errors.New("auth: the signature is redacted, because the text was printed or logged: use the text that Reveal returns")

func parseText(text string) (SignedURL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return SignedURL{}, errors.New("auth: this is not a signed URL: it is not a URL") // err contains the text
	}
	name, transport, _ := strings.Cut(u.Scheme, "+")
	if name != scheme {
		return SignedURL{}, fmt.Errorf(`auth: this is not a signed URL: it must start with "%s:?", "%s+https://" or "%s+http://"`, scheme, scheme, scheme)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return SignedURL{}, errors.New("auth: this is not a signed URL: its query cannot be parsed")
	}
	for _, values := range query {
		if len(values) != 1 {
			return SignedURL{}, errors.New("auth: this is not a signed URL: a parameter occurs more than once")
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
		return SignedURL{}, fmt.Errorf(`auth: this is not a signed URL: with an endpoint it must start with "%s+https://" or "%s+http://"`, scheme, scheme)
	}
	return parts.signed()
}

func parseJSON(text string) (SignedURL, error) {
	var parts signedJSON
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return SignedURL{}, errors.New("auth: this is not a signed URL: its JSON cannot be parsed") // err may contain a part of the text
	}
	if parts.Project == "" {
		parts.Project = parts.ProjectID
	}
	return parts.signed()
}

func (p signedJSON) signed() (SignedURL, error) {
	expires, err := parseTime(p.Expires)
	if err != nil {
		return SignedURL{}, fmt.Errorf("auth: this is not a signed URL: %w", err)
	}
	return newSignedURL(Grant{
		Endpoint: p.Endpoint, Paths: p.Paths, Methods: p.Methods, Project: p.Project, Expires: expires,
	}, p.Signature)
}

// parseTime reads a time with a zone, or as Zaqar writes it: in UTC, without a zone.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{wireTime, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New(`the time at which it expires must have the form "2036-01-01T00:00:00"`)
}
