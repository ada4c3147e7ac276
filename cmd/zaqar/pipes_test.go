//go:build unix

package main_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/zaqar-go/zaqar"
)

// relay is a Zaqar behind a proxy in which a test can handle each request. It is a zaqar
// serve, or the server without authentication that ZAQAR_TEST_ENDPOINT names.
type relay struct {
	client  *zaqar.Client // goes around the proxy
	url     string
	project string        // without any queues
	listed  chan struct{} // has an element when messages were listed since the last receive

	mu     sync.Mutex
	handle handler
}

// handler answers a request; next serves it as usual.
type handler func(next http.Handler, w http.ResponseWriter, r *http.Request)

// on sets what handles requests from now on.
func (r *relay) on(handle handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handle = handle
}

func (r *relay) handler() handler {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handle
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	endpoint := os.Getenv("ZAQAR_TEST_ENDPOINT")
	if endpoint == "" {
		server, err := startServe(command(t, "serve", "--listen", "127.0.0.1:0"))
		check(t, err)
		t.Cleanup(func() {
			if code, err := server.stop(os.Interrupt); err != nil || code != 0 {
				t.Errorf("zaqar serve: exit code %d, %v", code, err)
			}
		})
		endpoint = server.url()
	}
	r := &relay{handle: usual, project: rand.Text(), listed: make(chan struct{}, 1)}
	var err error
	r.client, err = zaqar.Connect(t.Context(), endpoint, zaqar.WithProject(r.project))
	check(t, err)
	t.Cleanup(func() { _ = r.client.Close() })
	backend, err := url.Parse(endpoint)
	check(t, err)
	// httptest closes connections of the default transport, also while others use them.
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(backend) },
		Transport: transport,
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if readBody(req) != nil {
			return // the client was killed
		}
		// A request that has arrived is carried out, even if the client has gone away.
		r.handler()(forward, w, req.WithContext(context.WithoutCancel(req.Context())))
		if isListing(req) {
			select {
			case r.listed <- struct{}{}:
			default:
			}
		}
	}))
	t.Cleanup(proxy.Close)
	r.url = proxy.URL
	return r
}

func usual(next http.Handler, w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) }

// isPost reports whether a request posts messages.
func isPost(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/messages")
}

// isListing reports whether a request lists messages.
func isListing(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/messages")
}

// process is a zaqar that runs against a relay.
type process struct {
	cmd   *exec.Cmd
	err   bytes.Buffer  // read it only when the process has ended
	began chan struct{} // closed when the process was started
	ended chan struct{} // closed when the process has ended
	state error         // how it ended
}

func (r *relay) command(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: command(t, slices.Concat(args, []string{"--endpoint", r.url, "--project-id", r.project})...), began: make(chan struct{}), ended: make(chan struct{})}
	p.cmd.Stderr = &p.err
	return p
}

// start starts the command. It is killed at the end of the test.
func (p *process) start(t *testing.T) {
	t.Helper()
	check(t, p.cmd.Start())
	close(p.began)
	go func() {
		defer close(p.ended)
		p.state = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.signal(os.Kill)
		<-p.ended
	})
}

// signal sends a signal to a command that was or will be started.
func (p *process) signal(s os.Signal) {
	<-p.began
	_ = p.cmd.Process.Signal(s) // if it has ended, the exit code shows it
}

// wait waits until the command has ended, and returns its exit code; -1 means that a signal
// killed it.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	<-p.ended
	code, err := exitCode(p.state)
	check(t, err)
	return code
}

// until waits until done is true. It looks again after each event, and fails if the command
// has ended.
func (p *process) until(t *testing.T, done func() bool, events <-chan struct{}) {
	t.Helper()
	for !done() {
		select {
		case <-events:
		case <-p.ended:
			t.Fatalf("%v has ended: %v\n%s", p.cmd.Args[1:], p.state, &p.err)
		}
	}
}

// run runs the command, which must exit with a code.
func (p *process) run(t *testing.T, want int) {
	t.Helper()
	p.start(t)
	if code := p.wait(t); code != want {
		t.Errorf("%v: exit code %d, want %d\n%s", p.cmd.Args[1:], code, want, &p.err)
	}
}

// bodies returns the bodies in a queue.
func (r *relay) bodies(t *testing.T, queue string) string {
	t.Helper()
	messages, err := zaqar.Collect(r.client.Queue(queue).Messages(t.Context()))
	check(t, err)
	var found []string
	for _, m := range messages {
		found = append(found, string(m.Body()))
	}
	return strings.Join(found, " ")
}

func TestAnInterruptedPostStoresWhatItHasRead(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	posted := make(chan struct{}, 10)
	r.on(func(next http.Handler, w http.ResponseWriter, req *http.Request) {
		next.ServeHTTP(w, req)
		if isPost(req) {
			posted <- struct{}{}
		}
	})
	p := r.command(t, "post", "wot", "--ids")
	in, err := p.cmd.StdinPipe()
	check(t, err)
	var ids bytes.Buffer
	p.cmd.Stdout = &ids
	p.start(t)
	_, err = io.WriteString(in, "1\n2\n") // and no end
	check(t, err)
	p.until(t, func() bool { return r.bodies(t, "wot") == "1 2" }, posted)
	p.signal(os.Interrupt)
	if code := p.wait(t); code != 130 {
		t.Errorf("exit code %d\n%s", code, &p.err)
	}
	if want := "zaqar: stopped behind line 2 of standard input: 2 messages are stored\n"; p.err.String() != want {
		t.Errorf("stderr %q, want %q", &p.err, want)
	}
	if got := strings.Count(ids.String(), "\n"); got != 2 {
		t.Errorf("%d ids", got)
	}
}

func TestATailEndsWithASignal(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	_, err := r.client.Queue("wot").Post(t.Context(), 1)
	check(t, err)
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 0} {
		p := r.command(t, "tail", "-f", "wot", "--position", "place", "--start")
		reader := p.output(t)
		p.start(t)
		if line, err := bufio.NewReader(reader).ReadString('\n'); err != nil || line != "1\n" {
			t.Errorf("printed %q, %v", line, err)
		}
		p.signal(signal)
		if code := p.wait(t); code != want || p.err.String() != "" {
			t.Errorf("%v: exit code %d, want %d; stderr %q", signal, code, want, &p.err)
		}
		// What was printed before the signal is not printed again.
		again := r.command(t, "tail", "-f", "wot", "--position", filepath.Join(p.cmd.Dir, "place"), "--start", "--idle", "100ms")
		var printed bytes.Buffer
		again.cmd.Stdout = &printed
		if again.run(t, 0); printed.String() != "" {
			t.Errorf("%v: printed again %q", signal, &printed)
		}
	}
}

// output returns a pipe to which the command writes its standard output.
func (p *process) output(t *testing.T) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	check(t, err)
	p.cmd.Stdout = writer
	t.Cleanup(func() { _, _ = reader.Close(), writer.Close() })
	return reader
}

func TestAReaderThatGoesAwayEndsATailQuietly(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	_, err := r.client.Queue("wot").Post(t.Context(), 1)
	check(t, err)
	p := r.command(t, "tail", "-f", "wot")
	reader := p.output(t)
	p.start(t)
	if line, err := bufio.NewReader(reader).ReadString('\n'); err != nil || line != "1\n" {
		t.Errorf("printed %q, %v", line, err)
	}
	check(t, reader.Close())
	// A program that another test starts has the pipe, too, for a moment. So there may have
	// to be more than one message.
	for ended := false; !ended; {
		_, err = r.client.Queue("wot").Post(t.Context(), 2)
		check(t, err)
		select {
		case <-p.ended:
			ended = true
		case <-r.listed:
		}
	}
	if code := p.wait(t); code != 128+int(syscall.SIGPIPE) || p.err.String() != "" {
		t.Errorf("exit code %d, stderr %q", code, &p.err)
	}
}

func TestAnInterruptedDumpLeavesNoFile(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	_, err := r.client.Queue("wot").Post(t.Context(), 1)
	check(t, err)
	p := r.command(t, "dump", "wot", "-o", "wot.ndjson")
	r.on(func(next http.Handler, w http.ResponseWriter, req *http.Request) {
		if isListing(req) {
			p.signal(os.Interrupt)
			<-p.ended // it does not wait for the answer
		}
		next.ServeHTTP(w, req)
	})
	p.run(t, 130)
	if want := "zaqar: stopped; wot.ndjson is not written\n"; p.err.String() != want {
		t.Errorf("stderr %q, want %q", &p.err, want)
	}
	if files, err := os.ReadDir(p.cmd.Dir); err != nil || len(files) != 0 {
		t.Errorf("the folder has %v, %v", files, err)
	}
}

func TestHelpThatNobodyReadsEndsQuietly(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {}, {"queue"}, {"queue", "list", "--help"}, {"help", "tour"}, {"--version"}, {"version"}, {"completion", "bash"}} {
		reader, writer, err := os.Pipe()
		check(t, err)
		check(t, reader.Close())
		cmd := command(t, args...)
		var complaints bytes.Buffer
		cmd.Stdout, cmd.Stderr = writer, &complaints
		code, err := exitCode(cmd.Run())
		check(t, errors.Join(err, writer.Close()))
		if code != 128+int(syscall.SIGPIPE) || complaints.Len() > 0 {
			t.Errorf("%v: exit code %d, stderr %q", args, code, &complaints)
		}
	}
}
