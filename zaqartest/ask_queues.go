package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// socketQueue is a queue in a listing on a WebSocket, where nothing has an href.
type socketQueue struct {
	Name     string           `json:"name"`
	Metadata *broker.Metadata `json:"metadata,omitempty"` // as it was stored
}

func askQueues(a *ask) (told, error) {
	most := a.srv.options.limits.MaxQueuesPerPage
	limit, err := a.count("limit", most, broker.PageSize(most))
	if err != nil {
		return told{}, err
	}
	found := []socketQueue{}
	err = a.srv.broker.View(func(r *broker.ReadTx) error {
		marker := a.text("marker")
		// As on a real server, a marker that is no queue (any more) starts over.
		if _, err := r.Queue(a.project, marker); err != nil {
			marker = ""
		}
		for q, err := range r.Queues(a.project, marker) {
			if err != nil {
				return err
			}
			item := socketQueue{Name: q.Name}
			if a.flag("detailed") {
				item.Metadata = &q.Metadata
			}
			if found = append(found, item); len(found) == limit {
				break
			}
		}
		return nil
	})
	return told{http.StatusOK, map[string]any{"queues": found}}, err
}

func askQueueCreation(a *ask) (told, error) {
	limits := a.srv.options.limits
	content := broker.Metadata{}
	if value, present := a.body["metadata"]; present {
		content, _ = rawjson.Object(value) // its type was checked
		if len(value) > limits.MaxQueueMetadata {
			return told{}, invalid("The metadata is larger than %d bytes.", limits.MaxQueueMetadata)
		}
	}
	if err := a.checkQueue(); err != nil {
		return told{}, err
	}
	if err := limits.CheckMetadata(content); err != nil {
		return told{}, invalid("%v.", err)
	}
	created, err := a.srv.broker.CreateQueue(a.project, a.queue(), content)
	status := http.StatusNoContent
	if created {
		status = http.StatusCreated
	}
	return told{status, "Queue " + a.queue() + " created."}, err
}

// askQueue tells the metadata as it was stored, and a queue that does not exist
// looks like one without.
func askQueue(a *ask) (told, error) {
	content := broker.Metadata{}
	err := a.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(a.project, a.queue())
		if err == nil {
			content = q.Metadata
		}
		return err
	})
	return told{http.StatusOK, content}, unlessNoQueue(err)
}

func askQueueDeletion(a *ask) (told, error) {
	err := a.srv.broker.DeleteQueue(a.project, a.queue())
	return told{http.StatusNoContent, "Queue " + a.queue() + " removed."}, err
}

// unlessNoQueue passes errors on, but for a queue that does not exist.
func unlessNoQueue(err error) error {
	if errors.Is(err, broker.ErrNoQueue) {
		return nil
	}
	return err
}

// socketStats are the statistics of a queue on a WebSocket.
type socketStats struct {
	Claimed int              `json:"claimed"`
	Free    int              `json:"free"`
	Total   int              `json:"total"`
	Newest  *socketStatsItem `json:"newest,omitempty"`
	Oldest  *socketStatsItem `json:"oldest,omitempty"`
}

// socketStatsItem is the oldest or the newest message in them.
type socketStatsItem struct {
	ID         string          `json:"id"`
	Age        int64           `json:"age"`
	TTL        int64           `json:"ttl"`
	Body       json.RawMessage `json:"body"`
	ClaimID    *string         `json:"claim_id"`
	ClaimCount int64           `json:"claim_count"`
	Created    string          `json:"created"`
	Checksum   string          `json:"checksum,omitempty"`
}

// askStats tells the statistics. For a queue that does not exist they are zeros,
// too, but its status says so.
func askStats(a *ask) (told, error) {
	var stats socketStats
	err := a.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(a.project, a.queue())
		if err != nil {
			return err
		}
		counted := r.Count(q)
		stats = socketStats{Claimed: counted.Claimed, Free: counted.Total - counted.Claimed, Total: counted.Total}
		if counted.Total > 0 {
			stats.Oldest, stats.Newest = a.statsItem(counted.Oldest, r.Now()), a.statsItem(counted.Newest, r.Now())
		}
		return nil
	})
	status := http.StatusOK
	if errors.Is(err, broker.ErrNoQueue) {
		status, err = http.StatusNotFound, nil
	}
	return told{status, map[string]any{"messages": stats}}, err
}

func (a *ask) statsItem(m broker.Message, now broker.Instant) *socketStatsItem {
	return &socketStatsItem{
		ID: m.ID.String(), Age: now.SecondsSince(m.Created), TTL: m.TTL, Body: m.Clone().Body,
		ClaimID: m.Holder(now), ClaimCount: m.ClaimCount,
		Created: m.Created.Time().Format(time.RFC3339), Checksum: a.srv.checksum(m.Body),
	}
}

// askPurge removes what is in a queue. Types of things that there are not mean
// nothing.
func askPurge(a *ask) (told, error) {
	wanted := broker.PurgeScope{Messages: true, Subscriptions: true}
	if value, present := a.body["resource_types"]; present {
		wanted = broker.PurgeScope{}
		names, _ := rawjson.Array(value) // its type was checked
		for _, value := range names {
			name, _ := rawjson.Text(value)
			wanted.Messages = wanted.Messages || name == "messages"
			wanted.Subscriptions = wanted.Subscriptions || name == "subscriptions"
		}
	}
	err := a.srv.broker.Purge(a.project, a.queue(), wanted)
	return told{http.StatusNoContent, noFields}, err
}
