package zaqartest

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
