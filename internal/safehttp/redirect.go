package safehttp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects of one request are followed.
const maxRedirects = 10

// RedirectError reports a redirect that was not followed.
type RedirectError struct {
	// From and To are the scheme and host of both ends. Paths and queries are left out,
	// because they can contain signatures. To is "" if the Location is not a URL.
	From, To string
	// Status is the status code of the redirect, 0 if it is not known.
	Status int
	// Reason is why it was not followed, such as "it leads to another host".
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

// Check returns nil if req, the next request after via, may be sent, or else a
// [*RedirectError]. It has the signature of [http.Client.CheckRedirect].
//
// Scheme, host and port must stay the same, except that http may become https on the
// same host name. The method must stay the same, so that no POST becomes a GET. At most
// ten redirects are followed.
func Check(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	reason := refusal(last.URL, req.URL)
	switch {
	case reason != "":
	case req.Method != last.Method:
		reason = methodReason
	case len(via) > maxRedirects:
		reason = fmt.Sprintf("there were %d redirects already", maxRedirects)
	default:
		return nil
	}
	e := &RedirectError{From: origin(last.URL), To: origin(req.URL), Reason: reason}
	if req.Response != nil {
		e.Status = req.Response.StatusCode
	}
	return e
}

// Refused describes a reply that is a redirect. from is the URL of the request, status
// and header belong to the reply. It returns nil if the reply is not a redirect.
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
			e.Reason = "there were too many redirects"
		}
	}
	return e
}

const methodReason = "it would change the method"

// refusal returns why a redirect between two URLs is refused, or "" if it is not.
func refusal(from, to *url.URL) string {
	upgrade := from.Scheme == "http" && to.Scheme == "https"
	switch {
	case to.Scheme != "http" && to.Scheme != "https":
		return "it leads to another scheme than HTTP"
	case to.User != nil:
		return "its URL contains credentials"
	case !strings.EqualFold(from.Hostname(), to.Hostname()):
		return "it leads to another host"
	case from.Scheme == "https" && to.Scheme == "http":
		return "it leads from https to http"
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
