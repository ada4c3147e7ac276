package zaqartest_test

import (
	"net/http"
	"net/http/httptest"
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
