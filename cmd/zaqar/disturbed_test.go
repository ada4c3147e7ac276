//go:build unix

package main_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// projects are possible contents of a project before the tour.
var projects = map[string][]string{
	"wot is free":  {"aaa"},
	"wot is taken": {"aaa", "wot"},
}

func TestSignalAtEachRequestLeavesNothingBehind(t *testing.T) {
	signals := []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}}
	for name, queues := range projects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, queues...)
			for _, at := range c.requests(t) {
				sent := signals[at%len(signals)]
				var r *tour
				reached := false
				c.act = func(number int, next http.Handler, w http.ResponseWriter, req *http.Request) {
					if number == at+1 {
						reached = true
						r.signal(sent.signal)
					}
					next.ServeHTTP(w, req)
				}
				r = c.tour(t)
				// Workers do not always send the same number of requests.
				if code := r.run(t); reached && code != sent.code {
					t.Errorf("%v at request %d: exit code %d, want %d\n%s", sent.signal, at+1, code, sent.code, &r.err)
				}
				c.untouched(t)
			}
		})
	}
}

func TestErrorAtEachRequestLeavesNothingBehind(t *testing.T) {
	for name, queues := range projects {
		for _, acts := range []bool{true, false} {
			t.Run(name+map[bool]string{true: " and the server acts", false: " and the server does not act"}[acts], func(t *testing.T) {
				t.Parallel()
				c := newCloud(t, queues...)
				for _, at := range c.requests(t) {
					want := []int{0} // the workers may send fewer requests
					c.act = func(number int, next http.Handler, w http.ResponseWriter, req *http.Request) {
						ofWorker := strings.Contains(req.URL.Path, "/queues/jobs-")
						claims := ofWorker && strings.HasSuffix(req.URL.Path, "/claims")
						if number != at+1 || claims && acts { // a claim that nobody heard of ends after a minute
							next.ServeHTTP(w, req)
							return
						}
						switch {
						case req.Method == http.MethodGet: // the client sends what only reads again
						case ofWorker && req.Method != http.MethodPut:
							want = []int{0, 1} // a worker tries again, the tour itself does not
						default:
							want = []int{1}
						}
						if acts {
							next.ServeHTTP(unheard{}, req)
						}
						http.Error(w, "", http.StatusInternalServerError)
					}
					r := c.tour(t)
					if code := r.run(t); !slices.Contains(want, code) {
						t.Errorf("500 to request %d: exit code %d, want %d\n%s", at+1, code, want, &r.err)
					}
					c.untouched(t)
				}
			})
		}
	}
}

// unheard is a ResponseWriter whose answer nobody gets.
type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) Write(p []byte) (int, error) { return len(p), nil }
func (unheard) WriteHeader(int)             {}

func TestAQueueWotThatExistsIsLeftAlone(t *testing.T) {
	c := newCloud(t, "aaa", "wot")
	c.act = undisturbed
	r := c.tour(t)
	if code := r.run(t); code != 0 || r.err.String() != "" {
		t.Errorf("exit code %d\n%s", code, &r.err)
	}
	for _, text := range []string{"<Queue [wot-", "There is a queue wot already"} {
		if !strings.Contains(r.out.String(), text) {
			t.Errorf("%q is not in\n%s", text, &r.out)
		}
	}
	c.untouched(t)
}

func TestAQueueWotThatSomebodyMakesMeanwhileIsLeftAlone(t *testing.T) {
	c := newCloud(t, "aaa")
	c.act = func(_ int, next http.Handler, w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && r.URL.Path == "/v2/queues/wot" {
			c.make(t, "wot")
			c.before = c.contents(t)
		}
		next.ServeHTTP(w, r)
	}
	r := c.tour(t)
	if code := r.run(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, &r.err)
	}
	if !strings.Contains(r.out.String(), "<Queue [wot-") {
		t.Errorf("the tour took the queue wot:\n%s", &r.out)
	}
	c.untouched(t)
}

func TestSignalEndsAPause(t *testing.T) {
	c := newCloud(t, "aaa", "wot")
	c.act = undisturbed
	r := c.tour(t, "--pause", "30s")
	connected := r.out.Shows("Version()\n      v2\n")
	go func() {
		<-connected
		r.signal(os.Interrupt)
	}()
	if code := r.run(t); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
	c.untouched(t)
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	c := newCloud(t, "aaa")
	var r *tour
	c.act = func(_ int, next http.Handler, w http.ResponseWriter, req *http.Request) {
		switch {
		case strings.HasSuffix(req.URL.Path, "/claims"):
			r.signal(os.Interrupt)
		case req.Method == http.MethodDelete: // the clean-up
			_ = r.cmd.Process.Signal(os.Interrupt)
			<-r.ended
		}
		next.ServeHTTP(w, req)
	}
	r = c.tour(t)
	if code := r.run(t); code != -1 {
		t.Errorf("exit code %d; the signal did not kill it", code)
	}
}

func TestAReaderThatGoesAwayEndsTheTour(t *testing.T) {
	c := newCloud(t, "aaa", "wot")
	reader, writer, err := os.Pipe()
	check(t, err)
	defer func() { _ = writer.Close() }()
	c.act = func(_ int, next http.Handler, w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "/claims") {
			_ = reader.Close()
		}
		next.ServeHTTP(w, req)
	}
	r := c.tour(t)
	r.cmd.Stdout = writer
	if code := r.run(t); code != 128+int(syscall.SIGPIPE) {
		t.Errorf("exit code %d, want that of SIGPIPE", code)
	}
	if !strings.HasPrefix(r.err.String(), "zaqar: deleted the queue wot-") || strings.Count(r.err.String(), "\n") != 1 {
		t.Errorf("stderr: %s", &r.err)
	}
	c.untouched(t)
}
