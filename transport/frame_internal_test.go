package transport

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/internal/msgpack"
)

func TestANumberThatJSONLacksDoesNotCostTheFrame(t *testing.T) {
	t.Parallel()
	const body = `{"messages":[{"id":"m","body":Infinity},{"id":"n","body":"Infinity"}]}`
	const text = `{"request":{"action":"message_list","headers":{"X-Request-Id":"7"}},"body":` + body + `,"headers":{"status":200}}`
	in, err := read(frame{websocket.MessageText, []byte(text)})
	if err != nil || string(in.body) != body || in.id != "7" || in.status != 200 {
		t.Errorf("%+v, %v, body %s", in, err, in.body)
	}
	packed := "\x83\xa7request\x81\xa7headers\x81\xacX-Request-Id\xa17\xa4body\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00\xa7headers\x81\xa6status\xcc\xc8"
	in, err = read(frame{websocket.MessageBinary, []byte(packed)})
	if err != nil || string(in.body) != "Infinity" || in.id != "7" || in.status != 200 {
		t.Errorf("%+v, %v, body %s", in, err, in.body)
	}
}

func FuzzFrame(f *testing.F) {
	for _, text := range []string{
		`{"request":{"action":"authenticate","headers":{},"body":{},"api":"v2"},"body":{"message":"Authentified."},"headers":{"status":200}}`,
		`{"request":{"action":"message_list","headers":{"X-Request-Id":"1"},"body":{"queue_name":"q"}},"body":{"messages":[{"id":"m","claim_id":null,"ttl":60,"age":0,"body":1e400}]},"headers":{"status":200}}`,
		`{"ttl":300,"body":{"a":1},"Message_Type":"Notification","queue_name":"q"}`,
		`{"request":null}`, `{"request":[],"headers":7}`, `{"queue_name":5}`, `[]`, ``, `null`, `{"body":Infinity}`,
	} {
		f.Add([]byte(text), false)
		if packed, err := msgpack.FromJSON([]byte(text)); err == nil {
			f.Add(packed, true)
		}
	}
	f.Add([]byte("\xdd\xff\xff\xff\xff"), true)
	f.Add([]byte("\xdb\xff\xff\xff\xff"), true)
	f.Fuzz(func(t *testing.T, data []byte, binary bool) {
		kind := websocket.MessageText
		if binary {
			kind = websocket.MessageBinary
		}
		in, err := read(frame{kind, data})
		switch {
		case err != nil && !errors.Is(err, errFrame):
			t.Errorf("the error is %v", err)
		case err == nil && !binary && json.Valid(data) && len(in.body) > 0 && !json.Valid(in.body):
			t.Errorf("%q has the body %q", data, in.body)
		}
	})
}
