package consumer

import "context"

// bulk deletes handled messages of a claim with one request. That happens when nobody
// works on a message of the claim any more.

// takeHandledLocked returns the messages that are to be deleted together. They are being
// settled from now on.
func (l *lease) takeHandledLocked() []*Delivery {
	var deliveries []*Delivery
	for id, d := range l.toDelete {
		deliveries = append(deliveries, d)
		l.unsettled[id] = d
	}
	clear(l.toDelete)
	return deliveries
}

// deleteTogether deletes handled messages with one request. If that fails, it deletes each
// message on its own.
func (l *lease) deleteTogether(ctx context.Context, deliveries []*Delivery) {
	c := l.consumer
	ids := make([]string, len(deliveries))
	for i, d := range deliveries {
		ids[i] = d.message.ID()
	}
	limited, cancel := c.limited(ctx, c.config.requestTime(1))
	err := c.queue.DeleteAll(limited, ids, l.claim.ID())
	cancel()
	for _, d := range deliveries {
		if err == nil {
			d.afterDelete(ctx, 0, nil, d.countHandledLocked)
		}
	}
	if err != nil {
		c.deleteEach(deliveries)
	}
}

// deleteEach deletes messages one by one, at the same time.
func (c *Consumer) deleteEach(deliveries []*Delivery) {
	c.mu.Lock()
	defer c.unlock()
	for _, d := range deliveries {
		c.spawnLocked(func(ctx context.Context) { _ = d.ackNow(ctx) })
	}
}
