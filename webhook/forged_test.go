package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/webhook"
)

// spy is a transport that records requests and answers them all with one status.
type spy struct {
	status int

	mu   sync.Mutex
	sent []*transport.Request
}

func (s *spy) Do(_ context.Context, req *transport.Request) (*transport.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, req)
	return &transport.Response{Status: s.status, Header: http.Header{}, Body: []byte(`{"title":"404 Not Found"}`)}, nil
}

func (s *spy) Close() error { return nil }

// receiver is a handler for the queue wot in project p. Its confirmations go to a spy,
// and it records what was handled and logged.
type receiver struct {
	*webhook.Handler
	spy     *spy
	log     bytes.Buffer
	handled int
}

func receive(t testing.TB, status int, change ...func(*webhook.Config)) *receiver {
	t.Helper()
	r := &receiver{spy: &spy{status: status}}
	client, err := zaqar.Connect(t.Context(), "https://zaqar.example.com:8888",
		zaqar.WithTransport(r.spy), zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	config := webhook.Config{
		Queues: []string{"wot", "other"}, Client: client, Logger: slog.New(slog.NewTextHandler(&r.log, nil)),
		Handle: func(context.Context, webhook.Notification) error {
			r.handled++
			return nil
		},
	}
	for _, c := range change {
		c(&config)
	}
	if r.Handler, err = webhook.New(config); err != nil {
		t.Fatal(err)
	}
	return r
}

// post sends a body as Zaqar does.
func (r *receiver) post(t testing.TB, body string) *httptest.ResponseRecorder {
	t.Helper()
	return r.send(t, http.MethodPost, "application/json", body)
}

func (r *receiver) send(t testing.TB, method, contentType, body string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, "/zaqar", strings.NewReader(body))
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

const signature = "a6aaa5c404a17b2f55c2d83e29fdba186f75e02548050f3319b45857426928c0"

// notice returns a request of Zaqar to confirm a subscription.
func notice(change map[string]any) string {
	fields := map[string]any{
		"Message_Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe to the queue: wot.",
		"URL-Signature": signature, "URL-Methods": "PUT", "URL-Paths": "/v2/queues/wot/subscriptions/7d0d-c1/confirm",
		"X-Project-ID": "p", "URL-Expires": "2036-01-01T00:00:00",
		"SubscribeBody": map[string]any{"confirmed": true}, "UnsubscribeBody": map[string]any{"confirmed": false}, "queue_name": "wot",
		"WSGISubscribeURL":      "http://evil.example.com/v2/queues/wot/subscriptions/7d0d-c1/confirm",
		"WebSocketSubscribeURL": "ws://evil.example.com/",
	}
	maps.Copy(fields, change)
	for name, value := range fields {
		if value == missing {
			delete(fields, name)
		}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(data)
}

const missing = "\x00missing"

func TestAForgedNoticeMakesNoRequest(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{
		"a path of another queue":           {"URL-Paths": "/v2/queues/other/subscriptions/7d0d-c1/confirm"},
		"a queue that is not expected":      {"URL-Paths": "/v2/queues/evil/subscriptions/7d0d-c1/confirm", "queue_name": "evil"},
		"no queue":                          {"queue_name": missing},
		"a path above":                      {"URL-Paths": "/v2/queues/wot/subscriptions/../confirm"},
		"a path that climbs":                {"URL-Paths": "/v2/queues/wot/subscriptions/x/../../messages/confirm"},
		"an escaped slash":                  {"URL-Paths": "/v2/queues/wot/subscriptions/a%2fb/confirm"},
		"a path of messages":                {"URL-Paths": "/v2/queues/wot/messages"},
		"a queue itself":                    {"URL-Paths": "/v2/queues/wot"},
		"all queues":                        {"URL-Paths": "/v2/queues"},
		"a pool":                            {"URL-Paths": "/v2/pools/p1"},
		"a path of v1":                      {"URL-Paths": "/v1.1/queues/wot/subscriptions/7d0d-c1/confirm"},
		"no path":                           {"URL-Paths": missing},
		"an empty path":                     {"URL-Paths": ""},
		"a relative path":                   {"URL-Paths": "v2/queues/wot/subscriptions/7d0d-c1/confirm"},
		"a URL for a path":                  {"URL-Paths": "http://evil.example.com/v2/queues/wot/subscriptions/7d0d-c1/confirm"},
		"a host for a path":                 {"URL-Paths": "//evil.example.com/v2/queues/wot/subscriptions/7d0d-c1/confirm"},
		"another port":                      {"URL-Paths": ":9/v2/queues/wot/subscriptions/7d0d-c1/confirm"},
		"a user":                            {"URL-Paths": "@evil.example.com/v2/queues/wot/subscriptions/7d0d-c1/confirm"},
		"two paths":                         {"URL-Paths": "/v2/queues/wot/subscriptions/7d0d-c1/confirm,/v2/queues/wot/messages"},
		"a query":                           {"URL-Paths": "/v2/queues/wot/subscriptions/7d0d-c1/confirm?x=1"},
		"a fragment":                        {"URL-Paths": "/v2/queues/wot/subscriptions/7d0d-c1/confirm#x"},
		"a line break":                      {"URL-Paths": "/v2/queues/wot/subscriptions/7d0d-c1/confirm\r\nX-Roles: admin"},
		"a line feed at the end":            {"URL-Paths": "/v2/queues/wot/subscriptions/7d0d-c1/confirm\n"},
		"a dot for the id":                  {"URL-Paths": "/v2/queues/wot/subscriptions/./confirm"},
		"no id":                             {"URL-Paths": "/v2/queues/wot/subscriptions//confirm"},
		"a very long id":                    {"URL-Paths": "/v2/queues/wot/subscriptions/" + strings.Repeat("a", 65) + "/confirm"},
		"something behind the confirmation": {"URL-Paths": "/v2/queues/wot/subscriptions/7d0d-c1/confirm/x"},
		"paths as a list":                   {"URL-Paths": []string{"/v2/queues/wot/subscriptions/7d0d-c1/confirm"}},
		"another method":                    {"URL-Methods": "DELETE"},
		"more methods":                      {"URL-Methods": "PUT,DELETE"},
		"no method":                         {"URL-Methods": missing},
		"a method in small letters":         {"URL-Methods": "put"},
		"another project":                   {"X-Project-ID": "q"},
		"no project":                        {"X-Project-ID": missing},
		"a header in the project":           {"X-Project-ID": "p\r\nX-Auth-Token: x"},
		"no signature":                      {"URL-Signature": missing},
		"an empty signature":                {"URL-Signature": ""},
		"a short signature":                 {"URL-Signature": signature[:63]},
		"a signature in capitals":           {"URL-Signature": strings.ToUpper(signature)},
		"a signature with a line break":     {"URL-Signature": signature + "\r\nX-Roles: admin"},
		"a signature that is no text":       {"URL-Signature": 5},
		"no end":                            {"URL-Expires": missing},
		"an end that has passed":            {"URL-Expires": "2020-01-01T00:00:00"},
		"an end that is no time":            {"URL-Expires": "tomorrow"},
		"an end beyond all years":           {"URL-Expires": "99999-01-01T00:00:00"},
		"another body":                      {"SubscribeBody": map[string]any{"confirmed": false}},
		"a body with more in it":            {"SubscribeBody": map[string]any{"confirmed": true, "ttl": 5}},
		"a body that is text":               {"SubscribeBody": `{"confirmed":true}`},
		"no body":                           {"SubscribeBody": missing},
		"a swapped body":                    {"UnsubscribeBody": map[string]any{"confirmed": true}},
		"no body to unsubscribe":            {"UnsubscribeBody": missing},
		"another type":                      {"Message_Type": "SubscriptionConfirmation "},
		"no type":                           {"Message_Type": missing},
	} {
		r := receive(t, http.StatusNoContent)
		w := r.post(t, notice(change))
		if w.Code/100 != 4 {
			t.Errorf("%s: answered %d", name, w.Code)
		}
		if len(r.spy.sent) != 0 || r.handled != 0 {
			t.Errorf("%s: it was acted upon: %v, %d", name, r.spy.sent, r.handled)
		}
		if text := w.Body.String() + r.log.String(); strings.Contains(text, "a6aaa5c4") || strings.Contains(text, "evil") {
			t.Errorf("%s: the answer or the log repeats what was sent: %s", name, text)
		}
		if r.log.Len() == 0 {
			t.Errorf("%s: nothing was logged", name)
		}
	}
}

func TestAMalformedRequestIsRefused(t *testing.T) {
	t.Parallel()
	good := `{"ttl":300,"body":{"a":1},"Message_Type":"Notification","queue_name":"wot"}`
	for name, c := range map[string]struct {
		method, contentType, body string
		status                    int
	}{
		"GET":                     {http.MethodGet, "application/json", "", http.StatusMethodNotAllowed},
		"PUT":                     {http.MethodPut, "application/json", good, http.StatusMethodNotAllowed},
		"no type":                 {http.MethodPost, "", good, http.StatusUnsupportedMediaType},
		"another type":            {http.MethodPost, "text/plain", good, http.StatusUnsupportedMediaType},
		"a broken type":           {http.MethodPost, "application/json;;", good, http.StatusUnsupportedMediaType},
		"a form":                  {http.MethodPost, "application/x-www-form-urlencoded", good, http.StatusUnsupportedMediaType},
		"nothing":                 {http.MethodPost, "application/json", "", http.StatusBadRequest},
		"no JSON":                 {http.MethodPost, "application/json", "hello", http.StatusBadRequest},
		"half of it":              {http.MethodPost, "application/json", good[:40], http.StatusBadRequest},
		"two of them":             {http.MethodPost, "application/json", good + good, http.StatusBadRequest},
		"null":                    {http.MethodPost, "application/json", "null", http.StatusBadRequest},
		"a list":                  {http.MethodPost, "application/json", "[" + good + "]", http.StatusBadRequest},
		"a text":                  {http.MethodPost, "application/json", `"Notification"`, http.StatusBadRequest},
		"too much":                {http.MethodPost, "application/json", `{"body":"` + strings.Repeat("a", webhook.DefaultMaxBody) + `"}`, http.StatusRequestEntityTooLarge},
		"no body":                 {http.MethodPost, "application/json", strings.Replace(good, `"body":{"a":1},`, "", 1), http.StatusBadRequest},
		"no ttl":                  {http.MethodPost, "application/json", strings.Replace(good, `"ttl":300,`, "", 1), http.StatusBadRequest},
		"a ttl that is no number": {http.MethodPost, "application/json", strings.Replace(good, "300", `"300"`, 1), http.StatusBadRequest},
		"a ttl below zero":        {http.MethodPost, "application/json", strings.Replace(good, "300", "-1", 1), http.StatusBadRequest},
		"a delay below zero":      {http.MethodPost, "application/json", strings.Replace(good, `"ttl"`, `"delay":-1,"ttl"`, 1), http.StatusBadRequest},
		"another queue":           {http.MethodPost, "application/json", strings.Replace(good, "wot", "evil", 1), http.StatusForbidden},
		"a queue that is no text": {http.MethodPost, "application/json", strings.Replace(good, `"wot"`, `["wot"]`, 1), http.StatusBadRequest},
		"what nobody knows":       {http.MethodPost, "application/json", strings.Replace(good, "Notification", "Bomb", 1), http.StatusBadRequest},
	} {
		r := receive(t, http.StatusNoContent)
		w := r.send(t, c.method, c.contentType, c.body)
		if w.Code != c.status || r.handled != 0 || len(r.spy.sent) != 0 {
			t.Errorf("%s: answered %d, handled %d", name, w.Code, r.handled)
		}
		if c.status == http.StatusMethodNotAllowed && w.Header().Get("Allow") != http.MethodPost {
			t.Errorf("%s: the answer allows %q", name, w.Header().Get("Allow"))
		}
	}
	r := receive(t, http.StatusNoContent)
	if w := r.post(t, good); w.Code != http.StatusNoContent || r.handled != 1 {
		t.Errorf("the good one: answered %d, handled %d", w.Code, r.handled)
	}
}

func FuzzWebhook(f *testing.F) {
	f.Add([]byte(notice(nil)))
	f.Add([]byte(notice(map[string]any{"Message_Type": "UnsubscribeConfirmation"})))
	f.Add([]byte(`{"ttl":300,"body":{"a":[1,null,"x"]},"delay":5,"Message_Type":"Notification","queue_name":"wot"}`))
	f.Add([]byte(`{"ttl":1e3,"body":null,"message_type":"Notification","QUEUE_NAME":"wot"}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`[{`))
	var got webhook.Notification
	r := receive(f, http.StatusNoContent, func(c *webhook.Config) {
		c.Logger = nil // times in the log would make every input look new to the fuzzer
		handle := c.Handle
		c.Handle = func(ctx context.Context, n webhook.Notification) error {
			got = n
			return handle(ctx, n)
		}
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		r.handled, r.spy.sent = 0, nil
		w := r.post(t, string(body))
		switch {
		case r.handled == 1:
			if w.Code != http.StatusNoContent || got.TTL < 0 || got.Delay < 0 || !json.Valid(got.Body) || got.Queue != "wot" && got.Queue != "other" {
				t.Errorf("%q: answered %d, handled %v", body, w.Code, got)
			}
		case w.Code == http.StatusNoContent && len(r.spy.sent) == 1:
			sent := r.spy.sent[0]
			if sent.Method != http.MethodPut || !strings.HasPrefix(sent.Path, "/v2/queues/wot/subscriptions/") && !strings.HasPrefix(sent.Path, "/v2/queues/other/subscriptions/") ||
				!strings.HasSuffix(sent.Path, "/confirm") || strings.Contains(sent.Path, "..") || string(sent.Body) != `{"confirmed":true}` {
				t.Errorf("%q: sent %v", body, sent)
			}
		case len(r.spy.sent) > 0:
			t.Errorf("%q: answered %d, sent %v", body, w.Code, r.spy.sent)
		case w.Code/100 != 4 && w.Code != http.StatusNoContent:
			t.Errorf("%q: answered %d", body, w.Code)
		}
	})
}
