package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/webhook"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// served is an embedded server that delivers to a handler, with a client and a record
// of what was handled.
type served struct {
	srv     *zaqartest.Server
	client  *zaqar.Client
	handler http.Handler

	mu       sync.Mutex
	received []webhook.Notification
}

func serve(t *testing.T, change func(*webhook.Config), options ...zaqartest.Option) *served {
	t.Helper()
	s := &served{}
	deliver := zaqartest.HandlerClient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }))
	s.srv = zaqartest.RunInMemory(t, append([]zaqartest.Option{
		zaqartest.WithSecretKey("key"), zaqartest.WithRequireConfirmation(true), zaqartest.WithDeliveryClient(deliver),
	}, options...)...)
	client, err := zaqar.Connect(t.Context(), s.srv.URL(), zaqar.WithProject("demo"), zaqar.WithHTTPClient(s.srv.HTTPClient()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	s.client = client
	config := webhook.Config{
		Queues: []string{"wot"}, Client: client, Handle: func(_ context.Context, n webhook.Notification) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.received = append(s.received, n)
			return nil
		},
	}
	if change != nil {
		change(&config)
	}
	if s.handler, err = webhook.New(config); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *served) subscribe(t *testing.T) *zaqar.Subscription {
	t.Helper()
	subscription, err := s.client.Queue("wot").CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: "http://receiver.example.com/zaqar"})
	if err != nil {
		t.Fatal(err)
	}
	s.settle(t)
	if err := subscription.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	return subscription
}

func (s *served) settle(t *testing.T) {
	t.Helper()
	if err := s.srv.WaitDeliveries(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestASubscriberConfirmsAndIsToldOfMessages(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	if subscription := s.subscribe(t); !subscription.Confirmed() {
		t.Fatal("it is not confirmed")
	}
	bodies := []any{map[string]any{"event": "winning", "n": json.Number("9007199254740993")}, "text", nil, []int{1, 2}}
	queue := s.client.Queue("wot")
	for _, body := range bodies {
		if _, err := queue.Post(t.Context(), zaqar.Outgoing{Body: body, TTL: 2 * time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	s.settle(t)
	var got []string
	for _, n := range s.received {
		if n.Queue != "wot" || n.TTL != 2*time.Minute || n.Delay != 0 {
			t.Errorf("received %v with delay %v", n, n.Delay)
		}
		var into any
		if err := n.Decode(&into); err != nil {
			t.Error(err)
		}
		encoded, err := json.Marshal(into)
		if err != nil {
			t.Error(err)
		}
		got = append(got, string(encoded))
	}
	slices.Sort(got)
	want := []string{`"text"`, `[1,2]`, `null`, `{"event":"winning","n":9007199254740993}`}
	if !slices.Equal(got, want) {
		t.Errorf("received %v, want %v", got, want)
	}
}

func TestANoticeIsAnsweredByItsSignatureAlone(t *testing.T) {
	t.Parallel()
	// The server requires tokens; the handler's client has none.
	srv := &served{}
	deliver := zaqartest.HandlerClient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { srv.handler.ServeHTTP(w, r) }))
	srv.srv = zaqartest.RunInMemory(t, zaqartest.WithKeystone(), zaqartest.WithSecretKey("key"), zaqartest.WithRequireConfirmation(true), zaqartest.WithDeliveryClient(deliver))
	_, project := srv.srv.AddUser(zaqartest.User{Name: "u", Password: "p", Project: "team", Roles: []string{"member"}})
	connect := func(options ...zaqar.ConnectOption) *zaqar.Client {
		client, err := zaqar.Connect(t.Context(), srv.srv.URL(), append(options, zaqar.WithHTTPClient(srv.srv.HTTPClient()), zaqar.WithVersion(zaqar.V2))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	var err error
	srv.handler, err = webhook.New(webhook.Config{
		Queues: []string{"wot"}, Client: connect(zaqar.WithProject(project)), Handle: func(context.Context, webhook.Notification) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.client = connect(zaqar.WithAuth(password(t, srv.srv)))
	if subscription := srv.subscribe(t); !subscription.Confirmed() {
		t.Errorf("it is not confirmed: %+v", srv.srv.Deliveries())
	}
}

func password(t *testing.T, srv *zaqartest.Server) *keystone.Auth {
	t.Helper()
	signIn := keystone.Password(srv.KeystoneURL(), "u", "p", keystone.Project("team"), keystone.HTTPClient(srv.HTTPClient()))
	t.Cleanup(func() { _ = signIn.Close() })
	return signIn
}

func TestAPolicyDecides(t *testing.T) {
	t.Parallel()
	var asked []webhook.Notice
	answer := webhook.Ignore
	s := serve(t, func(c *webhook.Config) {
		c.Policy = func(_ context.Context, n webhook.Notice) webhook.Answer {
			asked = append(asked, n)
			return answer
		}
	})
	subscription := s.subscribe(t)
	if subscription.Confirmed() {
		t.Error("it is confirmed")
	}
	if len(asked) != 1 || asked[0].Kind != webhook.SubscriptionConfirmation || asked[0].Queue != "wot" || asked[0].SubscriptionID != subscription.ID() ||
		asked[0].Project != "demo" || time.Until(asked[0].Expires) < time.Minute {
		t.Fatalf("asked %+v", asked)
	}
	if text := fmt.Sprintf("%+v %#v", asked[0], asked[0]); strings.Contains(text, signatureOf(t, s)) {
		t.Errorf("the notice shows its signature: %s", text)
	}
	answer = webhook.Confirm
	if again := s.subscribe(t); !again.Confirmed() || again.ID() != subscription.ID() {
		t.Errorf("again it is %v, confirmed %v", again, again.Confirmed())
	}
	answer = webhook.Ignore
	if err := subscription.Confirm(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	s.settle(t)
	if len(asked) != 3 || asked[2].Kind != webhook.UnsubscribeConfirmation {
		t.Fatalf("asked %+v", asked)
	}
	if err := subscription.Reload(t.Context()); err != nil || subscription.Confirmed() {
		t.Errorf("confirmed %v, %v", subscription.Confirmed(), err)
	}
}

// signatureOf returns the last signature that the server sent.
func signatureOf(t *testing.T, s *served) string {
	t.Helper()
	deliveries := s.srv.Deliveries()
	var sent struct {
		Signature string `json:"URL-Signature"`
	}
	if err := json.Unmarshal(deliveries[len(deliveries)-1].Body, &sent); err != nil || len(sent.Signature) != 64 {
		t.Fatal(sent, err)
	}
	return sent.Signature
}

func TestDecliningSaysSo(t *testing.T) {
	t.Parallel()
	r := receive(t, http.StatusNoContent, func(c *webhook.Config) {
		c.Policy = func(context.Context, webhook.Notice) webhook.Answer { return webhook.Decline }
	})
	if w := r.post(t, notice(nil)); w.Code != http.StatusNoContent || len(r.spy.sent) != 1 {
		t.Fatalf("answered %d, sent %v", w.Code, r.spy.sent)
	}
	sent := r.spy.sent[0]
	if string(sent.Body) != `{"confirmed":false}` || sent.Method != http.MethodPut || sent.Path != "/v2/queues/wot/subscriptions/7d0d-c1/confirm" {
		t.Errorf("sent %v with %s", sent, sent.Body)
	}
}

func TestAConfirmationIsMadeOfWhatWasCheckedAndNothingElse(t *testing.T) {
	t.Parallel()
	r := receive(t, http.StatusNoContent)
	if w := r.post(t, notice(map[string]any{"Host": "evil", "X-Auth-Token": "evil", "X-Roles": "admin"})); w.Code != http.StatusNoContent {
		t.Fatalf("answered %d: %s", w.Code, w.Body)
	}
	sent := r.spy.sent[0]
	want := map[string]string{
		"Url-Signature": signature, "Url-Methods": "PUT", "Url-Paths": sent.Path, "Url-Expires": "2036-01-01T00:00:00", "X-Project-Id": "p",
		"Content-Type": "application/json", "Accept": "application/json",
	}
	for name := range sent.Header {
		if name != "Client-Id" && name != "User-Agent" && sent.Header.Get(name) != want[name] {
			t.Errorf("%s is %q, want %q", name, sent.Header.Get(name), want[name])
		}
	}
	if sent.Header.Get("Client-Id") == "" || sent.Header.Get("Url-Signature") == "" {
		t.Errorf("sent %v", sent)
	}
}

func TestAServerThatDoesNotTakeTheSignatureIsToldApart(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{
		http.StatusNotFound: http.StatusForbidden, http.StatusServiceUnavailable: http.StatusBadGateway, http.StatusUnauthorized: http.StatusBadGateway,
	} {
		r := receive(t, status)
		w := r.post(t, notice(nil))
		if w.Code != want || !strings.Contains(r.log.String(), "subscription_confirm") {
			t.Errorf("%d is answered %d, and logged as %s", status, w.Code, &r.log)
		}
		if text := w.Body.String() + r.log.String(); strings.Contains(text, "a6aaa5c4") {
			t.Errorf("%d: the signature is shown: %s", status, text)
		}
	}
}

func TestAProxysPageConfirmsNothing(t *testing.T) {
	t.Parallel()
	r := receive(t, http.StatusOK)
	if w := r.post(t, notice(nil)); w.Code != http.StatusBadGateway || !strings.Contains(r.log.String(), "answered 200") {
		t.Errorf("answered %d, and logged %s", w.Code, &r.log)
	}
}

func TestAnErrorOfTheHandlerIsA500(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	r := receive(t, http.StatusNoContent, func(c *webhook.Config) {
		c.Handle = func(_ context.Context, n webhook.Notification) error {
			return fmt.Errorf("it went wrong with %+v", n)
		}
	})
	w := r.post(t, `{"ttl":300,"body":"`+secret+`","Message_Type":"Notification","queue_name":"wot"}`)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "it went wrong") {
		t.Errorf("answered %d: %s", w.Code, w.Body)
	}
	if !strings.Contains(r.log.String(), "it went wrong") || strings.Contains(r.log.String(), secret) {
		t.Errorf("logged %s", &r.log)
	}
}

func TestANotificationThatCannotBeDecodedSaysWhere(t *testing.T) {
	t.Parallel()
	n := webhook.Notification{Queue: "wot", TTL: 2 * time.Minute, Body: json.RawMessage(`"text"`)}
	var number int
	if err := n.Decode(&number); err == nil || !strings.Contains(err.Error(), "wot") {
		t.Errorf("the error is %v", err)
	}
	if text := fmt.Sprintf("%+v", n); text != "<Notification of wot ttl:120 body:6 bytes>" {
		t.Errorf("it prints %s", text)
	}
}

func TestWithoutAClientNoticesAreRefused(t *testing.T) {
	t.Parallel()
	r := receive(t, http.StatusNoContent, func(c *webhook.Config) { c.Client = nil })
	if w := r.post(t, notice(nil)); w.Code != http.StatusForbidden || len(r.spy.sent) != 0 {
		t.Errorf("answered %d, sent %v", w.Code, r.spy.sent)
	}
}

func TestAProjectCanBeNamed(t *testing.T) {
	t.Parallel()
	r := receive(t, http.StatusNoContent, func(c *webhook.Config) { c.Project = "q" })
	if w := r.post(t, notice(nil)); w.Code != http.StatusForbidden {
		t.Errorf("another project is answered %d", w.Code)
	}
	if w := r.post(t, notice(map[string]any{"X-Project-ID": "q"})); w.Code != http.StatusNoContent {
		t.Errorf("the project is answered %d: %s", w.Code, w.Body)
	}
}

func TestAnotherContentTypeCanBeAgreed(t *testing.T) {
	t.Parallel()
	r := receive(t, http.StatusNoContent, func(c *webhook.Config) { c.ContentType = "application/cloudevents+json" })
	body := `{"ttl":300,"body":1,"Message_Type":"Notification","queue_name":"wot"}`
	if w := r.send(t, http.MethodPost, "Application/CloudEvents+JSON; charset=utf-8", body); w.Code != http.StatusNoContent {
		t.Errorf("answered %d", w.Code)
	}
	if w := r.post(t, body); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("application/json is answered %d", w.Code)
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	handle := func(context.Context, webhook.Notification) error { return nil }
	old, err := zaqar.Connect(t.Context(), "http://127.0.0.1:9", zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V1_1))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close() }()
	for name, config := range map[string]webhook.Config{
		"no queues":      {Handle: handle},
		"no such name":   {Handle: handle, Queues: []string{"a b"}},
		"no function":    {Queues: []string{"wot"}},
		"a limit":        {Handle: handle, Queues: []string{"wot"}, MaxBody: -1},
		"a type":         {Handle: handle, Queues: []string{"wot"}, ContentType: ";"},
		"a client of v1": {Handle: handle, Queues: []string{"wot"}, Client: old},
	} {
		if _, err := webhook.New(config); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestAHandlerThatGivesUpIsTold(t *testing.T) {
	t.Parallel()
	var seen error
	r := receive(t, http.StatusNoContent, func(c *webhook.Config) {
		c.Handle = func(ctx context.Context, _ webhook.Notification) error {
			seen = ctx.Err()
			return seen
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(`{"ttl":300,"body":1,"Message_Type":"Notification","queue_name":"wot"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	r.ServeHTTP(httptest.NewRecorder(), req)
	if !errors.Is(seen, context.Canceled) {
		t.Errorf("the context said %v", seen)
	}
}

func TestANotificationOfThousandsOfYearsIsHandled(t *testing.T) {
	t.Parallel()
	const capped = 4611686018 * time.Second
	for text, want := range map[string]time.Duration{"220367260800": capped, "9223372036854775807": capped, "1e400": capped, "300": 5 * time.Minute, "0.5": time.Second / 2} {
		var got webhook.Notification
		r := receive(t, http.StatusNoContent, func(c *webhook.Config) {
			c.Handle = func(_ context.Context, n webhook.Notification) error { got = n; return nil }
		})
		w := r.post(t, `{"ttl":`+text+`,"delay":`+text+`,"body":1,"Message_Type":"Notification","queue_name":"wot"}`)
		if w.Code != http.StatusNoContent || got.TTL != want || got.Delay != want {
			t.Errorf("%s: answered %d with TTL %v and delay %v", text, w.Code, got.TTL, got.Delay)
		}
	}
}
