package conformance

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/transport"
)

// Record runs the suite as [Run] does, and records which operations the cases used with
// success. At the end, if all cases have run and passed, it calls keep with the results
// under the server's name. The target's options must not contain an HTTP client or TLS
// settings, because Record uses a transport of its own.
func Record(t *testing.T, server string, version zaqar.Version, open func(t *testing.T) Target, keep func(Results)) {
	t.Helper()
	RecordFeature(t, server, "", version, open, keep)
}

// RecordFeature runs the cases of a feature as [RunFeature] does, and records results as
// [Record] does.
func RecordFeature(t *testing.T, server string, feature Feature, version zaqar.Version, open func(t *testing.T) Target, keep func(Results)) {
	t.Helper()
	r := &record{used: map[string]bool{}, met: map[int]bool{}}
	for noun, cases := range groups[feature] {
		for _, c := range cases {
			if concerns(version, noun, c.sentence) {
				r.left++
			}
		}
	}
	t.Cleanup(func() {
		if r.left == 0 && !t.Failed() {
			keep(results(server, feature, version, r.used, r.met))
		}
	})
	run(t, feature, version, open, r, func(noun, sentence string) bool { return concerns(version, noun, sentence) })
}

// record has the operations that the cases of one run used, and the quirks they met.
type record struct {
	mu   sync.Mutex
	left int // cases that have not passed
	used map[string]bool
	met  map[int]bool
}

// add adds the notes of a case that has passed.
func (r *record) add(n *notes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left--
	maps.Copy(r.used, n.used)
	maps.Copy(r.met, n.met)
}

// notes are the operations that one case used, and the quirks it met.
type notes struct {
	version zaqar.Version
	mu      sync.Mutex
	used    map[string]bool
	met     map[int]bool
}

// take starts the notes of a case. They count if the case passes, including its
// clean-up.
func (r *record) take(t *testing.T, version zaqar.Version) *notes {
	t.Helper()
	n := &notes{version: version, used: map[string]bool{}, met: map[int]bool{}}
	t.Cleanup(func() {
		if !t.Failed() {
			r.add(n)
		}
	})
	return n
}

// answered records a successful request if it uses the version under test. Cases that
// discover the version can use another one.
func (n *notes) answered(req *transport.Request) {
	if req.Op == "" || req.Path != "/" && !strings.HasPrefix(req.Path, "/"+n.version.String()+"/") {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.used[req.Op] = true
	for param := range req.Params {
		if subject := req.Op + " " + param; slices.ContainsFunc(quirks, func(q quirk) bool { return slices.Contains(q.about, subject) }) {
			n.used[subject] = true
		}
	}
}

func (n *notes) meets(number int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.met[number] = true
}

// recorder is a transport that records requests.
type recorder struct {
	transport.Transport
	notes *notes
}

// Do implements transport.Transport.
func (r recorder) Do(ctx context.Context, req *transport.Request) (*transport.Response, error) {
	reply, err := r.Transport.Do(ctx, req)
	// The list of versions has status 300.
	if err == nil && (reply.Status/100 == 2 || reply.Status == http.StatusMultipleChoices) {
		r.notes.answered(req)
	}
	return reply, err
}
