package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// wsQueue is a queue in a listing on a WebSocket, where nothing has an href.
type wsQueue struct {
	Name     string           `json:"name"`
	Metadata *broker.Metadata `json:"metadata,omitempty"` // as it was stored
}

func wsListQueues(req *wsRequest) (wsAnswer, error) {
	most := req.srv.options.limits.MaxQueuesPerPage
	limit, err := req.count("limit", most, broker.PageSize(most))
	if err != nil {
		return wsAnswer{}, err
	}
	found := []wsQueue{}
	err = req.srv.broker.View(func(r *broker.ReadTx) error {
		marker := req.text("marker")
		// As on a real server, a marker that is not a queue starts at the beginning.
		if _, err := r.Queue(req.project, marker); err != nil {
			marker = ""
		}
		for q, err := range r.Queues(req.project, marker) {
			if err != nil {
				return err
			}
			item := wsQueue{Name: q.Name}
			if req.flag("detailed") {
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

func wsCreateQueue(req *wsRequest) (wsAnswer, error) {
	limits := req.srv.options.limits
	content := broker.Metadata{}
	if value, present := req.body["metadata"]; present {
		content, _ = rawjson.Object(value) // its type was checked
		if len(value) > limits.MaxQueueMetadata {
			return wsAnswer{}, invalid("The metadata is larger than %d bytes.", limits.MaxQueueMetadata)
		}
	}
	if err := req.checkQueue(); err != nil {
		return wsAnswer{}, err
	}
	if err := limits.CheckMetadata(content); err != nil {
		return wsAnswer{}, invalid("%v.", err)
	}
	created, err := req.srv.broker.CreateQueue(req.project, req.queue(), content)
	status := http.StatusNoContent
	if created {
		status = http.StatusCreated
	}
	return wsAnswer{status, "Queue " + req.queue() + " created."}, err
}

// wsGetQueue returns the metadata as it was stored. A missing queue looks like one
// without metadata.
func wsGetQueue(req *wsRequest) (wsAnswer, error) {
	content := broker.Metadata{}
	err := req.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(req.project, req.queue())
		if err == nil {
			content = q.Metadata
		}
		return err
	})
	return wsAnswer{http.StatusOK, content}, unlessNoQueue(err)
}

func wsDeleteQueue(req *wsRequest) (wsAnswer, error) {
	err := req.srv.broker.DeleteQueue(req.project, req.queue())
	return wsAnswer{http.StatusNoContent, "Queue " + req.queue() + " removed."}, err
}

// unlessNoQueue returns nil for a missing queue, and other errors as they are.
func unlessNoQueue(err error) error {
	if errors.Is(err, broker.ErrNoQueue) {
		return nil
	}
	return err
}

// wsStats are the statistics of a queue on a WebSocket.
type wsStats struct {
	Claimed int          `json:"claimed"`
	Free    int          `json:"free"`
	Total   int          `json:"total"`
	Newest  *wsStatsItem `json:"newest,omitempty"`
	Oldest  *wsStatsItem `json:"oldest,omitempty"`
}

// wsStatsItem is the oldest or the newest message of a queue.
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

// wsGetStats returns the statistics of a queue. For a missing queue they are zero
// and the status is 404.
func wsGetStats(req *wsRequest) (wsAnswer, error) {
	var stats wsStats
	err := req.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(req.project, req.queue())
		if err != nil {
			return err
		}
		counted := r.Count(q)
		stats = wsStats{Claimed: counted.Claimed, Free: counted.Total - counted.Claimed, Total: counted.Total}
		if counted.Total > 0 {
			stats.Oldest, stats.Newest = req.statsItem(counted.Oldest, r.Now()), req.statsItem(counted.Newest, r.Now())
		}
		return nil
	})
	status := http.StatusOK
	if errors.Is(err, broker.ErrNoQueue) {
		status, err = http.StatusNotFound, nil
	}
	return wsAnswer{status, map[string]any{"messages": stats}}, err
}

func (req *wsRequest) statsItem(m broker.Message, now broker.Instant) *wsStatsItem {
	return &wsStatsItem{
		ID: m.ID.String(), Age: now.SecondsSince(m.Created), TTL: m.TTL, Body: m.Clone().Body,
		ClaimID: m.Holder(), ClaimCount: m.ClaimCount,
		Created: m.Created.Time().Format(time.RFC3339), Checksum: req.srv.checksum(m.Body),
	}
}

// wsPurgeQueue removes what a queue holds. It ignores unknown types.
func wsPurgeQueue(req *wsRequest) (wsAnswer, error) {
	wanted := broker.PurgeScope{Messages: true, Subscriptions: true}
	if value, present := req.body["resource_types"]; present {
		wanted = broker.PurgeScope{}
		names, _ := rawjson.Array(value) // its type was checked
		for _, value := range names {
			name, _ := rawjson.Text(value)
			wanted.Messages = wanted.Messages || name == "messages"
			wanted.Subscriptions = wanted.Subscriptions || name == "subscriptions"
		}
	}
	err := req.srv.broker.Purge(req.project, req.queue(), wanted)
	return wsAnswer{http.StatusNoContent, emptyObject}, err
}
