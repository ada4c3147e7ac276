package zaqartest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestTheCatalogOfAServerOnAllAddressesNamesTheHostThatWasAsked(t *testing.T) {
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
