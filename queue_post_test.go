package zaqar_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// wrapped is a message that holds JSON which came from elsewhere.
type wrapped struct {
	From string          `json:"from"`
	Body json.RawMessage `json:"body"`
}

func TestAReplacementCharacterThatIsMeantIsPosted(t *testing.T) {
	t.Parallel()
	_, client := clienttest.InMemory(t)
	q := client.Queue("wot")
	raw := json.RawMessage(`{"text":"\ufffd \uFFFD � \\ufffd"}`)
	const text = "� � � \\ufffd"
	for name, body := range map[string]any{
		"raw": raw, "wrapped": wrapped{"a", raw}, "in a map": map[string]any{"body": raw}, "text": text,
		"an Outgoing": zaqar.Outgoing{Body: &wrapped{"�", raw}},
	} {
		ids, err := q.Post(t.Context(), body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p := q.Publisher(zaqar.PublisherConfig{})
		if _, err := p.Publish(t.Context(), body).Wait(t.Context()); err != nil {
			t.Errorf("%s, published: %v", name, err)
		}
		_ = p.Close(t.Context())
		message, err := q.Message(t.Context(), ids[0])
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Text string
			Body struct{ Text string }
		}
		if name == "text" {
			err = message.Decode(&got.Text)
		} else {
			err = message.Decode(&got)
		}
		if err != nil || got.Text+got.Body.Text != text {
			t.Errorf("%s: %s came back, %v", name, message.Body(), err)
		}
	}
}

func TestTextThatIsNotUTF8IsNeverSent(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(200, "{}")
	client := clienttest.Over(t, server)
	q := client.Queue("wot")
	const broken = "a\xff"
	post := func(body any) error { _, err := q.Post(t.Context(), body); return err }
	create := func(o zaqar.CreateOption) error { _, err := client.CreateQueue(t.Context(), "wot", o); return err }
	_, raw := client.Conn().Post(t.Context(), "/v2/queues/wot/messages", []string{broken})
	for name, err := range map[string]error{
		"text":             post(broken),
		"beside U+FFFD":    post([]string{"�", broken}),
		"a key":            post(map[string]int{broken: 1}),
		"a field":          post(&wrapped{From: broken, Body: json.RawMessage(`"\ufffd"`)}),
		"raw JSON":         post(json.RawMessage(`"` + broken + `"`)),
		"wrapped raw JSON": post(wrapped{Body: json.RawMessage(`"` + broken + `"`)}),
		"an Outgoing":      post(zaqar.Outgoing{Body: []any{broken}}),
		"metadata":         create(zaqar.Content{"a": broken}),
		"a raw call":       raw,
	} {
		if !errors.Is(err, zaqar.ErrInvalid) || !zaqar.SafeToRetry(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if server.Count() != 0 {
		t.Errorf("%d requests were sent, the last %v", server.Count(), server.Last(t))
	}
}

func TestJSONMayBeChangedOnceAPostHasReturned(t *testing.T) {
	t.Parallel()
	var sent []*transport.Request
	client := clienttest.Over(t, &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		sent = append(sent, req) // as if it were still on its way when its context ends
		return nil, context.Canceled
	}})
	raw := json.RawMessage(`{"n":1}`)
	if _, err := client.Queue("wot").Post(t.Context(), raw); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	copy(raw, "no longer")
	if len(sent) != 1 || string(sent[0].Body) != `{"messages":[{"body":{"n":1}}]}` {
		t.Errorf("sent %s", sent[0].Body)
	}
}
