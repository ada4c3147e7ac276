package publisher

import "time"

// pause is how long messages wait for others when nothing is under way. A message that
// comes alone does not wait. But whoever waited for the last answer may publish again at
// once, and should join those who waited for their batch meanwhile: otherwise there would
// be two groups for ever, each of which waits for the other's request. So after an answer
// messages wait until as many are there as were outstanding before, or none comes for an
// eighth of the time that the request took, and no longer than that time.
type pause struct {
	longest time.Duration
	full    int // no batch has more messages

	since time.Time     // the last answer
	most  time.Duration // of the pause after it
	// outstanding is how many messages were under way or buffered at the last answer,
	// and at the one before.
	outstanding [2]int
}

// begin notes an answer to a batch of sent messages, while others were buffered.
func (p *pause) begin(sent, buffered int, took time.Duration) {
	p.since, p.most = time.Now(), min(took, p.longest)
	p.outstanding = [2]int{min(sent+buffered, p.full), p.outstanding[0]}
}

// left returns how long the pause still lasts, with this many messages in the buffer.
func (p *pause) left(buffered int, lastAcceptedAt time.Time) time.Duration {
	if buffered >= max(p.outstanding[0], p.outstanding[1]) {
		return 0
	}
	quietSince := p.since
	if lastAcceptedAt.After(quietSince) {
		quietSince = lastAcceptedAt
	}
	return min(p.most/8-time.Since(quietSince), p.most-time.Since(p.since))
}
