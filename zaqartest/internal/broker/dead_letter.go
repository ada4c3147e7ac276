package broker

import "errors"

// deadLetterRule says what happens to messages of a queue that were claimed too
// often.
type deadLetterRule struct {
	active   bool  // the queue counts claims
	exists   bool  // the dead letter queue exists
	maxCount int64 // how often a message may be claimed
	ttl      int64 // of a dead letter; 0 keeps the message's own
	queue    Queue
}

// deadLetterRule reads the rule from a queue's metadata. Zaqar counts claims only if
// both keys are set, and it does not create the dead letter queue.
func (w *WriteTx) deadLetterRule(q Queue) (deadLetterRule, error) {
	var rule deadLetterRule
	name := q.Metadata.Text("_dead_letter_queue")
	rule.maxCount = q.Metadata.Integer("_max_claim_count")
	rule.active = name != "" && rule.maxCount > 0
	if !rule.active {
		return rule, nil
	}
	rule.ttl = q.Metadata.Integer("_dead_letter_queue_messages_ttl")
	var err error
	rule.queue, err = w.Queue(q.Project, name)
	if errors.Is(err, ErrNoQueue) {
		return rule, nil
	}
	rule.exists = err == nil
	return rule, err
}

// moveDeadLetter moves a message to the end of the dead letter queue. The message
// keeps its id, is not claimed, and its claim count starts again at 0.
func (w *WriteTx) moveDeadLetter(q Queue, m Message, rule deadLetterRule) {
	m = m.Clone()
	w.RemoveMessage(q, m)
	m.ClaimID, m.ClaimCount = UUID{}, 0
	if rule.ttl > 0 {
		m.Created, m.TTL, m.Expires = w.now, rule.ttl, w.now.Plus(rule.ttl)
	}
	w.appendMessage(rule.queue, m)
}
