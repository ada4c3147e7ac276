package zaqartest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// The benchmarks compare two things in one run and report a ratio, because machines
// differ and are shared. Each iteration measures both, one after the other. Calls are
// measured by the CPU time that they take, and the medians are compared.
//
//	go test -run '^$' -bench . -benchtime 200x ./zaqartest/...

// caller calls a handler without a socket.
type caller struct {
	b       *testing.B
	handler http.Handler
	header  http.Header
}

func newCaller(b *testing.B, handler http.Handler) *caller {
	return &caller{b, handler, http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
}

// embedded returns a caller of a new embedded server.
func embedded(b *testing.B, opts ...zaqartest.Option) (*caller, *zaqartest.Server) {
	b.Helper()
	srv, err := zaqartest.NewServer(opts...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := srv.Close(); err != nil {
			b.Error(err)
		}
	})
	return newCaller(b, srv.Handler()), srv
}

// heard is the answer to a caller.
type heard struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (h *heard) Header() http.Header               { return h.header }
func (h *heard) WriteHeader(status int)            { h.status = status }
func (h *heard) Write(text []byte) (int, error)    { return h.body.Write(text) }
func (h *heard) SetReadDeadline(_ time.Time) error { return nil }

func (h *heard) SetWriteDeadline(_ time.Time) error { return nil }
func (h *heard) FlushError() error                  { return nil }

// do makes a call as another client, and returns its answer and what it took.
func (c *caller) do(method, path, body string) (*heard, time.Duration) {
	c.b.Helper()
	req, err := http.NewRequestWithContext(c.b.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
	if err != nil {
		c.b.Fatal(err)
	}
	req.Header = c.header
	out := &heard{header: http.Header{}}
	start := spent(c.b)
	c.handler.ServeHTTP(out, req)
	took := spent(c.b) - start
	if out.status >= 300 {
		c.b.Fatalf("%s %s: status %d: %s", method, path, out.status, out.body.Bytes())
	}
	return out, took
}

// ids returns the ids of the messages in an answer.
func (h *heard) ids(b *testing.B) []string {
	b.Helper()
	var page struct{ Messages []struct{ ID string } }
	if err := json.Unmarshal(h.body.Bytes(), &page); err != nil {
		b.Fatalf("%v: %s", err, h.body.Bytes())
	}
	ids := make([]string, 0, len(page.Messages))
	for _, m := range page.Messages {
		ids = append(ids, m.ID)
	}
	return ids
}

// postedIDs returns the ids in the answer to a post.
func (h *heard) postedIDs() []string {
	_, list, _ := strings.Cut(h.header.Get("Location"), "?ids=")
	return strings.Split(list, ",")
}

// body200 is a message of 200 bytes.
var body200 = `"` + strings.Repeat("0123456789", 20)[:198] + `"`

// batch is the body of a post.
func batch(size int) string {
	messages := slices.Repeat([]string{`{"ttl":3600,"body":` + body200 + `}`}, size)
	return `{"messages":[` + strings.Join(messages, ",") + `]}`
}

var batchOf100 = batch(100)

// fill posts messages to a queue, 100 at a time.
func (c *caller) fill(queue string, count int) {
	c.b.Helper()
	for range count / 100 {
		c.do("POST", "/v2/queues/"+queue+"/messages", batchOf100)
	}
}

// deleteAll deletes messages by their ids, and returns how long that took.
func (c *caller) deleteAll(queue string, ids []string) time.Duration {
	c.b.Helper()
	var took time.Duration
	for some := range slices.Chunk(ids, 20) {
		_, t := c.do("DELETE", "/v2/queues/"+queue+"/messages?ids="+strings.Join(some, ","), "")
		took += t
	}
	return took
}

// claim claims 20 messages, and returns their ids, the claim's path and how long it took.
func (c *caller) claim(queue string) (ids []string, path string, took time.Duration) {
	c.b.Helper()
	made, took := c.do("POST", "/v2/queues/"+queue+"/claims?limit=20", `{"ttl":300,"grace":60}`)
	ids = made.ids(c.b)
	if len(ids) != 20 {
		c.b.Fatalf("a claim holds %d messages, not 20", len(ids))
	}
	return ids, made.header.Get("Location"), took
}

// compare measures two sides in turn. It reports how fast the second is, compared with
// the first, and how long both take.
func compare(b *testing.B, unit string, base, other func() time.Duration) {
	b.Helper()
	base()
	other()
	var first, second []time.Duration
	for b.Loop() {
		if len(first)%2 == 0 {
			first = append(first, base())
			second = append(second, other())
		} else {
			second = append(second, other())
			first = append(first, base())
		}
	}
	one, two := median(first), median(second)
	b.ReportMetric(0, "ns/op") // it would be the sum of both
	b.ReportMetric(float64(one)/float64(two), unit)
	b.ReportMetric(float64(one)/1000, "µs-base")
	b.ReportMetric(float64(two)/1000, "µs")
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
