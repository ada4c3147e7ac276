package badday

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar"
)

// Day is what happened in a run.
type Day struct {
	Seed uint64
	// Setting is what the seed chose.
	Setting string
	// Counts are numbers of messages and events, Faults of the faults, both by name.
	Counts, Faults map[string]int
	// Duplicates are the messages that were stored, handled, heard or became dead letters
	// more than once, by what explains it.
	Duplicates map[string]int
	// Violations are broken promises.
	Violations []string
}

func (d *day) summary() *Day {
	p := d.plan
	duplicates := map[string]int{}
	for name, n := range d.counts {
		if why, ok := cutPrefix(name); ok {
			duplicates[why] = n
			delete(d.counts, name)
		}
	}
	return &Day{
		Seed: p.seed, Counts: d.counts, Faults: d.faults, Duplicates: duplicates, Violations: d.wrong,
		Setting: fmt.Sprintf("duplicates %v, %d consumers, claims of %d, %v, WebSockets %v, late requests %v",
			p.publisher.AllowDuplicates, p.consumers, p.consumer.ClaimSize, p.consumer.OnFailure, p.sockets, p.tampers),
	}
}

const duplicatePrefix = "duplicate: "

func cutPrefix(name string) (string, bool) {
	if len(name) > len(duplicatePrefix) && name[:len(duplicatePrefix)] == duplicatePrefix {
		return name[len(duplicatePrefix):], true
	}
	return name, false
}

func (d *day) duplicate(why string) { d.count(duplicatePrefix+why, 1) }

// check compares what was promised with what happened, after all has ended.
func (d *day) check(ctx context.Context) {
	for _, m := range d.srv.Messages(d.project, workQueue) {
		d.violate("%s is left: %s", m.ID, m.Body)
	}
	letters := d.deadLetters(ctx)
	done, stored := map[int][]*attempt{}, map[int]map[string]bool{}
	for _, a := range d.attempts {
		if stored[a.n] == nil {
			stored[a.n] = map[string]bool{}
		}
		stored[a.n][a.id] = true
		if a.done {
			done[a.n] = append(done[a.n], a)
		}
	}
	for _, m := range d.srv.Messages(d.project, newsQueue) {
		n := number(d, m.Body)
		if stored[n] == nil {
			stored[n] = map[string]bool{}
		}
		stored[n][m.ID] = true
	}
	for n := range d.published {
		d.checkFuture(n, stored[n], len(done[n]) > 0 || letters[n] > 0)
	}
	d.checkCopies(workQueue, stored, 0, worked)
	d.checkCopies(newsQueue, stored, worked, worked+kept)
	for _, n := range slices.Sorted(maps.Keys(done)) {
		d.checkHandled(n, done[n])
	}
	d.checkHeard(stored)
}

func number(d *day, body []byte) int {
	var j job
	if err := json.Unmarshal(body, &j); err != nil {
		d.violate("%s: %v", body, err)
	}
	return j.N
}

// checkFuture compares what a future says with what is stored and handled.
func (d *day) checkFuture(n int, copies map[string]bool, settled bool) {
	future := d.published[n]
	select {
	case <-future.Done():
	default:
		d.violate("the future of %d has not ended", n)
		return
	}
	switch err := future.Err(); {
	case err == nil:
		d.count("accepted", 1)
		if len(copies) == 0 {
			d.violate("%d was accepted and is lost", n)
		}
		if n < worked && !settled {
			d.violate("%d was accepted, and neither handled nor a dead letter", n)
		}
	case zaqar.SafeToRetry(err):
		d.count("refused", 1)
		if len(copies) > 0 {
			d.violate("%d is said not to be stored, and is: %v", n, err)
		}
	default:
		d.count("unknown", 1)
		d.count("unknown and stored", min(1, len(copies)))
		if len(copies) > 0 && n < worked && !settled {
			d.violate("%d was stored, and neither handled nor a dead letter", n)
		}
	}
}

// checkCopies explains messages that are stored more than once: by answers that were lost,
// if duplicates are allowed.
func (d *day) checkCopies(queue string, stored map[int]map[string]bool, from, to int) {
	more := 0
	for n := from; n < to; n++ {
		for range len(stored[n]) - 1 {
			more++
			d.duplicate("stored twice: an answer was lost, and AllowDuplicates is set")
		}
	}
	if more > 0 && (!d.plan.publisher.AllowDuplicates || more > d.unknown[queue]) {
		d.violate("%d copies are stored in %s, and batches with %d messages had unknown outcomes", more, queue, d.unknown[queue])
	}
}

// checkHandled explains the same message handled more than once.
func (d *day) checkHandled(n int, done []*attempt) {
	d.count("handled", 1)
	for i, a := range done {
		for _, earlier := range done[:i] {
			if earlier.id != a.id {
				continue
			}
			if why := d.reason(earlier, a); why != "" {
				d.duplicate("handled twice: " + why)
			} else {
				d.violate("%d was handled twice without a reason:\n%s", n, d.story(a.id, earlier.claim, a.claim))
			}
			break
		}
	}
}

// reason explains why two attempts at the same message ended well. The server never gives a
// message to two claims at once, so the claim of one of them had ended before its deletion.
func (d *day) reason(earlier, a *attempt) string {
	either := func(losses []loss, what ...string) bool {
		return since(losses, earlier, append(what, earlier.claim)...) || since(losses, a, append(what, a.claim)...)
	}
	switch {
	case d.released[earlier.claim] || d.released[a.claim]:
		return "somebody else released the claim"
	case either(d.lost, a.id):
		return "the claim was lost"
	case since(d.unsettled, earlier, earlier.id):
		return "the deletion failed"
	case since(d.stopped, earlier, earlier.who):
		return "a hard stop cut the deletion off"
	case either(d.unextended):
		return "the claim could not be extended"
	case slices.ContainsFunc(d.jumps, func(at time.Time) bool { return !at.Before(d.heldSince(earlier, a)) && !at.After(a.ended) }):
		return "the server's clock jumped, and ended the claim"
	}
	return ""
}

// heldSince returns since when one of two attempts has had the message: the claim may have
// ended while the message waited.
func (d *day) heldSince(earlier, a *attempt) time.Time {
	first := earlier.began
	for _, claim := range []string{earlier.claim, a.claim} {
		if at, ok := d.claimed[claim]; ok && at.Before(first) {
			first = at
		}
	}
	return first
}

// since reports whether the consumer of an attempt has lost one of these things since.
func since(losses []loss, a *attempt, what ...string) bool {
	return slices.ContainsFunc(losses, func(l loss) bool {
		return l.who == a.who && slices.Contains(what, l.what) && !l.at.Before(a.began)
	})
}

// deadLetters counts the dead letters of each number.
func (d *day) deadLetters(ctx context.Context) map[int]int {
	letters, ids := map[int]int{}, map[string]int{}
	for m, err := range d.stranger.Queue(deadQueue).Messages(ctx) {
		if err != nil {
			d.violate("dead letters: %v", err)
			break
		}
		letter, err := zaqar.ReadDeadLetter(m)
		if err != nil {
			d.violate("%s: %v", m.Body(), err)
			continue
		}
		n := number(d, letter.Body)
		letters[n]++
		if k := d.plan.jobs[n].Kind; k != hopeless && k != permanent {
			d.violate("%d is a dead letter although it is %s: %s", n, k, letter.Reason)
		}
		if ids[letter.ID]++; ids[letter.ID] > 1 {
			if why := d.reasonForLetter(letter.ID); why != "" {
				d.duplicate("two dead letters: " + why)
			} else {
				d.violate("%d is a dead letter %d times without a reason:\n%s", n, ids[letter.ID], d.story(letter.ID))
			}
		}
	}
	d.count("dead letters", len(letters))
	return letters
}

// reasonForLetter explains a second dead letter of a message: it was not deleted after the
// first one, or it is unknown whether that one was posted.
func (d *day) reasonForLetter(id string) string {
	if slices.ContainsFunc(d.unsettled, func(l loss) bool { return l.what == id }) {
		return "an answer was lost, or the message could not be deleted after"
	}
	for _, a := range d.attempts {
		switch {
		case a.id != id:
		case d.released[a.claim], since(d.lost, a, id, a.claim):
			return "the claim was lost"
		case since(d.stopped, a, a.who):
			return "a hard stop cut the deletion off"
		}
	}
	return ""
}

// checkHeard compares what the subscriber has heard with what was there long enough.
func (d *day) checkHeard(stored map[int]map[string]bool) {
	times := map[string]int{}
	for _, messages := range d.heard {
		for _, h := range messages {
			if times[h.id]++; times[h.id] > 1 {
				d.violate("%d was heard %d times", h.n, times[h.id])
			}
		}
	}
	d.count("heard", len(times))
	for n := worked; n < worked+kept; n++ {
		for id := range stored[n] {
			if times[id] == 0 {
				d.violate("%d was never heard", n)
			}
		}
	}
	var order []string
	for _, m := range d.srv.Messages(d.project, newsQueue) {
		order = append(order, m.ID)
	}
	var got []string
	for _, h := range d.heard[newsQueue] {
		got = append(got, h.id)
	}
	if !slices.Equal(order, got) && len(order) == len(got) {
		d.violate("the order of what was heard is not that of the queue")
	}
	first, last := map[string]time.Time{}, map[string]time.Time{}
	for _, a := range d.attempts {
		if _, ok := first[a.id]; !ok {
			first[a.id] = a.began
		}
		last[a.id] = a.ended
	}
	for id, began := range first {
		if last[id].Sub(began) < longEnough {
			continue
		}
		d.count("in the queue for long", 1)
		if times[id] == 0 {
			d.violate("%s was never heard, and was in the queue from %v to %v", id, began, last[id])
		}
	}
}
