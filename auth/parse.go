package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// longestText is the longest text that ParseSignedURL accepts, in bytes.
const longestText = 64 << 10

// ParseSignedURL reads a signed URL. It does not check the signature, which takes the key:
// see [SignedURL.Verify]. It also reads a URL that has expired. It does no I/O. Its errors
// do not contain the text.
//
// It reads the text of [SignedURL.Reveal], the JSON of [SignedURL.RevealJSON] and of
// Zaqar's answers, and what other programs write:
//
//   - the output of "openstack messaging queue signed url -f json";
//   - the attribute query_str of Heat's OS::Zaqar::SignedQueueURL, with or without the
//     "zaqar://?" that makes it an action of aodh. What an action says about subscribers is
//     ignored;
//   - the auth_opts of python-zaqarclient as JSON, or what is inside of them.
//
// These have no endpoint: pass it to zaqar.Connect.
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
	case isQuery(text):
		text = scheme + ":?" + text
	}
	return parseText(text)
}

// errRedacted explains a signed URL that was printed instead of revealed.
var errRedacted = errors.New("auth: the signature is redacted, because the text was printed or logged: use the text that Reveal returns")

// isQuery reports whether the text is only the query of a signed URL.
func isQuery(text string) bool {
	return !strings.ContainsAny(text, "?#") && (strings.HasPrefix(text, "signature=") || strings.Contains(text, "&signature="))
}

// signedParameters are the parameters that are read. Others are ignored.
var signedParameters = []string{"paths", "methods", "project", "project_id", "expires", "signature"}

func parseText(text string) (SignedURL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return SignedURL{}, errors.New("auth: this is not a signed URL: it is not a URL") // err contains the text
	}
	name, transport, _ := strings.Cut(u.Scheme, "+")
	switch {
	case u.Scheme == "trust+"+scheme:
		return SignedURL{}, errors.New("auth: this is not a signed URL: it names a Keystone trust: use keystone.Trust")
	case name != scheme:
		return SignedURL{}, fmt.Errorf(`auth: this is not a signed URL: it must start with "%s:?", "%s+https://" or "%s+http://"`, scheme, scheme, scheme)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return SignedURL{}, errors.New("auth: this is not a signed URL: its query cannot be parsed")
	}
	for _, parameter := range signedParameters {
		if len(query[parameter]) > 1 {
			return SignedURL{}, errors.New("auth: this is not a signed URL: a parameter occurs more than once")
		}
	}
	if query.Has("topic") && !query.Has("signature") {
		return SignedURL{}, errors.New("auth: this is not a signed URL: it has no signature: it names a topic and subscribers")
	}
	parts := givenJSON{signedJSON: signedJSON{
		Project: query.Get("project"), Expires: query.Get("expires"), Signature: query.Get("signature"),
		Paths: split(query.Get("paths")), Methods: split(query.Get("methods")),
	}, ProjectID: query.Get("project_id")}
	u.Scheme, u.RawQuery, u.ForceQuery = transport, "", false
	switch {
	case transport != "":
		parts.Endpoint = u.String()
	case u.Host != "" || u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.Fragment != "":
		return SignedURL{}, fmt.Errorf(`auth: this is not a signed URL: with an endpoint it must start with "%s+https://" or "%s+http://"`, scheme, scheme)
	}
	return parts.signed()
}

// givenJSON is a signed URL as other programs write it.
type givenJSON struct {
	signedJSON
	// Other names of the project: of the openstack command, of Heat and aodh, and of
	// python-zaqarclient.
	Column      string `json:"Project ID"`
	ProjectID   string `json:"project_id"`
	OSProjectID string `json:"os_project_id"`
	// Where python-zaqarclient has the parts.
	Conf     *givenJSON `json:"conf"`
	AuthOpts *givenJSON `json:"auth_opts"`
	Backend  string     `json:"backend"`
	Options  *givenJSON `json:"options"`
}

func parseJSON(text string) (SignedURL, error) {
	var parts givenJSON
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return SignedURL{}, errors.New("auth: this is not a signed URL: its JSON cannot be parsed") // err may contain a part of the text
	}
	return parts.signed()
}

func (p givenJSON) signed() (SignedURL, error) {
	if p.Backend != "" && p.Backend != "signed-url" {
		return SignedURL{}, errors.New("auth: this is not a signed URL: its auth_opts are not those of the backend signed-url")
	}
	for _, inner := range []*givenJSON{p.Conf, p.AuthOpts, p.Options} {
		if inner != nil {
			if inner.Endpoint == "" {
				inner.Endpoint = p.Endpoint
			}
			return inner.signed()
		}
	}
	for _, project := range []string{p.Column, p.ProjectID, p.OSProjectID} {
		if p.Project == "" {
			p.Project = project
		}
		if project != "" && project != p.Project {
			return SignedURL{}, errors.New("auth: this is not a signed URL: it names two projects")
		}
	}
	expires, err := parseTime(p.Expires)
	if err != nil {
		return SignedURL{}, fmt.Errorf("auth: this is not a signed URL: %w", err)
	}
	return newSignedURL(Grant{
		Endpoint: p.Endpoint, Paths: p.Paths, Methods: p.Methods, Project: p.Project, Expires: expires,
	}, p.Signature)
}

// timeLayouts are the forms of a time: as Zaqar writes it, in UTC without a zone, with a
// zone, and as in aodh's documentation.
var timeLayouts = []string{wireTime, time.RFC3339, "2006-01-02T15:04Z07:00"}

func parseTime(text string) (time.Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New(`the time at which it expires must have the form "2036-01-01T00:00:00"`)
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
