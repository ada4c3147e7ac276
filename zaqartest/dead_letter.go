package zaqartest

import "errors"

// graveyard says what happens to the messages of a queue that were claimed too
// often.
type graveyard struct {
	active   bool  // the queue counts claims
	exists   bool  // so does the dead letter queue
	maxCount int64 // claims that a message may see
	ttl      int64 // of a dead letter, or 0: it keeps its own
	queue    queue
}

// deadLetters reads it from the metadata. Zaqar counts only where both keys are
// set, and does not make the queue.
func (w *writing) deadLetters(q queue) (graveyard, error) {
	var g graveyard
	name := q.metadata.text("_dead_letter_queue")
	g.maxCount = q.metadata.integer("_max_claim_count")
	g.active = name != "" && g.maxCount > 0
	if !g.active {
		return g, nil
	}
	g.ttl = q.metadata.integer("_dead_letter_queue_messages_ttl")
	var err error
	g.queue, err = w.queue(q.project, name)
	if errors.Is(err, errNoQueue) {
		return g, nil
	}
	g.exists = err == nil
	return g, err
}

// bury moves a message to the end of the dead letter queue, under its own id.
// There it is free, and its claims are counted afresh.
func (w *writing) bury(q queue, m message, to graveyard) {
	m = m.kept()
	w.removeMessage(q, m)
	m.claim, m.claimExpires, m.claimCount = uuid{}, never, 0
	if to.ttl > 0 {
		m.created, m.ttl, m.expires = w.now, to.ttl, w.now.plus(to.ttl)
	}
	w.appendMessage(to.queue, m)
}
