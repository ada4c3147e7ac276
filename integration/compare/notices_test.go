package compare

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/integration"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// received is a notice that a webhook got.
type received struct {
	path   string // of the webhook
	header http.Header
	body   []byte
}

// scripts are the answers of webhooks that do not accept every notice, by path. 0 breaks
// the connection.
var scripts = map[string][]int{
	"broken":   {0, 0, 200},
	"refusing": {0, 503, 404, 200},
	"moved":    {0, 302},
}

// webhooks starts a receiver of notices. Each side of a comparison has paths of its own,
// which start with its name.
func webhooks(t *testing.T, sides ...string) (url string, notices map[string]chan received) {
	t.Helper()
	notices = map[string]chan received{}
	for _, side := range sides {
		notices[side] = make(chan received, 100)
	}
	var mu sync.Mutex
	counts := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // ignore a partial notice
		}
		side, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		notices[side] <- received{r.Method + " " + rest, r.Header.Clone(), body}
		mu.Lock()
		n := counts[r.URL.Path]
		counts[r.URL.Path]++
		mu.Unlock()
		switch script := scripts[rest]; {
		case n >= len(script):
		case script[n] == 0:
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(script[n])
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, notices
}

// side is one of the two servers, with its subscribers.
type side struct {
	*conversation
	name, hook string
	notices    chan received
}

func (s *side) do(t *testing.T, method, path, body string, header ...[2]string) answer {
	t.Helper()
	a, err := s.send(t.Context(), request{method, path, header, body})
	if err != nil {
		t.Fatalf("%s: %s %s: %v", s.name, method, path, err)
	}
	return a
}

// subscribe subscribes a webhook and returns the answer.
func (s *side) subscribe(t *testing.T, path, options string) {
	t.Helper()
	a := s.do(t, "POST", "/v*/queues/q/subscriptions", fmt.Sprintf(`{"subscriber":%q,"ttl":600,"options":%s}`, s.hook+"/"+s.name+"/"+path, options))
	if a.status != http.StatusCreated {
		t.Fatalf("%s: subscribing: %d %s", s.name, a.status, a.body)
	}
}

// get waits for notices, and returns their comparable parts, sorted.
func (s *side) get(ctx context.Context, t *testing.T, count int) (all []received, seen []string) {
	t.Helper()
	for range count {
		select {
		case n := <-s.notices:
			all = append(all, n)
			seen = append(seen, s.look(n))
		case <-ctx.Done():
			t.Fatalf("%s: only %d of %d notices came: %v", s.name, len(all), count, seen)
		}
	}
	slices.Sort(seen)
	return all, seen
}

// look returns the part of a notice that is compared.
func (s *side) look(n received) string {
	document := answer{body: n.body}.document()
	if text, ok := document.(string); ok {
		document = s.masked("", text)
	} else {
		document = s.masked("", document)
	}
	if fields, ok := document.(map[string]any); ok && fields["Message"] != nil {
		fields["Message"], fields["URL-Signature"] = "some words", len(fmt.Sprint(fields["URL-Signature"]))
	}
	return fmt.Sprintf("%s %q %q %v", n.path, n.header.Values("Content-Type"), n.header.Values("X-Extra"), document)
}

// startSides starts the embedded server to compare with a real one.
func startSides(t *testing.T, key, version string, opts ...zaqartest.Option) (left, right *side) {
	t.Helper()
	if os.Getenv("ZAQAR_REAL_DIR") == "" {
		t.Setenv("ZAQAR_REAL_DIR", filepath.Join("..", "..", ".real"))
	}
	endpoints, err := integration.Find()
	if err != nil {
		t.Fatal(err)
	}
	url, err := endpoints.Need(key)
	if err != nil {
		t.Fatal(err)
	}
	signingKey, err := endpoints.Need("ZAQAR_REAL_SIGNED_URL_KEY")
	if err != nil {
		t.Fatal(err)
	}
	ours := zaqartest.Run(t, append(opts, zaqartest.WithSecretKey(signingKey), zaqartest.WithChecksums(true))...)
	hook, notices := webhooks(t, "real", "ours")
	unique := "notices-" + strings.ToLower(strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()))
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	left = &side{newConversation(url, client, version, unique), "real", hook, notices["real"]}
	right = &side{newConversation(ours.URL(), client, version, unique), "ours", hook, notices["ours"]}
	for _, s := range []*side{left, right} {
		s.do(t, "POST", "/v*/queues/q/purge", "") // remove messages of an earlier run
	}
	t.Cleanup(func() {
		for _, s := range []*side{left, right} {
			if _, err := s.send(context.Background(), request{method: "POST", path: "/v*/queues/q/purge"}); err != nil {
				t.Errorf("%s: purging: %v", s.name, err)
			}
			if err := s.end(context.Background()); err != nil {
				t.Errorf("%s: deleting what was made: %v", s.name, err)
			}
		}
	})
	return left, right
}

func TestWebhooksGetTheSameFromRealServers(t *testing.T) {
	for name, key := range map[string]string{"Zaqar 23": "ZAQAR_REAL_Z23_URL", "Zaqar 15": "ZAQAR_REAL_Z15_URL"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			left, right := startSides(t, key, "v2")
			var seen [2][]string
			for i, s := range []*side{left, right} {
				s.do(t, "PUT", "/v*/queues/q", `{"_default_message_delay":1}`)
				s.do(t, "PUT", "/v*/queues/p", `{}`)
				s.subscribe(t, "plain", `{}`)
				s.subscribe(t, "headers", `{"post_headers":{"X-Extra":"a b","Content-Type":"application/x-test"}}`)
				s.subscribe(t, "data", `{"post_data":"{\"alert\": \"$zaqar_message$\", \"text\": \"$zaqar_message$ here\"}"}`)
				s.do(t, "POST", "/v*/queues/q/messages", `{"messages":[{"body":{"n":1,"s":"é"},"ttl":300,"delay":2},{"body":null},{"body":[1.5,"x"],"unknown":1}]}`)
				_, seen[i] = s.get(ctx, t, 9)
			}
			if !reflect.DeepEqual(seen[0], seen[1]) {
				t.Errorf("the real server sent\n%s\nand ours\n%s", strings.Join(seen[0], "\n"), strings.Join(seen[1], "\n"))
			}
		})
	}
}

func TestWebhooksAreTriedAgainAsByRealServers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	left, right := startSides(t, "ZAQAR_REAL_Z23_URL", "v2")
	expected := 0
	for _, script := range scripts {
		expected += len(script)
	}
	var seen [2][]string
	for i, s := range []*side{left, right} {
		for path := range scripts {
			s.subscribe(t, path, `{}`)
		}
		s.do(t, "POST", "/v*/queues/q/messages", `{"messages":[{"body":1}]}`)
		_, seen[i] = s.get(ctx, t, expected)
	}
	if !reflect.DeepEqual(seen[0], seen[1]) {
		t.Errorf("the real server sent\n%s\nand ours\n%s", strings.Join(seen[0], "\n"), strings.Join(seen[1], "\n"))
	}
	t.Logf("the same on both:\n%s", strings.Join(seen[1], "\n"))
}

func TestConfirmationsAreThoseOfRealServers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	left, right := startSides(t, "ZAQAR_REAL_Z23_CONFIRM_URL", "v2", zaqartest.WithRequireConfirmation(true))
	var seen [2][]string
	for i, s := range []*side{left, right} {
		s.subscribe(t, "hook", `{}`)
		s.do(t, "POST", "/v*/queues/q/messages", `{"messages":[{"body":"early"}]}`)
		first, got := s.get(ctx, t, 1)
		seen[i] = append(seen[i], got...)
		s.subscribe(t, "hook", `{}`) // sends the notice again
		_, got = s.get(ctx, t, 1)
		seen[i] = append(seen[i], got...)

		notice, ok := answer{body: first[0].body}.document().(map[string]any)
		if !ok {
			t.Fatalf("%s: notice %s", s.name, first[0].body)
		}
		follow := func(path, body string, change ...[2]string) {
			t.Helper()
			header := [][2]string{{"X-Project-Id", fmt.Sprint(notice["X-Project-ID"])}}
			for _, name := range []string{"URL-Signature", "URL-Methods", "URL-Paths", "URL-Expires"} {
				header = append(header, [2]string{name, fmt.Sprint(notice[name])})
			}
			a := s.do(t, "PUT", path, body, append(header, change...)...)
			seen[i] = append(seen[i], a.summary())
		}
		path := fmt.Sprint(notice["URL-Paths"])
		follow(path, `{"confirmed":true}`, [2]string{"URL-Expires", "2036-01-01T00:00:00"})
		follow(path, `{"confirmed":true}`, [2]string{"X-Project-Id", "other"})
		follow(strings.Replace(path, "/queues/q/", "/queues/other/", 1), `{"confirmed":true}`)
		follow(path, `{"confirmed":true}`)
		s.do(t, "POST", "/v*/queues/q/messages", `{"messages":[{"body":"late"}]}`)
		_, got = s.get(ctx, t, 1)
		seen[i] = append(seen[i], got...)
		follow(path, `{"confirmed":false}`)
		_, got = s.get(ctx, t, 1)
		seen[i] = append(seen[i], got...)
	}
	if !reflect.DeepEqual(seen[0], seen[1]) {
		t.Errorf("the real server sent\n%s\nand ours\n%s", strings.Join(seen[0], "\n"), strings.Join(seen[1], "\n"))
	}
	t.Logf("the same on both:\n%s", strings.Join(seen[1], "\n"))
}
