//go:build unix

package main_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	zaqarlib "github.com/zaqar-go/zaqar"
)

// cloud is a zaqar serve that holds queues of other people, behind a proxy in
// which a test can act on each request.
type cloud struct {
	client *zaqarlib.Client
	url    string
	before map[string]string // what it held from the start
	count  atomic.Int32      // requests that came through the proxy
	// act is done at the request with this number, from 1 on, before it goes on.
	// When it returns false the request is answered with 500 afterwards.
	act func(number int, r *http.Request) bool
}

func newCloud(t *testing.T, queues ...string) *cloud {
	t.Helper()
	server, err := startServe(zaqar(t, "serve", "--listen", "127.0.0.1:0"))
	check(t, err)
	t.Cleanup(func() {
		if code, err := server.stop(os.Interrupt); err != nil || code != 0 {
			t.Errorf("zaqar serve: exit code %d, %v", code, err)
		}
	})
	c := &cloud{act: func(int, *http.Request) bool { return true }}
	c.client, err = zaqarlib.Connect(t.Context(), server.url(), zaqarlib.WithProject("demo"))
	check(t, err)
	for _, name := range queues {
		queue, err := c.client.CreateQueue(t.Context(), name, zaqarlib.Content{"owner": "somebody"})
		check(t, err)
		_, err = queue.Post(t.Context(), "a message of somebody")
		check(t, err)
	}
	c.before = c.holdings(t)

	backend, err := url.Parse(server.url())
	check(t, err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(backend) }}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// As at a real server, what has arrived is carried out, even when the
		// client has gone away.
		r = r.WithContext(context.WithoutCancel(r.Context()))
		if !c.act(int(c.count.Add(1)), r) {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	c.url = front.URL
	return c
}

// holdings tells all that the project has: metadata and messages by queue.
func (c *cloud) holdings(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for queue, err := range c.client.Queues(t.Context()) {
		check(t, err)
		metadata, err := queue.Metadata(t.Context())
		check(t, err)
		text := metadata.String()
		for message, err := range queue.Messages(t.Context(), zaqarlib.IncludeClaimed(true)) {
			check(t, err)
			text += " " + message.ID() + " " + string(message.Body()) + message.ClaimID()
		}
		found[queue.Name()] = text
	}
	return found
}

// untouched checks that the project has what it had before the tour.
func (c *cloud) untouched(t *testing.T) {
	t.Helper()
	after := c.holdings(t)
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

// tour is a zaqar tour on a cloud.
type tour struct {
	cmd    *exec.Cmd
	heard  chan struct{} // closed when it says that it was interrupted
	done   chan struct{} // closed when it writes no more
	stderr []string      // all of it, once done
}

func (c *cloud) start(t *testing.T, flags ...string) *tour {
	t.Helper()
	c.count.Store(0)
	r := &tour{
		cmd:   zaqar(t, slices.Concat([]string{"tour", "--endpoint", c.url, "--project", "demo"}, flags)...),
		heard: make(chan struct{}), done: make(chan struct{}),
	}
	pipe, err := r.cmd.StderrPipe()
	check(t, err)
	go func() {
		defer close(r.done)
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			r.stderr = append(r.stderr, lines.Text())
			if strings.Contains(lines.Text(), "interrupted") {
				close(r.heard)
			}
		}
	}()
	return r
}

// signal sends a signal and waits until the tour has heard it.
func (r *tour) signal(s os.Signal) {
	if r.cmd.Process.Signal(s) != nil {
		return // it has ended, which the exit code will tell
	}
	select {
	case <-r.heard:
	case <-r.done:
	}
}

// run runs the tour to its end and returns its exit code.
func (r *tour) run(t *testing.T) int {
	t.Helper()
	check(t, r.cmd.Start())
	return r.wait(t)
}

func (r *tour) wait(t *testing.T) int {
	t.Helper()
	<-r.done
	code, err := exitCode(r.cmd.Wait())
	check(t, err)
	return code
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// requests is how many a whole tour sends.
func (c *cloud) requests(t *testing.T) int {
	t.Helper()
	if code := c.start(t).run(t); code != 0 {
		t.Fatalf("a tour that nobody disturbs exits with %d", code)
	}
	c.untouched(t)
	return int(c.count.Load())
}
