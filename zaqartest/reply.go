package zaqartest

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// reply is an answer before it is sent.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// jsonReply answers with a document.
func jsonReply(status int, document any) (reply, error) {
	body, err := rawjson.Marshal(document)
	if err != nil {
		return reply{}, err
	}
	return reply{status: status, body: body}.with("Content-Type", jsonType), nil
}

// empty answers without a body. Zaqar sends a Content-Type even then, except with
// 204.
func empty(status int) reply {
	if status == http.StatusNoContent {
		return reply{status: status}
	}
	return reply{status: status}.with("Content-Type", jsonType)
}

// with adds a header. The reply itself gets it, too.
func (r reply) with(name, value string) reply {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(name, value)
	return r
}

// send writes the answer.
func (r reply) send(w http.ResponseWriter) error {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	if r.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	if len(r.body) == 0 {
		return nil
	}
	_, err := w.Write(r.body)
	return err
}

// refusal is an error that the caller sees, in Zaqar's form: a title and usually a
// description, but no code.
type refusal struct {
	status      int
	title       string
	description string
	link        *helpLink
	allow       string // the methods, for 405
	location    string // the Location header, or ""
	withoutBody bool   // send no body
	untried     bool   // the request was not carried out, which a WebSocket says in another form
	summary     string // what failed, in an answer on a WebSocket; or ""
}

// helpLink is a link to an explanation of an error.
type helpLink struct {
	Text string `json:"text" xml:"text"`
	Href string `json:"href" xml:"href"`
	Rel  string `json:"rel" xml:"rel"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.title, r.description) }

func badRequest(title, description string) error {
	return &refusal{status: http.StatusBadRequest, title: title, description: description}
}

// invalid refuses a request that breaks a rule of the API.
func invalid(format string, args ...any) error {
	return badRequest("Invalid API request", fmt.Sprintf(format, args...))
}

// invalidBody refuses a body that is not of the expected form.
func invalidBody(format string, args ...any) error {
	return badRequest("Invalid request body", fmt.Sprintf(format, args...))
}

func notFound(format string, args ...any) error {
	return &refusal{status: http.StatusNotFound, title: "Not found", description: fmt.Sprintf(format, args...)}
}

// noRoute is the answer to an unknown path.
func noRoute() error { return &refusal{status: http.StatusNotFound, title: "404 Not Found"} }

// refused returns what the caller is told about an error. ok is false if the error
// is a failure of the server.
func refused(err error) (r *refusal, ok bool) {
	if invalid, ok := errors.AsType[*broker.Invalid](err); ok {
		return &refusal{status: http.StatusBadRequest, title: invalid.Title, description: invalid.Text}, true
	}
	if errors.Is(err, broker.ErrFull) {
		return &refusal{status: http.StatusServiceUnavailable, title: fullTitle, description: fullText, summary: "The server is full."}, true
	}
	return errors.AsType[*refusal](err)
}

// asReply turns an error into an answer. An error that is not about the request is a
// failure of the store.
func asReply(err error, accept string) reply {
	r, ok := refused(err)
	switch {
	case errors.Is(err, broker.ErrNoPool):
		r = &refusal{
			status: http.StatusServiceUnavailable, title: "Service temporarily unavailable",
			description: "The queue could not be created: " + err.Error() + ".",
		}
	case !ok:
		r = &refusal{
			status:      http.StatusServiceUnavailable,
			title:       "Service temporarily unavailable",
			description: "The store failed. Please try again in a few seconds.",
		}
	}
	out := r.render(accept)
	if r.allow != "" {
		out = out.with("Allow", r.allow)
	}
	if r.location != "" {
		out = out.with("Location", r.location)
	}
	return out
}

// render writes a refusal in the media type that the caller accepts, or without a
// body if that is neither JSON nor XML.
func (r *refusal) render(accept string) reply {
	out := empty(r.status).with("Vary", "Accept")
	form := errorForm(accept)
	if r.withoutBody || form == "" {
		return out
	}
	content := struct {
		XMLName     xml.Name  `json:"-" xml:"error"`
		Title       string    `json:"title" xml:"title"`
		Description string    `json:"description,omitempty" xml:"description,omitempty"`
		Link        *helpLink `json:"link,omitempty" xml:"link,omitempty"`
	}{Title: r.title, Description: r.description, Link: r.link}
	// Strings only: neither can fail.
	if form == jsonType {
		out.body, _ = rawjson.Marshal(content)
		return out
	}
	text, _ := xml.Marshal(content)
	out.body = append([]byte(`<?xml version="1.0" encoding="UTF-8"?>`), text...)
	return out.with("Content-Type", form)
}
