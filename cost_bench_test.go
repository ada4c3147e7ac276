package zaqar_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// claimOfTwenty is the answer of a server to a claim, with bodies of about 200 bytes.
func claimOfTwenty(tb testing.TB) []byte {
	tb.Helper()
	const claim = "9c0d6f5e-7a86-4f1b-8b9e-2f5f0d1c7a52"
	messages := make([]map[string]any, 20)
	for i := range messages {
		id := fmt.Sprintf("4f8a1e0e-5b0d-4d6e-9d36-4d3a7e5a0d%02d", i)
		messages[i] = map[string]any{
			"id": id, "href": "/v2/queues/q/messages/" + id + "?claim_id=" + claim, "ttl": 3600, "age": 10, "claim_count": 1,
			"body": map[string]any{"n": i, "text": fmt.Sprintf("%0180d", i)},
		}
	}
	data, err := json.Marshal(map[string]any{"messages": messages})
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// BenchmarkClaim measures what the library adds to a claim of 20 on a server that costs
// nothing.
func BenchmarkClaim(b *testing.B) {
	answer := claimOfTwenty(b)
	server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
		header := http.Header{"Location": {"/v2/queues/q/claims/9c0d6f5e-7a86-4f1b-8b9e-2f5f0d1c7a52"}}
		return &transport.Response{Status: http.StatusCreated, Header: header, Body: answer}, nil
	}}
	q := clienttest.Over(b, server).Queue("q")
	b.ReportAllocs()
	for b.Loop() {
		claim, err := q.Claim(b.Context(), zaqar.Limit(20), zaqar.TTL(5*time.Minute), zaqar.Grace(time.Minute))
		if err != nil || claim.Size() != 20 {
			b.Fatal(claim, err)
		}
	}
}

// BenchmarkDelete measures a call without an answer, over HTTP.
func BenchmarkDelete(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	b.Cleanup(server.Close)
	client, err := zaqar.Connect(b.Context(), server.URL, zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2))
	if err != nil {
		b.Fatal(err)
	}
	q := client.Queue("q")
	b.ReportAllocs()
	for b.Loop() {
		if err := q.DeleteMessage(b.Context(), "4f8a1e0e-5b0d-4d6e-9d36-4d3a7e5a0d11", zaqar.ClaimID("9c0d6f5e-7a86-4f1b-8b9e-2f5f0d1c7a52")); err != nil {
			b.Fatal(err)
		}
	}
}
