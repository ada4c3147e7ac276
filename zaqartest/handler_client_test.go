package zaqartest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

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
