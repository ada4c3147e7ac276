package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
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

// statistics count live messages: an expired message is neither free nor claimed.
type statistics struct {
	Claimed int        `json:"claimed"`
	Free    int        `json:"free"`
	Total   int        `json:"total"`
	Newest  *statsItem `json:"newest,omitempty"`
	Oldest  *statsItem `json:"oldest,omitempty"`
}

// getStats returns the statistics of a queue. They are zero if the queue does not
// exist.
func getStats(c *call) (reply, error) {
	stats, err := statsOf(c)
	if err != nil && !errors.Is(err, broker.ErrNoQueue) {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, map[string]any{"messages": stats})
}

// getStatsV1 returns the statistics of a queue that must exist.
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
	err := c.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(c.project, c.param("queue"))
		if err != nil {
			return err
		}
		counted := r.Count(q)
		stats.Total, stats.Claimed, stats.Free = counted.Total, counted.Claimed, counted.Total-counted.Claimed
		if counted.Total > 0 {
			stats.Oldest, stats.Newest = newStatsItem(c, counted.Oldest, r.Now()), newStatsItem(c, counted.Newest, r.Now())
		}
		return nil
	})
	return stats, err
}

func newStatsItem(c *call, m broker.Message, now broker.Instant) *statsItem {
	return &statsItem{
		Age: now.SecondsSince(m.Created), TTL: m.TTL, Body: m.Clone().Body,
		ClaimID: m.Holder(), ClaimCount: m.ClaimCount,
		Created: m.Created.Time().Format(time.RFC3339),
		Href:    c.queuePath("messages", m.ID.String()), Checksum: c.srv.checksum(m.Body),
	}
}
