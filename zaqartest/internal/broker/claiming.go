package broker

import "errors"

// CreateClaim claims up to limit messages of a queue. It returns them with the time of
// the transaction.
func (b *Broker) CreateClaim(project, name string, limit int, terms ClaimTerms) (c Claim, held []Message, now Instant, err error) {
	err = b.Update(func(w *WriteTx) error {
		q, err := w.Queue(project, name)
		if err != nil {
			return err
		}
		now = w.now
		c, held, err = w.CreateClaim(q, limit, terms)
		cloneAll(held)
		return err
	})
	return c, held, now, err
}

// CreateClaim claims up to limit messages: the oldest that no claim holds and that
// are not delayed. If there is none, it makes no claim.
func (w *WriteTx) CreateClaim(q Queue, limit int, terms ClaimTerms) (Claim, []Message, error) {
	w.isClaim = true
	c := Claim{ID: NewUUID(), Created: w.now, TTL: terms.TTL, Expires: w.now.Plus(terms.TTL)}
	rule, err := w.deadLetterRule(q)
	if err != nil {
		return c, nil, err
	}
	picked := make([]Message, 0, min(limit, walkSize))
	var dead []Message
	for m := range w.walk(q, 0, limit, readySpace) {
		if rule.active && m.ClaimCount >= rule.maxCount {
			// Without a dead letter queue, a dead letter stays where it is: it is
			// neither claimed again nor lost.
			if rule.exists {
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
		w.moveDeadLetter(q, m, rule)
	}
	for i, m := range picked {
		changed := m
		if rule.active {
			changed.ClaimCount++
		}
		picked[i] = w.hold(q, m, changed, c, terms)
		c.numbers = append(c.numbers, m.Number)
	}
	if len(picked) > 0 {
		w.tally(q.uid).claimed += uint64(len(picked))
		w.putClaim(q, c)
	}
	return c, picked, nil
}

// hold marks a message as held by a claim, and stores what else has changed of it. A
// message that would expire before the claim is kept until the claim's end plus the grace
// period.
func (w *WriteTx) hold(q Queue, was, m Message, c Claim, terms ClaimTerms) Message {
	if end := c.Expires.Plus(terms.Grace); m.Expires < c.Expires {
		m.Expires, m.TTL = end, terms.TTL+max(0, terms.Grace)
	}
	if m.Expires != was.Expires || m.ClaimCount != was.ClaimCount {
		w.replaceMessage(q, was, m)
	}
	if m.ClaimID != c.ID {
		w.tx.Delete(w.keys.numberKey(readySpace, q.uid, m.Number))
		w.tx.Put(w.keys.numberKey(heldSpace, q.uid, m.Number), c.ID[:])
		m.ClaimID = c.ID
	}
	return m
}

// ExtendClaim gives a claim new terms, from now on. It returns ErrNoQueue or
// ErrNoClaim if there is no such claim.
func (b *Broker) ExtendClaim(project, name, id string, terms ClaimTerms) error {
	return b.Update(func(w *WriteTx) error {
		q, err := w.Queue(project, name)
		if err != nil {
			return err
		}
		found, err := w.Claim(q, id)
		if err == nil {
			w.ExtendClaim(q, found, terms)
		}
		return err
	})
}

// ExtendClaim gives a claim new terms, from now on.
func (w *WriteTx) ExtendClaim(q Queue, c Claim, terms ClaimTerms) {
	w.isClaim = true
	w.removeClaim(q, c)
	held := w.ClaimMessages(q, c)
	c.Created, c.TTL, c.Expires = w.now, terms.TTL, w.now.Plus(terms.TTL)
	for _, m := range held {
		w.hold(q, m, m, c, terms)
	}
	w.putClaim(q, c)
}

// ReleaseClaim ends a claim. The queue and the claim need not exist.
func (b *Broker) ReleaseClaim(project, name, id string) error {
	return b.changeQueue(project, name, func(w *WriteTx, q Queue) error {
		found, err := w.Claim(q, id)
		if errors.Is(err, ErrNoClaim) {
			return nil
		}
		if err == nil {
			w.ReleaseClaim(q, found)
		}
		return err
	})
}

// ReleaseClaim ends a claim and makes its messages available at once.
func (w *WriteTx) ReleaseClaim(q Queue, c Claim) {
	w.free(q.uid, c)
	w.removeClaim(q, c)
}
