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

// wsRequest is a request from a WebSocket on its way through the server.
type wsRequest struct {
	srv     *Server
	session *wsSession
	wsFrame
	binary  bool
	project string
}

// answer answers a frame. It returns false to cut the connection.
func (ws *wsSession) answer(in wsIncoming) (wsOutgoing, bool) {
	f, err := decodeRequest(in)
	req := &wsRequest{srv: ws.srv, session: ws, wsFrame: f, binary: in.binary}
	entry := ws.srv.log.add(req.seen())
	answer, more, fault, cut := req.answerOrCut(err)
	status := answer.status
	if cut {
		status = 0
	}
	ws.srv.log.finish(entry, req.project, status, fault)
	if cut {
		return wsOutgoing{}, false
	}
	return encodeAnswer(in.binary, req.echo, answer, more), true
}

// kind returns the name of the operation, for faults and the request log.
func (req *wsRequest) kind() string {
	switch {
	case req.action == "":
		return "unknown"
	case req.action == "message_delete_many" && req.body["pop"] != nil:
		return "message_pop"
	}
	return req.action
}

// seen returns the request as it is logged. Headers that are not strings are logged
// as JSON.
func (req *wsRequest) seen() Seen {
	out := Seen{
		Time: req.srv.Now(), Kind: req.kind(), Method: "WS", Path: "/", Header: http.Header{},
		ClientID: req.header("Client-ID"), Body: req.echo.Body,
	}
	if req.action == authenticateAction {
		out.Body = nil
	}
	for name, value := range req.headers {
		content, ok := rawjson.Text(value)
		if !ok {
			content = string(value)
		}
		out.Header.Add(name, content)
	}
	return out
}

// answerOrCut makes the answer to a request, or decides to cut the connection. fault
// reports whether an injected fault applied. refused, if not nil, says why the
// request is not valid.
func (req *wsRequest) answerOrCut(refused error) (out wsAnswer, more http.Header, fault, cut bool) {
	f, fault := req.srv.faults.match(req.kind())
	if fault && !f.wait(req.session.ctx, req.srv.ctx) {
		return wsAnswer{}, nil, true, true
	}
	replaces := fault && (f.Cut || f.Status != 0)
	if !replaces || f.After {
		out = req.carryOut(refused)
	}
	if fault && f.Cut {
		return wsAnswer{}, nil, true, true
	}
	if replaces {
		out = f.wsAnswer()
	}
	return out, f.Header, fault, false
}

// wsAnswer is the answer that replaces the right one: Body, as a string unless it is
// JSON.
func (f Fault) wsAnswer() wsAnswer {
	switch {
	case json.Valid([]byte(f.Body)):
		return wsAnswer{f.Status, json.RawMessage(f.Body)}
	case f.Body == "":
		return wsAnswer{f.Status, wsFailure{Exception: http.StatusText(f.Status)}}
	}
	return wsAnswer{f.Status, f.Body}
}

// carryOut carries out a request. A panic fails this request only.
func (req *wsRequest) carryOut(rejected error) (out wsAnswer) {
	defer func() {
		if cause := recover(); cause != nil {
			req.srv.logger.Error("an action panicked", "kind", req.kind(), "cause", cause, "stack", string(debug.Stack()))
			out = wsAnswer{http.StatusInternalServerError, wsFailure{"The server failed.", "Unexpected error."}}
		}
	}()
	out, err := wsAnswer{}, rejected
	if err == nil {
		out, err = req.dispatch()
	}
	if err == nil {
		return out
	}
	r, ok := refused(err)
	switch {
	case errors.Is(err, broker.ErrNoPool):
		return wsAnswer{http.StatusServiceUnavailable, wsFailure{err.Error(), "Queue " + req.queue() + " could not be created."}}
	case !ok:
		req.srv.logger.Error("the store failed", "kind", req.kind(), "error", err)
		return wsAnswer{http.StatusServiceUnavailable, wsFailure{err.Error(), "The store failed."}}
	case r.untried:
		return wsAnswer{r.status, wsRejection{r.description}}
	case r.summary == "":
		return wsAnswer{r.status, wsFailure{Exception: r.description}}
	}
	return wsAnswer{r.status, wsFailure{r.description, r.summary}}
}

func (req *wsRequest) dispatch() (wsAnswer, error) {
	row, err := findAction(req.echo.Action)
	if err != nil {
		return wsAnswer{}, err
	}
	switch {
	case row.name == authenticateAction && req.srv.options.keystone:
		return req.session.authenticate(req)
	case row.name == authenticateAction:
		return wsAnswer{}, rejected("This server has no authentication.")
	}
	if err := req.authorize(row); err != nil {
		return wsAnswer{}, err
	}
	if err := req.checkProject(); err != nil {
		return wsAnswer{}, err
	}
	return row.serve(req)
}

// checkProject refuses ids that no project can have.
func (req *wsRequest) checkProject() error {
	switch {
	case req.project == "":
		return rejected("The X-Project-ID header is empty.")
	case !broker.ValidProject(req.project) || strings.ContainsFunc(req.project, unicode.IsControl):
		return invalid("The project id is not valid.")
	}
	return nil
}

// checkQueue refuses names that no queue can have. As on real servers, only requests
// that could create a queue check this; others find nothing.
func (req *wsRequest) checkQueue() error {
	if !broker.ValidQueueName(req.queue()) {
		return invalid("The name of a queue has 1 to 64 letters, digits, underscores, dashes and dots.")
	}
	return nil
}

// header returns a header that is a string, or "".
func (req *wsRequest) header(name string) string {
	value, _ := rawjson.Text(req.headers[name])
	return value
}

// text returns a field of the body that is a string, or "".
func (req *wsRequest) text(name string) string {
	value, _ := rawjson.Text(req.body[name])
	return value
}

func (req *wsRequest) queue() string { return req.text("queue_name") }

// flag returns a field of the body that is a boolean.
func (req *wsRequest) flag(name string) bool { return string(req.body[name]) == "true" }

// count reads a number from 1 to most. It returns fallback if the field is missing.
func (req *wsRequest) count(name string, most, fallback int) (int, error) {
	value, present := req.body[name]
	if !present {
		return fallback, nil
	}
	n, _ := rawjson.Integer(value)
	if n < 1 || n > int64(most) {
		return 0, invalid("%s must be from 1 to %d.", name, most)
	}
	return int(n), nil
}

// client reads the Client-ID, which must be a UUID for operations that depend on the
// caller.
func (req *wsRequest) client() (broker.UUID, error) {
	id, ok := broker.ParseUUID(req.header("Client-ID"))
	if !ok {
		return id, invalid("The Client-ID is not a UUID.")
	}
	return id, nil
}
