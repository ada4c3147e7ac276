package zaqar

// ConsumerStats counts what a [Consumer] has done so far and what it holds now. It counts
// messages unless a field says otherwise.
type ConsumerStats struct {
	// Claims is the number of claims that brought messages, Claimed the number of
	// these messages. Renewed is how often a claim was extended, Released how many claims
	// were released before their end.
	Claims, Claimed, Renewed, Released int
	// Handled messages were handled and deleted. DeadLettered messages were moved to the
	// dead-letter queue.
	Handled, DeadLettered int
	// Failed is the number of failed attempts, Panicked how many of these were panics.
	Failed, Panicked int
	// GivenBack messages were released without having been handled: after a failed
	// attempt, or at a stop. Interrupted is how many of them a hard stop interrupted.
	GivenBack, Interrupted int
	// LostClaims is the number of claims that ended before their messages were settled.
	// Lost messages were being handled, or had been handled, when their claim turned out
	// not to hold them any more. Another consumer may handle them again.
	LostClaims, Lost int
	// Rescued messages were handled, and deleted although their claim was lost: nobody else
	// had claimed them, or an extension of the claim has taken them back.
	Rescued int
	// Duplicates arrived again while they were held here, or after they had been finished
	// but could not be deleted; or an adaptive claim took them out of somebody else's, who has
	// deleted them. They were not handled again.
	Duplicates int
	// ClaimErrors is the number of failed attempts to claim.
	ClaimErrors int

	// Ready messages are claimed and wait for a handler, Running ones are being handled,
	// Waiting ones wait for their back-off, for the rest of their claim, or because a claim
	// may have taken them out of somebody else's.
	Ready, Running, Waiting int
	// Settling messages have been handled and are being deleted, or are becoming dead
	// letters.
	Settling int
	// SettleErrors is the number of failed requests to delete a message or to post its
	// dead letter.
	SettleErrors int
}

// Stats returns what the consumer has done so far. It does no I/O.
func (c *Consumer) Stats() ConsumerStats {
	if c.engine == nil {
		return ConsumerStats{}
	}
	return ConsumerStats(c.engine.Stats())
}
