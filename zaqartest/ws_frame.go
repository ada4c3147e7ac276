package zaqartest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/zaqar-go/zaqar/internal/msgpack"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// fields is a JSON object.
type fields = map[string]json.RawMessage

// frame is a request as it comes through a WebSocket.
type wsFrame struct {
	action  string
	headers fields
	body    fields // nil: there is none
	echo    wsEcho
}

// echo is a request as it stands in its answer: as it came.
type wsEcho struct {
	Action  json.RawMessage `json:"action"`
	Body    json.RawMessage `json:"body"`
	Headers json.RawMessage `json:"headers"`
	API     string          `json:"api"`
}

var (
	nothing  = json.RawMessage("null")
	noFields = json.RawMessage("{}")
)

func newWSEcho(action string) wsEcho {
	text := nothing
	if action != "" {
		text, _ = rawjson.Marshal(action) // a string: that cannot fail
	}
	return wsEcho{Action: text, Body: noFields, Headers: noFields, API: "v2"}
}

// told is what an action has to say.
type wsAnswer struct {
	status int
	body   any
}

// failure is the body of an answer to what was not done. An operation that
// failed tells an exception, too, and then has an error even if it is null.
type wsFailure struct {
	Exception string `json:"exception"`
	Error     any    `json:"error"`
}

// protest is the body of an answer to what was not even tried.
type wsRejection struct {
	Error string `json:"error"`
}

// decodeFrame reads a request. An error is a refusal; then the frame has what
// could be read of it, for the echo.
func decodeRequest(in wsIncoming) (wsFrame, error) {
	f := wsFrame{echo: newWSEcho("")}
	content := in.content
	if in.binary {
		var err error
		if content, err = msgpack.ToJSON(content); err != nil {
			return f, rejected("The binary frame is not MessagePack of a request: %v.", err)
		}
	}
	if err := rawjson.Check(content); err != nil {
		return f, rejected("The request was refused: %v.", err)
	}
	request, err := rawjson.Object(content)
	if err != nil {
		return f, rejected("A request must be a map.")
	}
	if value, present := request["action"]; present {
		f.echo.Action = value
	}
	if value, present := request["body"]; present {
		f.echo.Body = value
	}
	if value := request["headers"]; !rawjson.IsFalsy(value) {
		f.echo.Headers = value
	}
	row, err := findAction(f.echo.Action)
	if err != nil {
		return f, err
	}
	f.action = row.name
	f.headers, f.body, err = row.read(request)
	if err == nil && f.action == authenticateAction {
		f.echo = newWSEcho(f.action) // as on real servers: there is a secret in it
	}
	return f, err
}

// encodeAnswer writes an answer in the encoding of its request.
func encodeAnswer(binary bool, request wsEcho, answer wsAnswer, more http.Header) wsOutgoing {
	content, err := answerText(binary, request, answer, more)
	if err != nil {
		// JSON can say what MessagePack cannot, and nest deeper.
		sorry := wsAnswer{http.StatusInternalServerError, wsFailure{
			Exception: "MessagePack cannot say what the answer holds: " + err.Error(), Error: "Unexpected error.",
		}}
		if content, err = answerText(binary, request, sorry, nil); err != nil {
			content, _ = answerText(binary, newWSEcho(""), sorry, nil) // plain text
		}
	}
	return wsOutgoing{binary: binary, content: content}
}

func answerText(binary bool, request wsEcho, answer wsAnswer, more http.Header) ([]byte, error) {
	headers := map[string]any{"status": answer.status}
	for name, values := range more {
		headers[name] = strings.Join(values, ", ")
	}
	content, err := rawjson.Marshal(map[string]any{"request": request, "body": answer.body, "headers": headers})
	if err == nil && binary {
		content, err = msgpack.FromJSON(content)
	}
	return content, err
}

// notUnderstood refuses what is no request.
func rejected(format string, args ...any) error {
	return &refusal{status: http.StatusBadRequest, description: fmt.Sprintf(format, args...), untried: true}
}
