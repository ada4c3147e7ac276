package zaqartest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// bareServer decodes, keeps and encodes messages as a program without any rules would:
// with encoding/json, a list and a map.
type bareServer struct {
	mu     sync.Mutex
	next   int
	queued []*bareMessage
	byID   map[string]*bareMessage
}

type bareMessage struct {
	ID   string          `json:"id"`
	Href string          `json:"href"`
	TTL  int64           `json:"ttl"`
	Age  int64           `json:"age"`
	Body json.RawMessage `json:"body"`
}

type barePage struct {
	Messages []*bareMessage `json:"messages"`
}

func (s *bareServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch {
	case r.Method == http.MethodDelete:
		s.drop(strings.Split(r.URL.Query().Get("ids"), ","))
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/claims"):
		s.claim(w, text)
	default:
		s.post(w, text)
	}
}

func (s *bareServer) post(w http.ResponseWriter, text []byte) {
	var sent barePage
	if err := json.Unmarshal(text, &sent); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var ids []string
	var answer struct {
		Resources []string `json:"resources"`
	}
	s.mu.Lock()
	for _, m := range sent.Messages {
		s.next++
		m.ID = fmt.Sprintf("3381af92-2b9e-11e3-b191-%012x", s.next)
		m.Href = "/v2/queues/q/messages/" + m.ID
		s.byID[m.ID] = m
		ids, answer.Resources = append(ids, m.ID), append(answer.Resources, m.Href)
	}
	s.queued = append(s.queued, sent.Messages...)
	s.mu.Unlock()
	w.Header().Set("Location", "/v2/queues/q/messages?ids="+strings.Join(ids, ","))
	encode(w, answer)
}

func (s *bareServer) claim(w http.ResponseWriter, text []byte) {
	var terms struct{ TTL, Grace int64 }
	if err := json.Unmarshal(text, &terms); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	page := barePage{Messages: make([]*bareMessage, 20)}
	copy(page.Messages, s.queued)
	s.queued = s.queued[20:]
	s.mu.Unlock()
	claim := fmt.Sprintf("3381af92-2b9e-11e3-b191-%012x", terms.TTL)
	for _, m := range page.Messages {
		m.Href += "?claim_id=" + claim
	}
	w.Header().Set("Location", "/v2/queues/q/claims/"+claim)
	encode(w, page)
}

func (s *bareServer) drop(ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		delete(s.byID, id)
	}
}

func encode(w http.ResponseWriter, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(text)
}

// bareFigures are measured on both servers. They are run in turn: what one posts the
// other claims and deletes.
func bareFigures(b *testing.B, bare, server *caller) {
	post := func(c *caller) func() time.Duration {
		return func() time.Duration {
			_, took := c.do("POST", "/v2/queues/q/messages", batchOf100)
			for range 5 {
				ids, _, _ := c.claim("q")
				c.deleteAll("q", ids)
			}
			return took
		}
	}
	handle := func(c *caller) func() time.Duration {
		return func() time.Duration {
			var all time.Duration
			c.do("POST", "/v2/queues/q/messages", batchOf100)
			for range 5 {
				ids, _, took := c.claim("q")
				all += took + c.deleteAll("q", ids)
			}
			return all
		}
	}
	for _, c := range []*caller{bare, server} {
		c.fill("q", 10_000)
	}
	b.Run("post 100", func(b *testing.B) { compare(b, "x-of-bare", post(bare), post(server)) })
	b.Run("claim 20 and delete", func(b *testing.B) { compare(b, "x-of-bare", handle(bare), handle(server)) })
}

// BenchmarkBareHandler compares the embedded server's handler with a bare one.
func BenchmarkBareHandler(b *testing.B) {
	server, _ := embedded(b)
	bareFigures(b, newCaller(b, &bareServer{byID: map[string]*bareMessage{}}), server)
}

// BenchmarkBareServer does the same over a socket, with a client of net/http.
func BenchmarkBareServer(b *testing.B) {
	bare := httptest.NewServer(&bareServer{byID: map[string]*bareMessage{}})
	b.Cleanup(bare.Close)
	_, srv := embedded(b)
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	bareFigures(b, overSocket(b, bare.URL), overSocket(b, srv.URL()))
}

// overSocket returns a caller that forwards what it does to a server.
func overSocket(b *testing.B, url string) *caller {
	client := &http.Client{}
	b.Cleanup(client.CloseIdleConnections)
	return newCaller(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequestWithContext(r.Context(), r.Method, url+r.URL.RequestURI(), r.Body)
		if err != nil {
			b.Fatal(err)
		}
		req.Header, req.ContentLength = r.Header, r.ContentLength
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		w.Header().Set("Location", resp.Header.Get("Location"))
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
}
