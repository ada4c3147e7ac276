package zaqartest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAnObserverSeesEachRequestAnswered(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[zaqartest.Seen]
	srv := zaqartest.Run(t, zaqartest.WithObserver(func(s zaqartest.Seen) { seen.Store(&s) }))
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/v2/queues/wot", nil)
	req.Header.Set("Client-Id", "3381af92-2b9e-11e3-b191-71861300734c")
	req.Header.Set("X-Project-Id", "p")
	req.Header.Set("X-Auth-Token", "s3cr3t")
	srv.Handler().ServeHTTP(httptest.NewRecorder(), req)
	got := seen.Load()
	if got == nil || got.Kind != "queue_create" || got.Status != http.StatusCreated || got.Project != "p" || got.Header.Get("X-Auth-Token") != "[redacted]" {
		t.Errorf("it saw %+v", got)
	}
}

func TestACatalogueOfAServerOnAllAddressesNamesTheOneThatWasAsked(t *testing.T) {
	t.Parallel()
	srv, err := zaqartest.NewServer(zaqartest.WithKeystone())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	if err := srv.Listen("0.0.0.0:0"); err != nil {
		t.Fatal(err)
	}
	body := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"demo","domain":{"id":"default"},"password":"secret"}}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}`
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://cloud.example:8888/identity/v3/auth/tokens", strings.NewReader(body))
	answer := httptest.NewRecorder()
	srv.Handler().ServeHTTP(answer, req)
	if !strings.Contains(answer.Body.String(), `"http://cloud.example:8888"`) {
		t.Errorf("the catalogue says %s", answer.Body)
	}
}
