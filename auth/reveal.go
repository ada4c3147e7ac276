package auth

import (
	"encoding/json"
	"net/url"
	"strings"
)

// scheme begins the text of a signed URL. If there is an endpoint, its scheme follows,
// so that the text is a URL: "zaqar+https://…".
const scheme = "zaqar"

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
