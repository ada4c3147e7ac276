package badday

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// attempt is one call of a handler.
type attempt struct {
	n              int
	id, claim, who string
	began, ended   time.Time
	done           bool // it returned nil
}

// loss is a claim, or a message, that a consumer has lost or could not settle.
type loss struct {
	at        time.Time
	who, what string // what is the id of a claim or of a message
}

// journal records what happens in a day.
type journal struct {
	mu       sync.Mutex
	attempts []*attempt
	failures map[int]int // by number: attempts that failed on purpose
	// What consumers have lost, could not settle, could not extend. stopped are consumers
	// whose stop was a hard one.
	lost, unsettled, unextended, stopped []loss

	claimed  map[string]time.Time // when the consumers made their claims
	released map[string]bool      // claims that somebody else has released
	jumps    []time.Time          // of the server's clock
	unknown  map[string]int       // messages of batches with an unknown outcome, by queue
	heard    map[string][]heard
	counts   map[string]int
	faults   map[string]int
	wrong    []string

	events   []event
	requests []zaqartest.Seen
}

// event is what an observer was told.
type event struct {
	at  time.Time
	who string
	e   observe.Event
}

// heard is a message that a subscriber has received.
type heard struct {
	n  int
	id string
}

func newJournal() *journal {
	return &journal{
		failures: map[int]int{}, claimed: map[string]time.Time{}, released: map[string]bool{}, unknown: map[string]int{}, heard: map[string][]heard{},
		counts: map[string]int{}, faults: map[string]int{},
	}
}

func (j *journal) fault(name string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.faults[name]++
}

func (j *journal) count(name string, n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.counts[name] += n
}

// violate notes that a promise was broken.
func (j *journal) violate(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}

func (j *journal) begin(n int, m *zaqar.Message, who string) *attempt {
	j.mu.Lock()
	defer j.mu.Unlock()
	a := &attempt{n: n, id: m.ID(), claim: m.ClaimID(), who: who, began: time.Now()}
	j.attempts = append(j.attempts, a)
	return a
}

func (j *journal) end(a *attempt, err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	a.ended, a.done = time.Now(), err == nil
	return err
}

// fail counts a failure on purpose, and reports whether there are to be more.
func (j *journal) fail(n, most int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failures[n] >= most {
		return false
	}
	j.failures[n]++
	return true
}

func (j *journal) hear(queue string, n int, id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.heard[queue] = append(j.heard[queue], heard{n, id})
}

// observer returns an observer that notes what explains duplicates.
func (j *journal) observer(who string) observe.Observer {
	return observe.Func(func(_ context.Context, e observe.Event) {
		j.mu.Lock()
		defer j.mu.Unlock()
		if _, request := e.(observe.Request); !request {
			j.events = append(j.events, event{time.Now(), who, e})
		}
		switch e := e.(type) {
		case observe.Request:
			j.counts["requests"]++
		case observe.ClaimLost:
			what := e.Message
			if what == "" {
				what = e.Claim
			}
			j.lost = append(j.lost, loss{time.Now(), who, what})
			j.counts["claims and messages lost"]++
		case observe.SettleFailed:
			j.unsettled = append(j.unsettled, loss{time.Now(), who, e.Message})
			j.counts["deletions and dead letters that failed"]++
		case observe.Claimed:
			j.claimed[e.Claim] = time.Now()
		case observe.ClaimFailed:
			j.counts["claiming failed"]++
		case observe.RenewalFailed:
			j.unextended = append(j.unextended, loss{time.Now(), who, e.Claim})
			j.counts["extensions failed"]++
		case observe.ReadFailed:
			j.counts["reads failed"]++
		case observe.Duplicate:
			j.counts["recognised by the consumer"]++
		case observe.Batch:
			if e.Outcome == observe.BatchUnknown {
				j.unknown[e.Queue] += e.Messages
			}
		}
	})
}

func (j *journal) release(claim string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.released[claim] = true
}

func (j *journal) stopHard(who string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stopped = append(j.stopped, loss{time.Now(), who, who})
}

func (j *journal) jump() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.jumps = append(j.jumps, time.Now())
}

// see notes a request that the server has answered.
func (j *journal) see(r zaqartest.Seen) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
	if r.Kind == "message_delete_many" {
		j.counts["deletions of many"]++
	}
}

// story returns everything that names one of these things, in order of time.
func (j *journal) story(what ...string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []string
	add := func(at time.Time, format string, args ...any) {
		line := at.UTC().Format("15:04:05.000 ") + fmt.Sprintf(format, args...)
		if slices.ContainsFunc(what, func(w string) bool { return strings.Contains(line, w) }) {
			lines = append(lines, line)
		}
	}
	for _, a := range j.attempts {
		add(a.began, "%s begins %d: %s with %s", a.who, a.n, a.id, a.claim)
		add(a.ended, "%s ends %d: %s, done: %v", a.who, a.n, a.id, a.done)
	}
	for _, e := range j.events {
		add(e.at, "%s: %s %v", e.who, e.e.Name(), e.e.Attrs())
	}
	for _, r := range j.requests {
		add(r.Time, "server: %s %s %s: %d, fault: %v", r.Kind, r.Path, r.Body, r.Status, r.Fault)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
