//go:build unix

package main_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/clitest"
)

// cloud is a zaqar serve with queues of other users, behind a proxy in which a test can
// handle each request.
type cloud struct {
	client  *zaqar.Client
	backend *url.URL
	before  map[string]string // its contents before the tour
	// act answers the request at this place; next serves it as usual. Set it before the
	// tour runs.
	act func(at place, next http.Handler, w http.ResponseWriter, r *http.Request)

	mu   sync.Mutex
	sent map[string]int // requests of the last tour, by kind
}

// place is a request of a tour: the first of its kind, the second, and so on.
type place struct {
	kind string // method, path without random parts, and the names of parameters
	nth  int    // from 1 on
}

func (p place) String() string { return fmt.Sprintf("%s (%d)", p.kind, p.nth) }

// ofWorker reports whether a request belongs to the second act.
func (p place) ofWorker() bool { return strings.Contains(p.kind, "/queues/jobs") }

// reads reports whether a request changes nothing. The client sends such a request again.
func (p place) reads() bool { return strings.HasPrefix(p.kind, http.MethodGet) }

// claims reports whether a request makes a claim.
func (p place) claims() bool { return strings.Contains(p.kind, "/claims?") }

var (
	randomIDs   = regexp.MustCompile(`/(messages|claims)/[^/]+`)
	randomNames = regexp.MustCompile(`-[0-9a-f]{8}\b`)
)

// place returns the place of a request of the tour that runs.
func (c *cloud) place(r *http.Request) place {
	kind := r.Method + " " + randomNames.ReplaceAllString(randomIDs.ReplaceAllString(r.URL.Path, "/$1/ID"), "")
	kind += "?" + strings.Join(slices.Sorted(maps.Keys(r.URL.Query())), "&")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent[kind]++
	return place{kind, c.sent[kind]}
}

func newCloud(t *testing.T, queues ...string) *cloud {
	t.Helper()
	server, err := startServe(command(t, "serve", "--listen", "127.0.0.1:0"))
	check(t, err)
	t.Cleanup(func() {
		if code, err := server.stop(os.Interrupt); err != nil || code != 0 {
			t.Errorf("zaqar serve: exit code %d, %v", code, err)
		}
	})
	c := &cloud{}
	c.client, err = zaqar.Connect(t.Context(), server.url(), zaqar.WithProject("demo"))
	check(t, err)
	for _, name := range queues {
		c.make(t, name)
	}
	c.before = c.contents(t)

	c.backend, err = url.Parse(server.url())
	check(t, err)
	return c
}

// make creates a queue of another user.
func (c *cloud) make(t *testing.T, name string) {
	t.Helper()
	queue, err := c.client.CreateQueue(t.Context(), name, zaqar.Content{"owner": "somebody"})
	check(t, err)
	_, err = queue.Post(t.Context(), "a message of somebody")
	check(t, err)
}

// contents returns everything in the project: metadata and messages by queue.
func (c *cloud) contents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for queue, err := range c.client.Queues(t.Context()) {
		check(t, err)
		metadata, err := queue.Metadata(t.Context())
		check(t, err)
		text := metadata.String()
		for message, err := range queue.Messages(t.Context(), zaqar.IncludeClaimed(true)) {
			check(t, err)
			text += " " + message.ID() + message.ClaimID() + string(message.Body())
		}
		found[queue.Name()] = text
	}
	return found
}

// untouched checks that the project has the same contents as before the tour.
func (c *cloud) untouched(t *testing.T) {
	t.Helper()
	after := c.contents(t)
	for name, text := range c.before {
		if after[name] != text {
			t.Errorf("the queue %s was\n%s\nand is now\n%s", name, text, after[name])
		}
		delete(after, name)
	}
	for name := range after {
		t.Errorf("the queue %s is left behind", name)
	}
}

// places returns the places at which a tour is disturbed: all of the first act, and the
// first of each kind of the second, whose workers send many that are alike. They are
// shared out among the projects. With ZAQAR_TEST_COMPLETE, which `make releases` sets, each
// project gets them all, and more of those that are alike.
func (c *cloud) places(t *testing.T, project int) (chosen []place) {
	t.Helper()
	var mu sync.Mutex
	var all []place
	c.act = func(at place, next http.Handler, w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		all = append(all, at)
		mu.Unlock()
		next.ServeHTTP(w, r)
	}
	if code := c.tour(t).run(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	c.untouched(t)
	complete := os.Getenv("ZAQAR_TEST_COMPLETE") != ""
	for n, at := range all {
		if at.ofWorker() && at.nth > 1 && (!complete || n%5 > 0) {
			continue
		}
		// The order of workers' requests differs from tour to tour, a checksum does not.
		if complete || (int(crc32.ChecksumIEEE([]byte(at.String())))+project)%len(projects) == 0 {
			chosen = append(chosen, at)
		}
	}
	return chosen
}

func undisturbed(_ place, next http.Handler, w http.ResponseWriter, r *http.Request) {
	next.ServeHTTP(w, r)
}

// tour is a zaqar tour on a cloud.
type tour struct {
	cmd      *exec.Cmd
	proxy    *httptest.Server
	out, err clitest.Transcript
	started  chan struct{}
	ended    chan struct{}
}

func (c *cloud) tour(t *testing.T, flags ...string) *tour {
	t.Helper()
	c.mu.Lock()
	c.sent = map[string]int{}
	c.mu.Unlock()
	// httptest closes connections of the default transport, also while others use them.
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(c.backend) },
		Transport: transport,
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	r := &tour{started: make(chan struct{}), ended: make(chan struct{})}
	r.proxy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		<-r.started
		if readBody(req) != nil {
			return // the client was killed
		}
		// A request that has arrived is carried out, even if the client has gone away.
		c.act(c.place(req), forward, w, req.WithContext(context.WithoutCancel(req.Context())))
	}))
	args := slices.Concat([]string{"tour", "--endpoint", r.proxy.URL, "--project", "demo"}, flags)
	r.cmd = command(t, args...)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.err
	return r
}

// readBody reads the body of a request before it is forwarded. net/http closes the body
// when the answer begins, and a ReverseProxy whose transport looks for the end of the body
// then cuts the answer.
func readBody(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

// run runs the tour until it and all its requests have ended, and returns its exit code;
// -1 means that a signal killed it.
func (r *tour) run(t *testing.T) int {
	t.Helper()
	defer r.proxy.Close()
	check(t, r.cmd.Start())
	close(r.started)
	err := r.cmd.Wait()
	close(r.ended)
	code, err := exitCode(err)
	check(t, err)
	return code
}

// signal sends a signal to a running tour, and waits until the tour has noticed it.
func (r *tour) signal(s os.Signal) {
	heard := r.err.Shows("interrupted")
	_ = r.cmd.Process.Signal(s) // if it has ended, the exit code shows it
	select {
	case <-heard:
	case <-r.ended:
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
