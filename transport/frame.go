package transport

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/internal/mend"
	"github.com/zaqar-go/zaqar/internal/msgpack"
	"github.com/zaqar-go/zaqar/internal/plainjson"
)

// The names of headers in frames. Unlike HTTP's they must be spelled so.
const (
	frameClientID  = "Client-ID"
	frameProject   = "X-Project-ID"
	frameToken     = "X-Auth-Token"
	frameRequestID = "X-Request-Id" // ours: replies echo it

	frameSignature = "URL-Signature"
	frameExpires   = "URL-Expires"
	frameMethods   = "URL-Methods"
	framePaths     = "URL-Paths"
)

// errFrame is a frame that cannot be read.
var errFrame = errors.New("transport: a frame of the server cannot be read")

// outgoing is a request as a frame has it.
type outgoing struct {
	Action  string          `json:"action"`
	Headers map[string]any  `json:"headers"`
	Body    json.RawMessage `json:"body,omitempty"`
}

// frameHeaders translates the headers of a request. The token is not among them:
// servers echo what they are sent, and it has been said by authenticate.
func frameHeaders(h http.Header, id string) map[string]any {
	headers := map[string]any{frameRequestID: id}
	for name, value := range map[string]string{
		frameClientID: h.Get(frameClientID), frameProject: h.Get(frameProject),
		frameSignature: h.Get(frameSignature), frameExpires: h.Get(frameExpires),
	} {
		if value != "" {
			headers[name] = value
		}
	}
	for _, name := range []string{frameMethods, framePaths} {
		if value := h.Get(name); value != "" {
			headers[name] = strings.Split(value, ",")
		}
	}
	return headers
}

// encode makes the frame: JSON as text, or MessagePack as binary data.
func (f outgoing) encode(binary bool) (frame, error) {
	text, err := plainjson.Marshal(f)
	if err != nil {
		return frame{}, err
	}
	if !binary {
		return frame{websocket.MessageText, text}, nil
	}
	packed, err := msgpack.FromJSON(text)
	return frame{websocket.MessageBinary, packed}, err
}

type frame struct {
	kind websocket.MessageType
	data []byte
}

// incoming is what a frame of the server says.
type incoming struct {
	// reply is whether it answers a request: it echoes one. The rest are pushes.
	reply      bool
	id, action string
	status     int
	body       []byte
	queue      string // of a push
}

// read understands a frame of the server, text or binary.
func read(f frame) (incoming, error) {
	text := f.data
	if f.kind == websocket.MessageBinary {
		var err error
		if text, err = msgpack.ToText(f.data); err != nil {
			return incoming{}, fmt.Errorf("%w: %w", errFrame, err)
		}
	}
	var said struct {
		Request json.RawMessage `json:"request"`
		Body    json.RawMessage `json:"body"`
		Headers json.RawMessage `json:"headers"`
		Queue   json.RawMessage `json:"queue_name"`
	}
	if err := mend.Unmarshal(text, &said); err != nil {
		return incoming{}, fmt.Errorf("%w: %w", errFrame, err)
	}
	if said.Request == nil {
		in := incoming{body: text}
		_ = json.Unmarshal(said.Queue, &in.queue)
		return in, nil
	}
	in := incoming{reply: true, body: mend.Undo(said.Body)}
	// What is not as it should be in the echo is as if it were not there.
	var echo struct {
		Action  json.RawMessage            `json:"action"`
		Headers map[string]json.RawMessage `json:"headers"`
	}
	_ = json.Unmarshal(said.Request, &echo)
	_ = json.Unmarshal(echo.Action, &in.action)
	_ = json.Unmarshal(echo.Headers[frameRequestID], &in.id)
	var headers struct {
		Status int `json:"status"`
	}
	_ = json.Unmarshal(said.Headers, &headers)
	in.status = headers.Status
	return in, nil
}
