//go:build unix

package main_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	count   atomic.Int32      // requests of the last tour
	// act answers the request with this number, from 1 on; next serves it as usual.
	// Set it before the tour runs.
	act func(number int, next http.Handler, w http.ResponseWriter, r *http.Request)
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

// requests returns the requests of an undisturbed tour, as numbers from 0 on: all of the
// first act, and some of the second, whose workers send many that are alike.
func (c *cloud) requests(t *testing.T) (numbers []int) {
	t.Helper()
	var lock sync.Mutex
	first := 0 // requests of the first act
	c.act = func(number int, next http.Handler, w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		if first == 0 && strings.Contains(r.URL.Path, "/queues/jobs-") {
			first = number - 1
		}
		lock.Unlock()
		next.ServeHTTP(w, r)
	}
	if code := c.tour(t).run(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	c.untouched(t)
	for n := range int(c.count.Load()) {
		if n < first+4 || n%5 == 0 {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func undisturbed(_ int, next http.Handler, w http.ResponseWriter, r *http.Request) {
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
	c.count.Store(0)
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
		c.act(int(c.count.Add(1)), forward, w, req.WithContext(context.WithoutCancel(req.Context())))
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
