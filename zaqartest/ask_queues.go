package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// socketQueue is a queue in a listing on a WebSocket, where nothing has an href.
type socketQueue struct {
	Name     string    `json:"name"`
	Metadata *metadata `json:"metadata,omitempty"` // as it was stored
}

func askQueues(a *ask) (told, error) {
	most := a.srv.options.limits.MaxQueuesPerPage
	limit, err := a.count("limit", most, pageSize(most))
	if err != nil {
		return told{}, err
	}
	found := []socketQueue{}
	err = a.srv.broker.view(func(r *reading) error {
		marker := a.text("marker")
		// As on a real server, a marker that is no queue (any more) starts over.
		if _, err := r.queue(a.project, marker); err != nil {
			marker = ""
		}
		for q, err := range r.queues(a.project, marker) {
			if err != nil {
				return err
			}
			item := socketQueue{Name: q.name}
			if a.flag("detailed") {
				item.Metadata = &q.metadata
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
	content := metadata{}
	if value, present := a.body["metadata"]; present {
		content, _ = object(value) // its type was checked
		if len(value) > limits.MaxQueueMetadata {
			return told{}, invalid("The metadata is larger than %d bytes.", limits.MaxQueueMetadata)
		}
	}
	if err := a.checkQueue(); err != nil {
		return told{}, err
	}
	if err := limits.checkMetadata(content); err != nil {
		return told{}, invalid("%v.", err)
	}
	created, err := a.srv.broker.createQueue(a.project, a.queue(), content)
	status := http.StatusNoContent
	if created {
		status = http.StatusCreated
	}
	return told{status, "Queue " + a.queue() + " created."}, err
}

// askQueue tells the metadata as it was stored, and a queue that does not exist
// looks like one without.
func askQueue(a *ask) (told, error) {
	content := metadata{}
	err := a.srv.broker.view(func(r *reading) error {
		q, err := r.queue(a.project, a.queue())
		if err == nil {
			content = q.metadata
		}
		return err
	})
	return told{http.StatusOK, content}, unlessNoQueue(err)
}

func askQueueDeletion(a *ask) (told, error) {
	err := a.srv.broker.deleteQueue(a.project, a.queue())
	return told{http.StatusNoContent, "Queue " + a.queue() + " removed."}, err
}

// unlessNoQueue passes errors on, but for a queue that does not exist.
func unlessNoQueue(err error) error {
	if errors.Is(err, errNoQueue) {
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
	err := a.srv.broker.view(func(r *reading) error {
		q, err := r.queue(a.project, a.queue())
		if err != nil {
			return err
		}
		counted := r.count(q)
		stats = socketStats{Claimed: counted.claimed, Free: counted.total - counted.claimed, Total: counted.total}
		if counted.total > 0 {
			stats.Oldest, stats.Newest = a.statsItem(counted.oldest, r.Now()), a.statsItem(counted.newest, r.Now())
		}
		return nil
	})
	status := http.StatusOK
	if errors.Is(err, errNoQueue) {
		status, err = http.StatusNotFound, nil
	}
	return told{status, map[string]any{"messages": stats}}, err
}

func (a *ask) statsItem(m message, now instant) *socketStatsItem {
	return &socketStatsItem{
		ID: m.id.String(), Age: now.secondsSince(m.created), TTL: m.ttl, Body: m.kept().body,
		ClaimID: m.holder(now), ClaimCount: m.claimCount,
		Created: m.created.time().Format(time.RFC3339), Checksum: a.srv.checksum(m.body),
	}
}

// askPurge removes what is in a queue. Types of things that there are not mean
// nothing.
func askPurge(a *ask) (told, error) {
	wanted := purge{messages: true, subscriptions: true}
	if value, present := a.body["resource_types"]; present {
		wanted = purge{}
		names, _ := array(value) // its type was checked
		for _, value := range names {
			name, _ := text(value)
			wanted.messages = wanted.messages || name == "messages"
			wanted.subscriptions = wanted.subscriptions || name == "subscriptions"
		}
	}
	err := a.srv.broker.purge(a.project, a.queue(), wanted)
	return told{http.StatusNoContent, noFields}, err
}
