package zaqartest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// receiver is a webhook that remembers what it got.
type receiver struct {
	mu     sync.Mutex
	got    []received
	answer func(n int) int // the status for request number n, from 1; 0 breaks the connection
}

type received struct {
	method, url string
	header      http.Header
	body        string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.got = append(r.got, received{req.Method, req.URL.String(), req.Header.Clone(), string(body)})
	n := len(r.got)
	r.mu.Unlock()
	if r.answer == nil {
		return
	}
	if status := r.answer(n); status != 0 {
		w.WriteHeader(status)
		return
	}
	panic(http.ErrAbortHandler)
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// startTelling runs a server in memory that delivers to a receiver.
func startTelling(t *testing.T, r *receiver, opts ...zaqartest.Option) *client {
	t.Helper()
	return start(t, append([]zaqartest.Option{zaqartest.WithDeliveryClient(zaqartest.HandlerClient(r))}, opts...)...)
}

// told waits until nobody is being told anything and returns the deliveries.
func (c *client) told() []zaqartest.Delivery {
	c.t.Helper()
	if err := c.srv.WaitDeliveries(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	return c.srv.Deliveries()
}

func TestAMessageIsPostedToWebhooks(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startTelling(t, r)
	id := c.subscribe("http://hooks.test/a?b=c")
	c.do("POST", messagesPath, `{"messages":[{"body":{"n":1.50},"ttl":300},{"body":null}]}`).want(201)
	all := c.told()
	if len(all) != 2 {
		t.Fatalf("deliveries: %+v", all)
	}
	for _, d := range all {
		if d.State != zaqartest.DeliveryDone || d.SubscriptionID != id || d.Queue != "q" || d.Project != "p" ||
			d.Kind != "Notification" || len(d.Attempts) != 1 || d.Attempts[0].Status != 200 || !d.Next.IsZero() {
			t.Errorf("delivery: %+v", d)
		}
	}
	got := r.all()
	var bodies []string
	for _, request := range got {
		if request.method != "POST" || request.url != "http://hooks.test/a?b=c" || request.header.Get("Content-Type") != "application/json" {
			t.Errorf("request: %+v", request)
		}
		bodies = append(bodies, request.body)
	}
	slices.Sort(bodies)
	want := []string{
		`{"ttl":300,"body":{"n":1.50},"Message_Type":"Notification","queue_name":"q"}`,
		`{"ttl":3600,"body":null,"Message_Type":"Notification","queue_name":"q"}`,
	}
	if !slices.Equal(bodies, want) {
		t.Errorf("bodies %v, want %v", bodies, want)
	}
	c.do("DELETE", subscriptionsPath+"/"+id, "").want(204)
	c.post(`1`)
	c.do("POST", "/v2/queues/other/messages", `{"messages":[{"body":1}]}`).want(201)
	if all := c.told(); len(all) != 2 {
		t.Errorf("told without a subscription: %+v", all)
	}
}

func TestMessagesOfOlderVersionsAreToldToo(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startTelling(t, r)
	c.subscribe("https://hooks.test/")
	c.do("POST", "/v1.1/queues/q/messages", `{"messages":[{"body":1}]}`).want(201)
	c.do("POST", "/v1/queues/q/messages", `[{"body":1,"ttl":60}]`).want(201)
	if all := c.told(); len(all) != 2 {
		t.Errorf("deliveries: %+v", all)
	}
}

func TestTheDelayIsToldWhereThereAreDelays(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startTelling(t, r)
	c.do("PUT", "/v2/queues/q", `{"_default_message_delay":5}`).want(201)
	c.subscribe("http://hooks.test/")
	c.do("POST", messagesPath, `{"messages":[{"body":1,"delay":7}]}`).want(201)
	c.told()
	if got := r.all(); len(got) != 1 || got[0].body != `{"ttl":3600,"delay":7,"body":1,"Message_Type":"Notification","queue_name":"q"}` {
		t.Errorf("got %+v", got)
	}
}

func TestASubscriptionShapesWhatItsWebhookGets(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startTelling(t, r)
	for i, options := range []string{
		`{"post_headers":{"X-Token":"abc","content-type":"text/plain","Host":"virtual.test"}}`,
		`{"post_data":"{\"alert\":\"$zaqar_message$\",\"text\":\"$zaqar_message$ here\"}"}`,
		`null`, `[]`,
	} {
		c.do("POST", subscriptionsPath, fmt.Sprintf(`{"subscriber":"http://hooks.test/%d","options":%s}`, i, options)).want(201)
	}
	c.post(`"x"`)
	c.told()
	got := map[string]received{}
	for _, request := range r.all() {
		got[request.url] = request
	}
	const plain = `{"ttl":3600,"body":"x","Message_Type":"Notification","queue_name":"q"}`
	first := got["http://hooks.test/0"]
	if first.header.Get("X-Token") != "abc" || first.header.Get("Content-Type") != "text/plain" || first.body != plain {
		t.Errorf("with post_headers: %+v", first)
	}
	if want := `{"alert":` + plain + `,"text":"$zaqar_message$ here"}`; got["http://hooks.test/1"].body != want {
		t.Errorf("with post_data: %s", got["http://hooks.test/1"].body)
	}
	for _, path := range []string{"http://hooks.test/2", "http://hooks.test/3"} {
		if got[path].body != plain {
			t.Errorf("%s got %q", path, got[path].body)
		}
	}
}

func TestWhatCannotBeDeliveredIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startTelling(t, r)
	for _, subscription := range []string{
		`{"subscriber":"http:"}`, `{"subscriber":"https://"}`, `{"subscriber":"http://[::1"}`, `{"subscriber":"http://a b/%zz"}`,
		`{"subscriber":"http://x/1","options":{"post_headers":5}}`, `{"subscriber":"http://x/2","options":{"post_headers":{"a":5}}}`,
		`{"subscriber":"http://x/3","options":{"post_data":{}}}`, `{"subscriber":"trust+http://x/4","options":{"trust_id":"nobody"}}`,
		`{"subscriber":"trust+http://x/5","options":{"trust_id":5}}`,
	} {
		c.do("POST", subscriptionsPath, subscription).want(201)
	}
	c.post(`1`)
	for _, d := range c.told() {
		if d.Subscriber == "trust+http://x/5" { // nobody's trust: no token is wanted
			continue
		}
		if d.State != zaqartest.DeliveryFailed || len(d.Attempts) != 1 || d.Attempts[0].Err == nil {
			t.Errorf("delivery: %+v", d)
		}
	}
	if n := len(c.srv.Deliveries()); n != 9 {
		t.Errorf("%d deliveries", n)
	}
}

func TestMailsAreWrittenAndNotSent(t *testing.T) {
	t.Parallel()
	c := startTelling(t, &receiver{})
	c.do("POST", subscriptionsPath, `{"subscriber":"mailto:a%2Bb@example.com?Subject=Hello%20you","options":{"from":"z@example.com","subject":"no"}}`).want(201)
	c.do("POST", subscriptionsPath, `{"subscriber":"mailto:c@example.com","options":{"subject":"News"}}`).want(201)
	c.post(`1`)
	subjects := map[string]string{}
	for _, d := range c.told() {
		if d.State != zaqartest.DeliveryRecorded || d.State.String() != "recorded" || len(d.Attempts) != 0 ||
			string(d.Body) != `{"ttl":3600,"body":1,"Message_Type":"Notification","queue_name":"q"}` {
			t.Errorf("mail: %+v", d)
		}
		subjects[d.Header.Get("To")] = d.Header.Get("Subject") + " from " + d.Header.Get("From")
	}
	if subjects["a+b@example.com"] != "Hello you from z@example.com" || subjects["c@example.com"] != "News from " {
		t.Errorf("mails: %v", subjects)
	}
}

func TestManyMessagesReachASlowWebhookOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen, now, most := map[string]int{}, 0, 0
	release := make(chan struct{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		mu.Lock()
		seen[string(body)]++
		now++
		most = max(most, now)
		mu.Unlock()
		<-release
		mu.Lock()
		now--
		mu.Unlock()
	})
	c := start(t, zaqartest.WithDeliveryClient(zaqartest.HandlerClient(handler)))
	c.subscribe("http://hooks.test/")
	var bodies []string
	for i := range 200 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	c.post(bodies...)
	close(release)
	c.told()
	if len(seen) != 200 || most > 10 {
		t.Errorf("%d different messages, %d at once", len(seen), most)
	}
	for body, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", body, n)
		}
	}
}

func TestAServerThatClosesGivesUpWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	s, err := zaqartest.NewServer(zaqartest.WithDeliveryClient(zaqartest.HandlerClient(http.HandlerFunc(
		func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }))))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ListenInMemory(); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, srv: s, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
	c.subscribe("http://hooks.test/")
	for range 30 {
		c.post(`1`)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.WaitDeliveries(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.WaitDeliveries(t.Context()); err != nil {
		t.Errorf("waiting after all: %v", err)
	}
}

func TestOnlyThisMachineIsToldWithoutAClient(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	hook := httptest.NewServer(r)
	defer hook.Close()
	c := start(t)
	near := strings.Replace(hook.URL, "127.0.0.1", "localhost", 1)
	c.subscribe(hook.URL + "/a")
	c.subscribe(near + "/b")
	c.subscribe("http://192.0.2.1/")
	c.subscribe("http://hooks.example.com/")
	c.subscribe("http://127.0.0.1.example.com/")
	c.post(`1`)
	states := map[string]zaqartest.DeliveryState{}
	for _, d := range c.told() {
		states[d.Subscriber] = d.State
		if d.State == zaqartest.DeliveryFailed && (len(d.Attempts) != 1 || !strings.Contains(d.Attempts[0].Err.Error(), "not on this machine")) {
			t.Errorf("delivery: %+v", d)
		}
	}
	for subscriber, want := range map[string]zaqartest.DeliveryState{
		hook.URL + "/a": zaqartest.DeliveryDone, near + "/b": zaqartest.DeliveryDone,
		"http://192.0.2.1/": zaqartest.DeliveryFailed, "http://hooks.example.com/": zaqartest.DeliveryFailed,
		"http://127.0.0.1.example.com/": zaqartest.DeliveryFailed,
	} {
		if states[subscriber] != want {
			t.Errorf("%s is %v, want %v", subscriber, states[subscriber], want)
		}
	}
}

func TestATrustedWebhookGetsATokenOfTheSubscriber(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	c := startWithKeystone(t, zaqartest.WithDeliveryClient(zaqartest.HandlerClient(r)))
	in, a := c.login(password("demo", "secret", demoScope))
	project := a.text("token", "project", "id")
	id := in.do("POST", subscriptionsPath, `{"subscriber":"trust+https://hooks.test/a","ttl":600,"options":{"a":1}}`).want(201).text("subscription_id")
	trust := in.do("GET", subscriptionsPath+"/"+id, "").want(200).text("options", "trust_id")
	if len(trust) != 32 {
		t.Errorf("trust %q", trust)
	}
	in.post(`1`)
	if d := in.told()[0]; d.Header.Get("X-Auth-Token") != "[redacted]" || d.State != zaqartest.DeliveryDone {
		t.Errorf("delivery: %+v", d)
	}
	got := r.all()
	if len(got) != 1 || got[0].url != "https://hooks.test/a" {
		t.Fatalf("got %+v", got)
	}
	holder := c.with("X-Auth-Token", got[0].header.Get("X-Auth-Token"))
	holder.do("GET", "/v2/queues", "").want(200)
	if seen := c.srv.Requests("queue_list"); seen[0].Project != project {
		t.Errorf("the token is for project %q, want %q", seen[0].Project, project)
	}
	c.srv.Advance(601 * time.Second)
	in, _ = c.login(password("demo", "secret", demoScope))
	in.do("POST", subscriptionsPath, `{"subscriber":"trust+https://hooks.test/b","options":{"trust_id":"`+trust+`"}}`).want(201)
	in.post(`1`)
	if all := in.told(); all[len(all)-1].State != zaqartest.DeliveryFailed {
		t.Errorf("with a trust that has ended: %+v", all[len(all)-1])
	}
	start(t).do("POST", subscriptionsPath, `{"subscriber":"trust+http://x/"}`).wantTitle(400, "Invalid API request")
}

func TestAHandlersClientNeedsNoSockets(t *testing.T) {
	t.Parallel()
	client := zaqartest.HandlerClient(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		w.Header().Set("X-Said", string(body))
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("X-Late", "1")
		_, _ = io.WriteString(w, req.Method+" "+req.Host+req.RequestURI)
	}))
	req, err := http.NewRequestWithContext(t.Context(), "PUT", "http://a.test/b?c", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 418 || resp.Header.Get("X-Said") != "hello" || resp.Header.Get("X-Late") != "" || string(body) != "PUT a.test/b?c" {
		t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
}

func TestDeliveriesAreRememberedUpToALimit(t *testing.T) {
	t.Parallel()
	c := startTelling(t, &receiver{}, zaqartest.WithRequestLog(3))
	c.subscribe("mailto:a@example.com")
	c.post(`1`, `2`, `3`, `4`, `5`)
	var bodies []string
	for _, d := range c.told() {
		var document struct{ Body json.RawMessage }
		if err := json.Unmarshal(d.Body, &document); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(document.Body))
	}
	if !slices.Equal(bodies, []string{"3", "4", "5"}) {
		t.Errorf("remembered: %v", bodies)
	}
}
