package consumer

// Stats counts what a consumer did, and what it holds now. The fields are those of
// zaqar.ConsumerStats, which documents them.
type Stats struct {
	Claims, Claimed, Renewed, Released int
	Handled, DeadLettered              int
	Failed, Panicked                   int
	GivenBack, Interrupted             int
	LostClaims, Lost                   int
	Rescued                            int
	Duplicates                         int
	ClaimErrors                        int

	Ready, Running, Waiting int
	Settling                int
	SettleErrors            int
}

// Stats returns the counters.
func (c *Consumer) Stats() Stats {
	c.mu.Lock()
	defer c.unlock()
	stats := c.stats
	stats.Ready, stats.Running, stats.Settling = c.counts[ready], c.counts[running], c.counts[settling]
	stats.Waiting = c.waitingLocked()
	return stats
}
