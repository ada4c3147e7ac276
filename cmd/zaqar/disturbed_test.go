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
var projects = []struct {
	name   string
	queues []string
}{
	{"wot is free", []string{"aaa"}},
	{"wot is taken", []string{"aaa", "wot"}},
}

func TestSignalAtEachRequestLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	signals := []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}}
	for p, project := range projects {
		t.Run(project.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, project.queues...)
			for n, disturbed := range c.places(t, p) {
				sent := signals[n%len(signals)]
				var r *tour
				reached := false
				c.act = func(at place, next http.Handler, w http.ResponseWriter, req *http.Request) {
					if at == disturbed {
						reached = true
						r.signal(sent.signal)
					}
					next.ServeHTTP(w, req)
				}
				r = c.tour(t)
				// Workers do not always send the same number of requests.
				if code := r.run(t); reached && code != sent.code {
					t.Errorf("%v at %v: exit code %d, want %d\n%s", sent.signal, disturbed, code, sent.code, &r.err)
				}
				c.untouched(t)
			}
		})
	}
}

func TestErrorAtEachRequestLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for p, project := range projects {
		for turn, acts := range []bool{true, false} {
			t.Run(project.name+map[bool]string{true: " and the server acts", false: " and the server does not act"}[acts], func(t *testing.T) {
				t.Parallel()
				c := newCloud(t, project.queues...)
				for _, disturbed := range c.places(t, p+turn) {
					if acts && (disturbed.reads() || disturbed.ofWorker() && disturbed.claims()) {
						continue // it changes nothing, or makes a claim that nobody heard of, which ends after a minute
					}
					want := []int{0} // the workers may send fewer requests
					c.act = func(at place, next http.Handler, w http.ResponseWriter, req *http.Request) {
						if at != disturbed {
							next.ServeHTTP(w, req)
							return
						}
						switch {
						case at.reads(): // the client sends it again
						case at.ofWorker() && req.Method != http.MethodPut:
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
						t.Errorf("500 to %v: exit code %d, want %d\n%s", disturbed, code, want, &r.err)
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
	t.Parallel()
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
	t.Parallel()
	c := newCloud(t, "aaa")
	c.act = func(_ place, next http.Handler, w http.ResponseWriter, r *http.Request) {
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
	t.Parallel()
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
	t.Parallel()
	c := newCloud(t, "aaa")
	var r *tour
	c.act = func(_ place, next http.Handler, w http.ResponseWriter, req *http.Request) {
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
	t.Parallel()
	c := newCloud(t, "aaa", "wot")
	reader, writer, err := os.Pipe()
	check(t, err)
	defer func() { _ = writer.Close() }()
	c.act = func(_ place, next http.Handler, w http.ResponseWriter, req *http.Request) {
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
