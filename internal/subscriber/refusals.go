package subscriber

import (
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

// refusals tells when a service that refuses to list a queue means it. A refusal may
// pass: a service or Keystone that is being restarted, a role that was granted just now,
// a token that one of many servers does not know yet. So it takes time and several
// rounds, and any success starts anew. Failures of other kinds neither count nor start
// anew.
type refusals struct {
	rounds int
	first  time.Time // when the first of them came
}

const (
	// finalAfter is how long a queue must be refused that was read before, and finalAtFirst
	// one that never was: a wrong name or a missing role shall show soon.
	finalAfter   = time.Minute
	finalAtFirst = 5 * time.Second
	// fewestRounds is how many refusals that takes at least.
	fewestRounds = 3
	// shortestRefusal and longestRefusal bound the wait after a refusal.
	shortestRefusal = time.Second
	longestRefusal  = 15 * time.Second
)

// refused counts a refusal. readBefore says whether the queue could ever be read. It
// returns whether the refusal is final, or else how long to wait before the next round.
func (r *refusals) refused(readBefore bool) (final bool, wait time.Duration) {
	limit := finalAtFirst
	if readBefore {
		limit = finalAfter
	}
	if r.rounds == 0 {
		r.first = time.Now()
	}
	r.rounds++
	left := limit - time.Since(r.first)
	if left <= 0 && r.rounds >= fewestRounds {
		return true, 0
	}
	wait = backoff.Jittered(backoff.Backoff{First: shortestRefusal, Most: longestRefusal}.Longest(r.rounds))
	if left > 0 {
		wait = min(wait, left)
	}
	return false, wait
}

// accepted notes a success.
func (r *refusals) accepted() { r.rounds = 0 }
