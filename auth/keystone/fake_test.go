package keystone_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
)

const (
	fakeURL  = "https://keystone.test:5000/v3"
	password = "s3cret-p4ss/word"
)

// fakeKeystone issues tokens named token-1, token-2, … and remembers what it was
// asked. It is an http.RoundTripper, so it works inside a synctest bubble, and
// an http.Handler.
type fakeKeystone struct {
	life   time.Duration                            // of its tokens; an hour if zero
	skew   time.Duration                            // of its clock
	delay  time.Duration                            // before each answer
	answer func(http.ResponseWriter, *http.Request) // instead of a token
	refuse func() (status int)                      // 0 for a token

	mu       sync.Mutex
	requests []fakeRequest
}

type fakeRequest struct {
	method, path string
	header       http.Header
	auth         any
}

func (k *fakeKeystone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct{ Auth any }
	if data, _ := io.ReadAll(r.Body); len(data) > 0 {
		if err := json.Unmarshal(data, &body); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
	}
	k.mu.Lock()
	k.requests = append(k.requests, fakeRequest{r.Method, r.URL.Path, r.Header, body.Auth})
	number, delay := len(k.requests), k.delay
	k.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return
		}
	}
	if k.refuse != nil {
		if status := k.refuse(); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error": {"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}}`)
			return
		}
	}
	if k.answer != nil {
		k.answer(w, r)
		return
	}
	life := k.life
	if life == 0 {
		life = time.Hour
	}
	now := time.Now().Add(k.skew).UTC()
	w.Header().Set("Date", now.Format(http.TimeFormat))
	token := fmt.Sprintf("token-%d", number)
	status := http.StatusCreated
	if r.Method == http.MethodGet {
		status, token = http.StatusOK, r.Header.Get("X-Subject-Token")
	}
	w.Header().Set("X-Subject-Token", token)
	w.WriteHeader(status)
	endpoint := func(iface, region, url string) map[string]string {
		return map[string]string{"interface": iface, "region": region, "region_id": region, "url": url}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
		"issued_at":  now.Format("2006-01-02T15:04:05.000000Z"),
		"expires_at": now.Add(life).Format("2006-01-02T15:04:05.000000Z"),
		"project":    map[string]any{"id": "project-1", "name": "demo"},
		"catalog": []any{
			map[string]any{"type": "identity", "endpoints": []any{endpoint("public", "RegionOne", fakeURL)}},
			map[string]any{"type": "messaging", "endpoints": []any{
				endpoint("internal", "RegionOne", "http://10.0.0.1:8888"),
				endpoint("public", "RegionOne", "https://one.test:8888"),
				endpoint("public", "RegionTwo", "https://two.test:8888"),
			}},
			map[string]any{"type": "messaging-websocket", "endpoints": []any{endpoint("public", "RegionOne", "ws://one.test:9000")}},
		},
	}})
}

// RoundTrip answers without a network.
func (k *fakeKeystone) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func (k *fakeKeystone) client() keystone.Option {
	return keystone.HTTPClient(&http.Client{Transport: k})
}

// slow changes the delay.
func (k *fakeKeystone) slow(delay time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.delay = delay
}

func (k *fakeKeystone) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.requests)
}

// last returns the newest request's auth as compact JSON.
func (k *fakeKeystone) last() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.requests) == 0 {
		return ""
	}
	data, _ := json.Marshal(k.requests[len(k.requests)-1].auth)
	return string(data)
}

// demo signs in by password through the fake.
func (k *fakeKeystone) demo(opts ...keystone.Option) *keystone.Auth {
	opts = append([]keystone.Option{keystone.Project("demo"), k.client()}, opts...)
	return keystone.Password(fakeURL, "demo", password, opts...)
}

// token returns the token that a puts on a request.
func token(t *testing.T, a auth.Authorizer) string {
	t.Helper()
	h := http.Header{}
	if err := a.Authorize(context.Background(), h); err != nil {
		t.Fatal(err)
	}
	return h.Get(auth.HeaderToken)
}

func withToken(token string) http.Header { return http.Header{auth.HeaderToken: {token}} }

// cleanEnvironment unsets every OS_* variable and moves to an empty folder
// without a home, so that nothing of the machine is read.
func cleanEnvironment(t *testing.T, variables map[string]string) (folder string) {
	t.Helper()
	for _, name := range openstackVariables() {
		t.Setenv(name, "")
	}
	folder = t.TempDir()
	t.Setenv("HOME", folder)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Chdir(folder)
	for name, value := range variables {
		t.Setenv(name, value)
	}
	return folder
}
