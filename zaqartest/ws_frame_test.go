package zaqartest

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/internal/msgpack"
)

// nowhere is the transport for the webhooks of fuzzed requests: it connects to
// nothing.
type nowhere struct{}

// RoundTrip implements http.RoundTripper.
func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, net.ErrClosed }

// FuzzFrame checks that every frame gets an answer in its own encoding.
func FuzzFrame(f *testing.F) {
	headers := `"headers":{"Client-ID":"3381af92-2b9e-11e3-b191-71861300734c","X-Project-ID":"p"}`
	for _, action := range wsActions {
		f.Add(false, []byte(`{"action":"`+action.name+`",`+headers+`,"body":{"queue_name":"q","messages":[{"body":1}],"message_ids":["a"]}}`))
		packed, err := msgpack.FromJSON([]byte(`{"action":"` + action.name + `",` + headers + `,"body":{"queue_name":"q","pop":1,"limit":1}}`))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(true, packed)
	}
	f.Add(false, []byte(`{"action":null,"body":[],"headers":5}`))
	f.Add(true, []byte("\xdf\xff\xff\xff\xff"))
	f.Add(true, []byte("\xdb\xff\xff\xff\xff"))
	srv, err := NewServer(WithRequestLog(0), WithDeliveryClient(&http.Client{Transport: nowhere{}}))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = srv.Close() })
	near, far := net.Pipe()
	_ = far.Close()
	x := newWSSession(srv, nil, near)
	f.Cleanup(x.end)
	f.Fuzz(func(t *testing.T, binary bool, content []byte) {
		answer, ok := x.answer(wsIncoming{binary: binary, content: content})
		if !ok || answer.binary != binary {
			t.Fatalf("%q: no answer, or in another encoding", content)
		}
		text := answer.content
		if binary {
			var err error
			if text, err = msgpack.ToJSON(text); err != nil {
				t.Fatalf("%q: %v", content, err)
			}
		}
		var answered struct {
			Request *wsEcho
			Body    json.RawMessage
			Headers struct{ Status int }
		}
		err := json.Unmarshal(text, &answered)
		if err != nil || answered.Request == nil || answered.Request.API != "v2" || answered.Body == nil ||
			answered.Headers.Status < 200 || answered.Headers.Status > 499 && !strings.Contains(string(answered.Body), "MessagePack cannot hold the answer") {
			t.Fatalf("%q is answered with %s (%v)", content, text, err)
		}
		for len(x.queue.frames) > 0 { // what was pushed
			x.queue.wait(context.Background())
		}
	})
}
