package zaqar

// ConsumerStats counts what a [Consumer] did so far, in messages where nothing else
// is said, and what it holds now.
type ConsumerStats struct {
	// Claims is how many claims brought messages, Claimed how many messages those
	// were, Renewed how often a claim was renewed, Released how many were given up
	// before their end.
	Claims, Claimed, Renewed, Released int
	// Handled were handled and deleted; DeadLettered were moved to the dead-letter
	// queue.
	Handled, DeadLettered int
	// Failed is how many attempts failed, Panicked how many of them by a panic.
	Failed, Panicked int
	// GivenBack are messages that were given up without having been handled: after a
	// failed attempt, or at a stop. Interrupted is how many of them were at work when
	// the consumer was stopped hard.
	GivenBack, Interrupted int
	// LostClaims is how many claims ended before their messages were settled. Lost
	// is how many messages were at work or done when it turned out that the claim
	// did not hold them any more; somebody else handles them again, or did.
	LostClaims, Lost int
	// Rescued were handled, and deleted although their claim did not hold them any
	// more, since nobody else had claimed them.
	Rescued int
	// Duplicates came again while they were at work here, or after they had been
	// finished and could not be deleted; they were not handled again.
	Duplicates int
	// ClaimErrors is how many attempts to claim failed.
	ClaimErrors int

	// Ready are claimed and not begun, Running at work, Waiting for their back-off
	// or for the rest of their claim, at the moment.
	Ready, Running, Waiting int
}

// Stats returns what the consumer did so far. It does no I/O.
func (c *Consumer) Stats() ConsumerStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	stats := c.stats
	for _, d := range c.held {
		switch d.stage {
		case atRest:
			stats.Ready++
		case atWork:
			stats.Running++
		case inBackoff, kept:
			stats.Waiting++
		}
	}
	return stats
}
