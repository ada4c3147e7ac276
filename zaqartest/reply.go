package zaqartest

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// reply is an answer before it is sent.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// jsonReply answers with a document.
func jsonReply(status int, document any) (reply, error) {
	body, err := marshal(document)
	if err != nil {
		return reply{}, err
	}
	return reply{status: status, body: body}.with("Content-Type", "application/json"), nil
}

// empty answers with a status alone.
func empty(status int) reply { return reply{status: status} }

// with adds a header.
func (r reply) with(name, value string) reply {
	header := r.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(name, value)
	r.header = header
	return r
}

// send writes the answer out.
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

// refusal is an error that the caller is told about, as Zaqar tells it: a title
// and, mostly, a description, but no code.
type refusal struct {
	status      int
	title       string
	description string
	allow       string // methods, for 405
	silent      bool   // without a body
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.title, r.description) }

func badRequest(title, description string) error {
	return &refusal{status: http.StatusBadRequest, title: title, description: description}
}

// invalid refuses a request that breaks a rule of the API.
func invalid(format string, args ...any) error {
	return badRequest("Invalid API request", fmt.Sprintf(format, args...))
}

// invalidBody refuses a body that cannot be read as what it should be.
func invalidBody(format string, args ...any) error {
	return badRequest("Invalid request body", fmt.Sprintf(format, args...))
}

func notFound(format string, args ...any) error {
	return &refusal{status: http.StatusNotFound, title: "Not found", description: fmt.Sprintf(format, args...)}
}

// noRoute is the answer to a path that leads nowhere.
func noRoute() error { return &refusal{status: http.StatusNotFound, title: "404 Not Found"} }

// asReply turns an error into an answer. What is no refusal is a failure of the
// store.
func asReply(err error, accept string) reply {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{
			status:      http.StatusServiceUnavailable,
			title:       "Service temporarily unavailable",
			description: "The store failed. Please try again in a few seconds.",
		}
	}
	out := reply{status: r.status}
	switch {
	case r.silent:
	case r.description == "" && prefersXML(accept):
		out.body = []byte(`<?xml version="1.0" encoding="UTF-8"?><error><title>` + r.title + `</title></error>`)
		out = out.with("Content-Type", "application/xml").with("Vary", "Accept")
	default:
		out.body, _ = marshal(struct { // two strings: this cannot fail
			Title       string `json:"title"`
			Description string `json:"description,omitempty"`
		}{r.title, r.description})
		out = out.with("Content-Type", "application/json").with("Vary", "Accept")
	}
	if r.allow != "" {
		out = out.with("Allow", r.allow)
	}
	return out
}
