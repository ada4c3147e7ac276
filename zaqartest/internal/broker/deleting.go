package broker

import "errors"

// DeleteMessage removes a message for a caller who names a claim, or none (""). The
// queue and the message need not exist.
func (b *Broker) DeleteMessage(project, name, id, claimID string) error {
	return b.changeQueue(project, name, func(w *WriteTx, q Queue) error {
		m, err := w.Message(q, id)
		if errors.Is(err, ErrNoMessage) {
			return nil
		}
		if err != nil {
			return err
		}
		return w.DeleteMessage(q, m, claimID)
	})
}

// DeleteMessages removes messages by their ids, all or none. Ids without a message
// are ignored. If guarded, one of the claims must hold each message.
func (b *Broker) DeleteMessages(project, name string, ids, claims []string, guarded bool) error {
	return b.changeQueue(project, name, func(w *WriteTx, q Queue) error {
		return w.DeleteMessages(q, ids, claims, guarded)
	})
}

// Pop claims up to limit messages and deletes them in one transaction. It returns
// them with the time of the transaction.
func (b *Broker) Pop(project, name string, limit int) (popped []Message, now Instant, err error) {
	err = b.changeQueue(project, name, func(w *WriteTx, q Queue) error {
		made, messages, err := w.CreateClaim(q, limit, ClaimTerms{TTL: 1})
		if err != nil {
			return err
		}
		popped = messages
		cloneAll(popped)
		for _, m := range messages {
			w.RemoveMessage(q, m)
		}
		w.removeClaim(q, made)
		now = w.now
		return nil
	})
	return popped, now, err
}

// DeleteMessage removes a message for a caller who names a claim, or none ("").
func (w *WriteTx) DeleteMessage(q Queue, m Message, claimID string) error {
	if claimID == "" {
		if m.Claimed() {
			return ErrClaimed
		}
		w.RemoveMessage(q, m)
		return nil
	}
	c, err := w.Claim(q, claimID)
	switch {
	case err != nil:
		return err
	case !m.Claimed():
		return ErrNotClaimed
	case m.ClaimID != c.ID:
		return ErrOtherClaim
	}
	w.RemoveMessage(q, m)
	return nil
}

// DeleteMessages removes messages by their ids, claimed or not. If guarded, one of
// the claims must hold each of them.
func (w *WriteTx) DeleteMessages(q Queue, ids, claims []string, guarded bool) error {
	for _, id := range ids {
		m, err := w.Message(q, id)
		if err != nil {
			continue
		}
		if guarded && !w.heldByAny(q, m, claims) {
			return ErrOtherClaim
		}
		w.RemoveMessage(q, m)
	}
	return nil
}

// heldByAny reports whether one of the claims holds a message.
func (r *ReadTx) heldByAny(q Queue, m Message, claims []string) bool {
	for _, id := range claims {
		if c, err := r.Claim(q, id); err == nil && m.ClaimID == c.ID {
			return true
		}
	}
	return false
}
