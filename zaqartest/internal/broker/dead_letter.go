package broker

import "errors"

// graveyard says what happens to the messages of a queue that were claimed too
// often.
type deadLetterRule struct {
	active   bool  // the queue counts claims
	exists   bool  // so does the dead letter queue
	maxCount int64 // claims that a message may see
	ttl      int64 // of a dead letter, or 0: it keeps its own
	queue    Queue
}

// deadLetters reads it from the metadata. Zaqar counts only where both keys are
// set, and does not make the queue.
func (w *WriteTx) deadLetterRule(q Queue) (deadLetterRule, error) {
	var g deadLetterRule
	name := q.Metadata.Text("_dead_letter_queue")
	g.maxCount = q.Metadata.Integer("_max_claim_count")
	g.active = name != "" && g.maxCount > 0
	if !g.active {
		return g, nil
	}
	g.ttl = q.Metadata.Integer("_dead_letter_queue_messages_ttl")
	var err error
	g.queue, err = w.Queue(q.Project, name)
	if errors.Is(err, ErrNoQueue) {
		return g, nil
	}
	g.exists = err == nil
	return g, err
}

// bury moves a message to the end of the dead letter queue, under its own id.
// There it is free, and its claims are counted afresh.
func (w *WriteTx) moveDeadLetter(q Queue, m Message, to deadLetterRule) {
	m = m.Clone()
	w.RemoveMessage(q, m)
	m.ClaimID, m.ClaimExpires, m.ClaimCount = UUID{}, never, 0
	if to.ttl > 0 {
		m.Created, m.TTL, m.Expires = w.now, to.ttl, w.now.Plus(to.ttl)
	}
	w.appendMessage(to.queue, m)
}
