package zaqartest

import "errors"

// take claims up to limit messages: the oldest that nobody holds and that are
// not delayed. Without any there is no claim.
func (w *writing) take(q queue, limit int, terms lease) (claim, []message, error) {
	c := claim{id: newUUID(), created: w.now, ttl: terms.ttl, expires: w.now.plus(terms.ttl)}
	letters, err := w.deadLetters(q)
	if err != nil {
		return c, nil, err
	}
	var picked, dead []message
	for m := range w.messages(q, 0) {
		switch {
		case m.claimed(w.now) || m.delayed(w.now):
			continue
		case letters.active && m.claimCount >= letters.maxCount:
			// Where there is no queue for it, a dead letter stays: it is
			// neither handed out once more nor lost.
			if letters.exists {
				dead = append(dead, m)
			}
			continue
		}
		picked = append(picked, m)
		if len(picked) == limit {
			break
		}
	}
	for _, m := range dead {
		w.bury(q, m, letters)
	}
	for i, m := range picked {
		if letters.active {
			m.claimCount++
		}
		picked[i] = w.hold(q, m, c, terms)
		c.numbers = append(c.numbers, m.number)
	}
	if len(picked) > 0 {
		w.putClaim(q, c)
	}
	return c, picked, nil
}

// hold puts a claim's mark on a message. A message that would end before the
// claim does lives on until the claim's end and the grace after it.
func (w *writing) hold(q queue, m message, c claim, terms lease) message {
	was := m
	m.claim, m.claimExpires = c.id, c.expires
	if end := c.expires.plus(terms.grace); m.expires < c.expires {
		m.expires, m.ttl = end, terms.ttl+max(0, terms.grace)
	}
	w.replaceMessage(q, was, m)
	return m
}

// renew gives a claim new terms, from now on.
func (w *writing) renew(q queue, c claim, terms lease) {
	w.removeClaim(q, c)
	held := w.held(q, c)
	c.created, c.ttl, c.expires = w.now, terms.ttl, w.now.plus(terms.ttl)
	for _, m := range held {
		w.hold(q, m, c, terms)
	}
	w.putClaim(q, c)
}

// release ends a claim; its messages are free at once.
func (w *writing) release(q queue, c claim) {
	for _, m := range w.held(q, c) {
		free := m
		free.claim, free.claimExpires = uuid{}, never
		w.replaceMessage(q, m, free)
	}
	w.removeClaim(q, c)
}

// extendClaim gives a claim new terms, from now on.
func (b *broker) extendClaim(project, name, id string, terms lease) error {
	return b.update(func(w *writing) error {
		q, err := w.queue(project, name)
		if err != nil {
			return err
		}
		found, err := w.claim(q, id)
		if err == nil {
			w.renew(q, found, terms)
		}
		return err
	})
}

// releaseClaim ends a claim. The queue and the claim may be missing.
func (b *broker) releaseClaim(project, name, id string) error {
	return b.changeQueue(project, name, func(w *writing, q queue) error {
		found, err := w.claim(q, id)
		if errors.Is(err, errNoClaim) {
			return nil
		}
		if err == nil {
			w.release(q, found)
		}
		return err
	})
}
