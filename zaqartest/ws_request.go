package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"unicode"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// ask is a request on its way from a WebSocket through the server.
type wsRequest struct {
	srv     *Server
	session *wsSession
	wsFrame
	binary  bool
	project string
}

// serve answers a frame; false: it cuts the connection.
func (x *wsSession) answer(in wsIncoming) (wsOutgoing, bool) {
	f, err := decodeRequest(in)
	a := &wsRequest{srv: x.srv, session: x, wsFrame: f, binary: in.binary}
	entry := x.srv.log.add(a.seen())
	answer, more, fault, cut := a.answer(err)
	status := answer.status
	if cut {
		status = 0
	}
	x.srv.log.finish(entry, a.project, status, fault)
	if cut {
		return wsOutgoing{}, false
	}
	return encodeAnswer(in.binary, a.echo, answer, more), true
}

// kind is what faults and the request log call the request.
func (a *wsRequest) kind() string {
	switch {
	case a.action == "":
		return "unknown"
	case a.action == "message_delete_many" && a.body["pop"] != nil:
		return "message_pop"
	}
	return a.action
}

// seen is the request as the log tells it. Headers that are no text stand there
// as JSON.
func (a *wsRequest) seen() Seen {
	out := Seen{
		Time: a.srv.Now(), Kind: a.kind(), Method: "WS", Path: "/", Header: http.Header{},
		ClientID: a.header("Client-ID"), Body: a.echo.Body,
	}
	if a.action == authenticateAction {
		out.Body = nil
	}
	for name, value := range a.headers {
		content, ok := rawjson.Text(value)
		if !ok {
			content = string(value)
		}
		out.Header.Add(name, content)
	}
	return out
}

// answer makes the answer to a request, or decides to cut the connection; fault
// tells that an injected fault had a part in it. refused is why the request is
// none, or nil.
func (a *wsRequest) answer(refused error) (out wsAnswer, more http.Header, fault, cut bool) {
	f, fault := a.srv.faults.match(a.kind())
	if fault && !f.wait(a.session.ctx, a.srv.ctx) {
		return wsAnswer{}, nil, true, true
	}
	replaces := fault && (f.Cut || f.Status != 0)
	if !replaces || f.After {
		out = a.act(refused)
	}
	if fault && f.Cut {
		return wsAnswer{}, nil, true, true
	}
	if replaces {
		out = f.wsAnswer()
	}
	return out, f.Header, fault, false
}

// told is the answer that a fault puts in place of the right one: its Body, as
// text where that is not JSON.
func (f Fault) wsAnswer() wsAnswer {
	switch {
	case json.Valid([]byte(f.Body)):
		return wsAnswer{f.Status, json.RawMessage(f.Body)}
	case f.Body == "":
		return wsAnswer{f.Status, wsFailure{Exception: http.StatusText(f.Status)}}
	}
	return wsAnswer{f.Status, f.Body}
}

// act does what a request asks for. A panic costs this request only.
func (a *wsRequest) act(rejected error) (out wsAnswer) {
	defer func() {
		if cause := recover(); cause != nil {
			a.srv.logger.Error("an action panicked", "kind", a.kind(), "cause", cause, "stack", string(debug.Stack()))
			out = wsAnswer{http.StatusInternalServerError, wsFailure{"The server made a mistake.", "Unexpected error."}}
		}
	}()
	out, err := wsAnswer{}, rejected
	if err == nil {
		out, err = a.dispatch()
	}
	if err == nil {
		return out
	}
	r, ok := refused(err)
	switch {
	case errors.Is(err, broker.ErrNoPool):
		return wsAnswer{http.StatusServiceUnavailable, wsFailure{err.Error(), "Queue " + a.queue() + " could not be created."}}
	case !ok:
		a.srv.logger.Error("the store failed", "kind", a.kind(), "error", err)
		return wsAnswer{http.StatusServiceUnavailable, wsFailure{err.Error(), "The store failed."}}
	case r.untried:
		return wsAnswer{r.status, wsRejection{r.description}}
	case r.summary == "":
		return wsAnswer{r.status, wsFailure{Exception: r.description}}
	}
	return wsAnswer{r.status, wsFailure{r.description, r.summary}}
}

func (a *wsRequest) dispatch() (wsAnswer, error) {
	row, err := findAction(a.echo.Action)
	if err != nil {
		return wsAnswer{}, err
	}
	switch {
	case row.name == authenticateAction && a.srv.options.keystone:
		return a.session.authenticate(a)
	case row.name == authenticateAction:
		return wsAnswer{}, rejected("This server wants no authentication.")
	}
	if err := a.authorize(row); err != nil {
		return wsAnswer{}, err
	}
	if err := a.checkProject(); err != nil {
		return wsAnswer{}, err
	}
	return row.serve(a)
}

// checkProject refuses what cannot be the id of a project.
func (a *wsRequest) checkProject() error {
	switch {
	case a.project == "":
		return rejected("The X-Project-ID header is empty.")
	case !broker.ValidProject(a.project) || strings.ContainsFunc(a.project, unicode.IsControl):
		return invalid("The project id is not valid.")
	}
	return nil
}

// checkQueue refuses a name that no queue can have. As on real servers it is for
// requests that could make one; others just find nothing.
func (a *wsRequest) checkQueue() error {
	if !broker.ValidQueueName(a.queue()) {
		return invalid("The name of a queue is 1 to 64 letters, digits, underscores, dashes and dots.")
	}
	return nil
}

// header is a header that is text, or "".
func (a *wsRequest) header(name string) string {
	value, _ := rawjson.Text(a.headers[name])
	return value
}

// text is a field of the body that is text, or "".
func (a *wsRequest) text(name string) string {
	value, _ := rawjson.Text(a.body[name])
	return value
}

func (a *wsRequest) queue() string { return a.text("queue_name") }

// flag is a field of the body that is true or false.
func (a *wsRequest) flag(name string) bool { return string(a.body[name]) == "true" }

// count is a field of the body that says how many, from 1 to most; fallback is
// for callers who do not say.
func (a *wsRequest) count(name string, most, fallback int) (int, error) {
	value, present := a.body[name]
	if !present {
		return fallback, nil
	}
	n, _ := rawjson.Integer(value)
	if n < 1 || n > int64(most) {
		return 0, invalid("%s must be from 1 to %d.", name, most)
	}
	return int(n), nil
}

// client reads the Client-ID, which must be a UUID where it matters who asks.
func (a *wsRequest) client() (broker.UUID, error) {
	id, ok := broker.ParseUUID(a.header("Client-ID"))
	if !ok {
		return id, invalid("The Client-ID is not a UUID.")
	}
	return id, nil
}
