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

// The names of headers in frames. Unlike HTTP's, they are case-sensitive.
const (
	frameClientID  = "Client-ID"
	frameProject   = "X-Project-ID"
	frameToken     = "X-Auth-Token"
	frameRequestID = "X-Request-Id" // set by us; replies echo it

	frameSignature = "URL-Signature"
	frameExpires   = "URL-Expires"
	frameMethods   = "URL-Methods"
	framePaths     = "URL-Paths"
)

// errFrame reports a frame that cannot be read.
var errFrame = errors.New("transport: a frame from the server cannot be read")

// outgoing is the content of a request frame.
type outgoing struct {
	Action  string          `json:"action"`
	Headers map[string]any  `json:"headers"`
	Body    json.RawMessage `json:"body,omitempty"`
}

// frameHeaders translates the headers of a request. It leaves the token out: servers
// echo the headers, and authenticate has sent the token already.
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

// encode returns the frame: JSON as text, or MessagePack as binary data.
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

// incoming is the content of a frame from the server.
type incoming struct {
	// reply is true if the frame answers a request, that is, echoes one. All other
	// frames are pushes.
	reply      bool
	id, action string
	status     int
	body       []byte
	queue      string // of a push
}

// read decodes a frame from the server, text or binary.
func read(f frame) (incoming, error) {
	text := f.data
	if f.kind == websocket.MessageBinary {
		var err error
		if text, err = msgpack.ToText(f.data); err != nil {
			return incoming{}, fmt.Errorf("%w: %w", errFrame, err)
		}
	}
	var parsed struct {
		Request json.RawMessage `json:"request"`
		Body    json.RawMessage `json:"body"`
		Headers json.RawMessage `json:"headers"`
		Queue   json.RawMessage `json:"queue_name"`
	}
	if err := mend.Unmarshal(text, &parsed); err != nil {
		return incoming{}, fmt.Errorf("%w: %w", errFrame, err)
	}
	if parsed.Request == nil {
		in := incoming{body: text}
		_ = json.Unmarshal(parsed.Queue, &in.queue)
		return in, nil
	}
	in := incoming{reply: true, body: parsed.Body}
	// Malformed parts of the echo are ignored, as if they were absent.
	var echo struct {
		Action  json.RawMessage            `json:"action"`
		Headers map[string]json.RawMessage `json:"headers"`
	}
	_ = json.Unmarshal(parsed.Request, &echo)
	_ = json.Unmarshal(echo.Action, &in.action)
	_ = json.Unmarshal(echo.Headers[frameRequestID], &in.id)
	var headers struct {
		Status int `json:"status"`
	}
	_ = json.Unmarshal(parsed.Headers, &headers)
	in.status = headers.Status
	return in, nil
}
