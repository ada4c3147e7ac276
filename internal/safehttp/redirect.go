package safehttp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects of one request are followed.
const maxRedirects = 10

// RedirectError is a redirect that was not followed.
type RedirectError struct {
	// From and To are the scheme and host of both ends. Paths and queries, which
	// can hold signatures, are left out. To is "" when the server did not name a
	// URL that can be read.
	From, To string
	// Status is the code of the reply that redirected, 0 when it is not known.
	Status int
	// Reason says why: "it leads to another host".
	Reason string
}

// Error names both hosts and the reason.
func (e *RedirectError) Error() string {
	hop := "from " + e.From
	if e.To != "" {
		hop += " to " + e.To
	}
	return fmt.Sprintf("redirect (status %d) %s not followed: %s", e.Status, hop, e.Reason)
}

// Check says whether req, the next hop of via, may be sent: nil, or a
// [*RedirectError]. It has the signature of [http.Client.CheckRedirect].
//
// The scheme, host and port must stay the same, but for http turning into https
// on the same host name; the method must stay the same, so that no POST arrives
// as a GET; and there are at most ten hops.
func Check(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	reason := refusal(last.URL, req.URL)
	switch {
	case reason != "":
	case req.Method != last.Method:
		reason = methodReason
	case len(via) > maxRedirects:
		reason = fmt.Sprintf("there were %d already", maxRedirects)
	default:
		return nil
	}
	e := &RedirectError{From: origin(last.URL), To: origin(req.URL), Reason: reason}
	if req.Response != nil {
		e.Status = req.Response.StatusCode
	}
	return e
}

// Refused puts a reply that is a redirect into words: from is the URL that was
// asked, status and header are the reply's. It returns nil when the reply does
// not redirect.
func Refused(from *url.URL, status int, header http.Header) *RedirectError {
	location := header.Get("Location")
	if status < 301 || status > 308 || status == http.StatusNotModified || location == "" {
		return nil
	}
	e := &RedirectError{From: origin(from), Status: status}
	to, err := from.Parse(location)
	if err != nil {
		e.Reason = "its Location is not a URL"
		return e
	}
	e.To = origin(to)
	if e.Reason = refusal(from, to); e.Reason == "" {
		e.Reason = methodReason
		if status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect {
			e.Reason = "there were too many"
		}
	}
	return e
}

const methodReason = "it would change the method"

// refusal says why a hop between two URLs is refused, "" when it is not.
func refusal(from, to *url.URL) string {
	upgrade := from.Scheme == "http" && to.Scheme == "https"
	switch {
	case to.Scheme != "http" && to.Scheme != "https":
		return "it leads out of HTTP"
	case to.User != nil:
		return "it brings credentials of its own"
	case !strings.EqualFold(from.Hostname(), to.Hostname()):
		return "it leads to another host"
	case from.Scheme == "https" && to.Scheme == "http":
		return "it gives up TLS"
	case !upgrade && port(from) != port(to):
		return "it leads to another port"
	}
	return ""
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
