package zaqartest

import "errors"

// deleteMessage removes a message on behalf of somebody who names a claim, or
// none ("").
func (w *writing) deleteMessage(q queue, m message, claimID string) error {
	if claimID == "" {
		if m.claimed(w.now) {
			return errClaimed
		}
		w.removeMessage(q, m)
		return nil
	}
	c, err := w.claim(q, claimID)
	switch {
	case err != nil:
		return err
	case !m.claimed(w.now):
		return errNotClaimed
	case m.claim != c.id:
		return errOtherClaim
	}
	w.removeMessage(q, m)
	return nil
}

// deleteMessages removes messages by their ids, claimed or not; guarded, they
// must be held by one of some claims.
func (w *writing) deleteMessages(q queue, ids, claims []string, guarded bool) error {
	for _, id := range ids {
		m, err := w.message(q, id)
		if err != nil {
			continue
		}
		if guarded && !w.heldByAny(q, m, claims) {
			return errOtherClaim
		}
		w.removeMessage(q, m)
	}
	return nil
}

// heldByAny tells whether one of some claims holds a message.
func (r *reading) heldByAny(q queue, m message, claims []string) bool {
	for _, id := range claims {
		if c, err := r.claim(q, id); err == nil && m.claimed(r.now) && m.claim == c.id {
			return true
		}
	}
	return false
}

// deleteMessage removes a message on behalf of a caller who names a claim, or none
// (""). The queue and the message may be missing.
func (b *broker) deleteMessage(project, name, id, claimID string) error {
	return b.changeQueue(project, name, func(w *writing, q queue) error {
		m, err := w.message(q, id)
		if errors.Is(err, errNoMessage) {
			return nil
		}
		if err != nil {
			return err
		}
		return w.deleteMessage(q, m, claimID)
	})
}

// deleteMessages removes messages by their ids, all or none. Missing ones do not
// count. If guarded, one of the claims must hold each of them.
func (b *broker) deleteMessages(project, name string, ids, claims []string, guarded bool) error {
	return b.changeQueue(project, name, func(w *writing, q queue) error {
		return w.deleteMessages(q, ids, claims, guarded)
	})
}

// pop claims up to limit messages and deletes them, in one step. It returns them with
// the time at which it did so.
func (b *broker) pop(project, name string, limit int) (popped []message, now instant, err error) {
	err = b.changeQueue(project, name, func(w *writing, q queue) error {
		made, messages, err := w.take(q, limit, lease{ttl: 1})
		if err != nil {
			return err
		}
		for _, m := range messages {
			popped = append(popped, m.kept())
			w.removeMessage(q, m)
		}
		w.removeClaim(q, made)
		now = w.now
		return nil
	})
	return popped, now, err
}
