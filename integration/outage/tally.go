package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"text/tabwriter"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/observe"
)

// tally records what the workers did.
type tally struct {
	mu      sync.Mutex
	counts  map[string]int
	handled map[int][]done          // by number
	heard   []map[string]int        // by subscriber, how often it heard an id
	lost    map[string]map[int]bool // messages and claims that a consumer lost, by id
	notes   map[string]int
	broken  []string
}

// done is a handler that has ended well.
type done struct {
	consumer int
	id       string
}

func newTally() *tally {
	return &tally{
		counts: map[string]int{}, handled: map[int][]done{}, heard: []map[string]int{{}, {}},
		lost: map[string]map[int]bool{}, notes: map[string]int{},
	}
}

func (t *tally) count(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[name]++
}

func (t *tally) get(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[name]
}

// note counts a text, which is printed at the end.
func (t *tally) note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes[text]++
}

// wrong notes that a promise was broken.
func (t *tally) wrong(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.broken = append(t.broken, fmt.Sprintf(format, args...))
}

func (t *tally) handle(consumer, n int, id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handled[n] = append(t.handled[n], done{consumer, id})
}

func (t *tally) handledSoFar() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.handled)
}

// handledJob reports whether a job was handled.
func (t *tally) handledJob(queue string, n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return queue == jobs && len(t.handled[n]) > 0
}

func (t *tally) hear(subscriber int, queue string, n int, id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.heard[subscriber][id]++; t.heard[subscriber][id] > 1 {
		t.broken = append(t.broken, fmt.Sprintf("subscriber %d heard %d of %s twice", subscriber, n, queue))
	}
}

func (t *tally) heardIt(subscriber int, id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.heard[subscriber][id] > 0
}

func (t *tally) stats(s zaqar.ConsumerStats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts["deleted although the claim was lost"] += s.Rescued
	t.counts["came again and were recognised"] += s.Duplicates
}

// observer counts what is told.
func (t *tally) observer(who string) observe.Observer {
	return observe.Func(func(_ context.Context, e observe.Event) {
		t.mu.Lock()
		defer t.mu.Unlock()
		switch e := e.(type) {
		case observe.Request:
			t.counts["requests"]++
			if e.Status == 0 || e.Status >= http.StatusBadRequest {
				t.counts["requests that failed"]++
			}
		case observe.Batch:
			if e.Outcome != observe.BatchStored {
				t.counts["batches not stored, or unknown"]++
			}
		case observe.ClaimFailed:
			t.counts["attempts to claim that failed"]++
		case observe.RenewalFailed:
			t.counts["extensions that failed"]++
		case observe.ClaimLost:
			t.counts["claims lost"]++
			t.lose(who, e.Message)
		case observe.SettleFailed:
			t.counts["deletions that failed"]++
			t.lose(who, e.Message)
		case observe.ReadFailed:
			t.counts["reads that failed"]++
		case observe.Disconnected:
			t.counts["WebSockets lost"]++
		case observe.TokenRenewed:
			if e.Refused {
				t.counts["tokens renewed after a refusal"]++
			}
		}
	})
}

// lose notes that a consumer could not delete a message in the first try.
func (t *tally) lose(who, message string) {
	if message == "" {
		return
	}
	if t.lost[message] == nil {
		t.lost[message] = map[int]bool{}
	}
	t.lost[message][int(who[len(who)-1]-'A')] = true
}

// repeats explains jobs that were handled more than once.
func (t *tally) repeats() {
	for n, all := range t.handled {
		for i, d := range all[1:] {
			switch earlier := all[i]; {
			case earlier.id != d.id:
				t.broken = append(t.broken, fmt.Sprintf("job %d is stored twice", n))
			case t.lost[d.id][earlier.consumer]:
				t.counts["handled twice: the first deletion failed or came too late"]++
			default:
				t.broken = append(t.broken, fmt.Sprintf("job %d was handled twice without a reason", n))
			}
		}
	}
}

// print prints what happened.
func (w *workers) print(out io.Writer, events []event) {
	t := w.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.repeats()
	tab := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(tab, "| at\t| what\t| took\t| handled before\t| requests that failed, until 20 s after\t|")
	fmt.Fprintln(tab, "|---\t|---\t|---\t|---\t|---\t|")
	for _, e := range events {
		fmt.Fprintf(tab, "| %v\t| %s\t| %v\t| %d\t| %d\t|\n", e.at, e.what, e.took, e.handled, e.failures)
	}
	fmt.Fprintln(tab)
	row := func(name string, n int) { fmt.Fprintf(tab, "| %s\t| %d\t|\n", name, n) }
	row("jobs published", len(w.futures[jobs]))
	row("news published", len(w.futures[news]))
	row("jobs handled", len(t.handled))
	row("jobs left", w.left)
	for i, heard := range t.heard {
		row(fmt.Sprintf("heard by subscriber %d", i+1), len(heard))
	}
	for _, name := range slices.Sorted(maps.Keys(t.counts)) {
		row(name, t.counts[name])
	}
	row("promises broken", len(t.broken))
	_ = tab.Flush()
	for text, n := range t.notes {
		fmt.Fprintf(out, "%d × %s\n", n, text)
	}
}
