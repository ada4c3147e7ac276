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
type wsQueue struct {
	Name     string           `json:"name"`
	Metadata *broker.Metadata `json:"metadata,omitempty"` // as it was stored
}

func wsListQueues(a *wsRequest) (wsAnswer, error) {
	most := a.srv.options.limits.MaxQueuesPerPage
	limit, err := a.count("limit", most, broker.PageSize(most))
	if err != nil {
		return wsAnswer{}, err
	}
	found := []wsQueue{}
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
			item := wsQueue{Name: q.Name}
			if a.flag("detailed") {
				item.Metadata = &q.Metadata
			}
			if found = append(found, item); len(found) == limit {
				break
			}
		}
		return nil
	})
	return wsAnswer{http.StatusOK, map[string]any{"queues": found}}, err
}

func wsCreateQueue(a *wsRequest) (wsAnswer, error) {
	limits := a.srv.options.limits
	content := broker.Metadata{}
	if value, present := a.body["metadata"]; present {
		content, _ = rawjson.Object(value) // its type was checked
		if len(value) > limits.MaxQueueMetadata {
			return wsAnswer{}, invalid("The metadata is larger than %d bytes.", limits.MaxQueueMetadata)
		}
	}
	if err := a.checkQueue(); err != nil {
		return wsAnswer{}, err
	}
	if err := limits.CheckMetadata(content); err != nil {
		return wsAnswer{}, invalid("%v.", err)
	}
	created, err := a.srv.broker.CreateQueue(a.project, a.queue(), content)
	status := http.StatusNoContent
	if created {
		status = http.StatusCreated
	}
	return wsAnswer{status, "Queue " + a.queue() + " created."}, err
}

// askQueue tells the metadata as it was stored, and a queue that does not exist
// looks like one without.
func wsGetQueue(a *wsRequest) (wsAnswer, error) {
	content := broker.Metadata{}
	err := a.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(a.project, a.queue())
		if err == nil {
			content = q.Metadata
		}
		return err
	})
	return wsAnswer{http.StatusOK, content}, unlessNoQueue(err)
}

func wsDeleteQueue(a *wsRequest) (wsAnswer, error) {
	err := a.srv.broker.DeleteQueue(a.project, a.queue())
	return wsAnswer{http.StatusNoContent, "Queue " + a.queue() + " removed."}, err
}

// unlessNoQueue passes errors on, but for a queue that does not exist.
func unlessNoQueue(err error) error {
	if errors.Is(err, broker.ErrNoQueue) {
		return nil
	}
	return err
}

// socketStats are the statistics of a queue on a WebSocket.
type wsStats struct {
	Claimed int          `json:"claimed"`
	Free    int          `json:"free"`
	Total   int          `json:"total"`
	Newest  *wsStatsItem `json:"newest,omitempty"`
	Oldest  *wsStatsItem `json:"oldest,omitempty"`
}

// socketStatsItem is the oldest or the newest message in them.
type wsStatsItem struct {
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
func wsGetStats(a *wsRequest) (wsAnswer, error) {
	var stats wsStats
	err := a.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(a.project, a.queue())
		if err != nil {
			return err
		}
		counted := r.Count(q)
		stats = wsStats{Claimed: counted.Claimed, Free: counted.Total - counted.Claimed, Total: counted.Total}
		if counted.Total > 0 {
			stats.Oldest, stats.Newest = a.statsItem(counted.Oldest, r.Now()), a.statsItem(counted.Newest, r.Now())
		}
		return nil
	})
	status := http.StatusOK
	if errors.Is(err, broker.ErrNoQueue) {
		status, err = http.StatusNotFound, nil
	}
	return wsAnswer{status, map[string]any{"messages": stats}}, err
}

func (a *wsRequest) statsItem(m broker.Message, now broker.Instant) *wsStatsItem {
	return &wsStatsItem{
		ID: m.ID.String(), Age: now.SecondsSince(m.Created), TTL: m.TTL, Body: m.Clone().Body,
		ClaimID: m.Holder(now), ClaimCount: m.ClaimCount,
		Created: m.Created.Time().Format(time.RFC3339), Checksum: a.srv.checksum(m.Body),
	}
}

// askPurge removes what is in a queue. Types of things that there are not mean
// nothing.
func wsPurgeQueue(a *wsRequest) (wsAnswer, error) {
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
	return wsAnswer{http.StatusNoContent, noFields}, err
}
