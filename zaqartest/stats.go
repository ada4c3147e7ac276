package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// statsItem is the oldest or the newest message in a queue's statistics.
type statsItem struct {
	Age        int64           `json:"age"`
	TTL        int64           `json:"ttl"`
	Body       json.RawMessage `json:"body"`
	ClaimID    *string         `json:"claim_id"`
	ClaimCount int64           `json:"claim_count"`
	Created    string          `json:"created"`
	Href       string          `json:"href"`
	Checksum   string          `json:"checksum,omitempty"`
}

// statistics count what lives: expired messages are neither free nor claimed.
type statistics struct {
	Claimed int        `json:"claimed"`
	Free    int        `json:"free"`
	Total   int        `json:"total"`
	Newest  *statsItem `json:"newest,omitempty"`
	Oldest  *statsItem `json:"oldest,omitempty"`
}

// getStats serves the statistics of a queue; without one they are all zero.
func getStats(c *call) (reply, error) {
	stats, err := statsOf(c)
	if err != nil && !errors.Is(err, errNoQueue) {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, map[string]any{"messages": stats})
}

// getStatsV1 serves the statistics of a queue that must exist.
func getStatsV1(c *call) (reply, error) {
	stats, err := statsOf(c)
	if err != nil {
		return reply{}, missingQueue(c, err)
	}
	c.location = c.queuePath("stats")
	return jsonReply(http.StatusOK, map[string]any{"messages": stats})
}

func statsOf(c *call) (statistics, error) {
	var stats statistics
	err := c.srv.broker.view(func(r *reading) error {
		q, err := r.queue(c.project, c.param("queue"))
		if err != nil {
			return err
		}
		counted := r.count(q)
		stats.Total, stats.Claimed, stats.Free = counted.total, counted.claimed, counted.total-counted.claimed
		if counted.total > 0 {
			stats.Oldest, stats.Newest = newStatsItem(c, counted.oldest, r.Now()), newStatsItem(c, counted.newest, r.Now())
		}
		return nil
	})
	return stats, err
}

func newStatsItem(c *call, m message, now instant) *statsItem {
	return &statsItem{
		Age: now.secondsSince(m.created), TTL: m.ttl, Body: m.kept().body,
		ClaimID: m.holder(now), ClaimCount: m.claimCount,
		Created: m.created.time().Format(time.RFC3339),
		Href:    c.queuePath("messages", m.id.String()), Checksum: c.srv.checksum(m.body),
	}
}

// purgeQueue serves the removal of what is in a queue: all of it, claimed
// messages too.
func purgeQueue(c *call) (reply, error) {
	wanted := purge{messages: true, subscriptions: true}
	if c.size > 0 {
		document, err := c.anyDocument()
		if err != nil {
			return reply{}, err
		}
		if wanted, err = parsePurge(document); err != nil {
			return reply{}, err
		}
	}
	return empty(http.StatusNoContent), c.srv.broker.purge(c.project, c.param("queue"), wanted)
}
