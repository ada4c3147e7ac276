package zaqartest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/internal/msgpack"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// socket sends raw frames through a WebSocket, independent of any client library.
type socket struct {
	t      *testing.T
	srv    *zaqartest.Server
	conn   *websocket.Conn
	binary bool
	header map[string]any
}

// socket opens a WebSocket for a caller.
func (c *client) socket() *socket {
	c.t.Helper()
	conn, _, err := c.dial("")
	if err != nil {
		c.t.Fatal(err)
	}
	conn.SetReadLimit(16 << 20)
	c.t.Cleanup(func() { _ = conn.CloseNow() })
	return &socket{t: c.t, srv: c.srv, conn: conn, header: map[string]any{
		"Client-ID": c.header.Get("Client-ID"), "X-Project-ID": c.header.Get("X-Project-Id"),
	}}
}

// dial asks for a WebSocket and returns the status of the answer.
func (c *client) dial(path string, protocols ...string) (conn *websocket.Conn, status int, err error) {
	conn, resp, err := websocket.Dial(c.t.Context(), c.srv.WebSocketURL()+path, dialOptions(c.srv.HTTPClient(), protocols))
	if resp != nil {
		status = resp.StatusCode
		if resp.Body != nil {
			_ = resp.Body.Close()
		}
	}
	return conn, status, err
}

// with returns the same socket with a header changed; nil removes it.
func (s *socket) with(name string, value any) *socket {
	other := *s
	other.header = map[string]any{}
	for k, v := range s.header {
		other.header[k] = v
	}
	other.header[name] = value
	if value == nil {
		delete(other.header, name)
	}
	return &other
}

// packed returns the same socket speaking MessagePack.
func (s *socket) packed() *socket {
	other := *s
	other.binary = true
	return &other
}

// request is a frame as JSON. body is JSON, or empty for none.
func (s *socket) request(action, body string) string {
	s.t.Helper()
	content := map[string]any{"action": action, "headers": s.header}
	if body != "" {
		content["body"] = json.RawMessage(body)
	}
	text, err := json.Marshal(content)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// write sends a frame, given as JSON.
func (s *socket) write(text string) {
	s.t.Helper()
	kind, content := websocket.MessageText, []byte(text)
	if s.binary {
		var err error
		kind = websocket.MessageBinary
		if content, err = msgpack.FromJSON(content); err != nil {
			s.t.Fatal(err)
		}
	}
	s.writeRaw(kind, content)
}

func (s *socket) writeRaw(kind websocket.MessageType, content []byte) {
	s.t.Helper()
	if err := s.conn.Write(s.t.Context(), kind, content); err != nil {
		s.t.Fatal(err)
	}
}

// read waits for a frame and returns it as JSON.
func (s *socket) read() (text []byte, binary bool) {
	s.t.Helper()
	kind, content, err := s.conn.Read(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if kind == websocket.MessageBinary {
		if content, err = msgpack.ToJSON(content); err != nil {
			s.t.Fatal(err)
		}
	}
	return content, kind == websocket.MessageBinary
}

// reply is the frame that answers a request.
type reply struct {
	answer
	request struct {
		Action, Body, Headers json.RawMessage
		API                   string
	}
	binary bool
}

// reply waits for the answer to a request.
func (s *socket) reply(what string) reply {
	s.t.Helper()
	content, binary := s.read()
	var frame struct {
		Request json.RawMessage
		Body    json.RawMessage
		Headers struct{ Status int }
	}
	if err := json.Unmarshal(content, &frame); err != nil || frame.Request == nil {
		s.t.Fatalf("%s: the frame %s is no answer (%v)", what, content, err)
	}
	out := reply{answer: answer{s.t, what, frame.Headers.Status, nil, frame.Body}, binary: binary}
	if err := json.Unmarshal(frame.Request, &out.request); err != nil {
		s.t.Fatal(err)
	}
	return out
}

// call sends a request and waits for its answer, which must echo it.
func (s *socket) call(action, body string) reply {
	s.t.Helper()
	s.write(s.request(action, body))
	out := s.reply(action + " " + body)
	want := s.request(action, body)
	switch {
	case action == "authenticate" && out.status != 400:
		want = `{"action":"authenticate","body":{},"headers":{}}`
	case body == "":
		want = s.request(action, "{}")
	}
	echoed := mustJSON(s.t, map[string]any{
		"action": out.request.Action, "body": out.request.Body, "headers": out.request.Headers,
	})
	if string(echoed) != want || out.request.API != "v2" || out.binary != s.binary {
		s.t.Fatalf("%s: echoed as %s, api %q, binary %t, want %s", out.what, echoed, out.request.API, out.binary, want)
	}
	return out
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// wantError checks the status and the message of a request that was not carried out.
func (r reply) wantError(status int, words string) {
	r.t.Helper()
	r.want(status)
	if text := r.text("error"); !strings.Contains(text, words) || r.get("exception") != nil {
		r.t.Fatalf("%s: body %s, want an error with %q", r.what, r.body, words)
	}
}

// wantException checks the status and the message of an operation that failed.
func (r reply) wantException(status int, words string) {
	r.t.Helper()
	r.want(status)
	if text := r.text("exception"); !strings.Contains(text, words) {
		r.t.Fatalf("%s: body %s, want an exception with %q", r.what, r.body, words)
	}
}

// post posts bodies, given as JSON, to queue q and returns their ids.
func (s *socket) post(bodies ...string) []string {
	s.t.Helper()
	var items []string
	for _, body := range bodies {
		items = append(items, `{"body":`+body+`}`)
	}
	a := s.call("message_post", `{"queue_name":"q","messages":[`+strings.Join(items, ",")+`]}`).want(201)
	var made struct {
		IDs []string `json:"message_ids"`
	}
	a.decode(&made)
	return made.IDs
}

// encodings runs a test on a socket of each encoding.
func encodings(t *testing.T, test func(t *testing.T, s *socket)) {
	t.Helper()
	t.Run("JSON", func(t *testing.T) {
		t.Parallel()
		test(t, start(t).socket())
	})
	t.Run("MessagePack", func(t *testing.T) {
		t.Parallel()
		test(t, start(t).socket().packed())
	})
}
