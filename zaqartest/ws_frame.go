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

// wsFrame is a request as it arrives through a WebSocket.
type wsFrame struct {
	action  string
	headers fields
	body    fields // nil if there is none
	echo    wsEcho
}

// wsEcho is a request as its answer repeats it: unchanged.
type wsEcho struct {
	Action  json.RawMessage `json:"action"`
	Body    json.RawMessage `json:"body"`
	Headers json.RawMessage `json:"headers"`
	API     string          `json:"api"`
}

var (
	jsonNull    = json.RawMessage("null")
	emptyObject = json.RawMessage("{}")
)

func newWSEcho(action string) wsEcho {
	text := jsonNull
	if action != "" {
		text, _ = rawjson.Marshal(action) // a string: that cannot fail
	}
	return wsEcho{Action: text, Body: emptyObject, Headers: emptyObject, API: "v2"}
}

// wsAnswer is the result of an action.
type wsAnswer struct {
	status int
	body   any
}

// wsFailure is the body of the answer to a request that failed. Error is null unless
// the operation itself failed.
type wsFailure struct {
	Exception string `json:"exception"`
	Error     any    `json:"error"`
}

// wsRejection is the body of the answer to a request that was not carried out.
type wsRejection struct {
	Error string `json:"error"`
}

// decodeRequest reads a request. Even with an error, which is a refusal, the frame
// holds what could be read, for the echo.
func decodeRequest(in wsIncoming) (wsFrame, error) {
	f := wsFrame{echo: newWSEcho("")}
	content := in.content
	if in.binary {
		var err error
		if content, err = msgpack.ToJSON(content); err != nil {
			return f, rejected("The binary frame is not a request in MessagePack: %v.", err)
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
		f.echo = newWSEcho(f.action) // as on real servers: the request holds a secret
	}
	return f, err
}

// encodeAnswer encodes an answer in the same way as its request.
func encodeAnswer(binary bool, request wsEcho, answer wsAnswer, more http.Header) wsOutgoing {
	content, err := answerText(binary, request, answer, more)
	if err != nil {
		// JSON can express more than MessagePack, and nest deeper.
		sorry := wsAnswer{http.StatusInternalServerError, wsFailure{
			Exception: "MessagePack cannot hold the answer: " + err.Error(), Error: "Unexpected error.",
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

// rejected refuses something that is not a valid request.
func rejected(format string, args ...any) error {
	return &refusal{status: http.StatusBadRequest, description: fmt.Sprintf(format, args...), untried: true}
}
