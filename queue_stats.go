package zaqar

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// Stats are a queue's statistics.
//
// On servers that store in Redis they are estimates: expired messages may still
// count, and Free can be negative. Until expired messages are collected, the call can
// fail with a 503 (quirk 8).
type Stats struct {
	// Claimed, Free and Total count messages.
	Claimed, Free, Total int
	// Oldest and Newest are nil if the queue is empty.
	Oldest, Newest *MessageStats
}

// MessageStats describes the oldest or newest message in [Stats].
type MessageStats struct {
	ID, Href string
	// Age is the time since the message was posted. TTL is how long the server keeps
	// it, counted from the same moment.
	Age, TTL time.Duration
	// Created is when it was posted, by the server's clock. It is zero if the server
	// does not report it.
	Created time.Time
	// ClaimID is the claim that holds the message, or held it last.
	ClaimID string
	// ClaimCount is how often the message was claimed, on queues that count claims.
	ClaimCount int
	Body       json.RawMessage
	// Checksum is the server's checksum of the body ("MD5:…"), "" if it sent none.
	Checksum string
}

// Stats asks for the queue's statistics. For a queue that does not exist they are
// zero.
func (q *Queue) Stats(ctx context.Context) (Stats, error) {
	r, err := q.call(ctx, wire.QueueStats, nil)
	if err != nil {
		return Stats{}, err
	}
	s, err := decode(r, wire.DecodeStats)
	if err != nil {
		return Stats{}, err
	}
	return Stats{
		Claimed: int(s.Claimed), Free: int(s.Free), Total: int(s.Total),
		Oldest: newMessageStats(s.Oldest), Newest: newMessageStats(s.Newest),
	}, nil
}

// String returns "claimed:0 free:1 total:1".
func (s Stats) String() string {
	return fmt.Sprintf("claimed:%d free:%d total:%d", s.Claimed, s.Free, s.Total)
}

func newMessageStats(m *wire.MessageStats) *MessageStats {
	if m == nil {
		return nil
	}
	// A time in another format is not worth an error.
	created, _ := time.Parse(time.RFC3339, m.Created)
	return &MessageStats{
		ID: m.ID, Href: m.Href, Age: time.Duration(m.Age), TTL: time.Duration(m.TTL),
		Created: created, ClaimID: m.ClaimID, ClaimCount: int(m.ClaimCount), Body: m.Body, Checksum: m.Checksum,
	}
}
