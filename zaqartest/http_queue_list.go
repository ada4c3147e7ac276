package zaqartest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// queueItem is a queue in a listing.
type queueItem struct {
	Name     string           `json:"name"`
	Href     string           `json:"href"`
	Metadata *broker.Metadata `json:"metadata,omitempty"`
}

// queueList is a page of a listing of queues.
type queueList struct {
	Queues []queueItem `json:"queues"`
	Links  []link      `json:"links"`
	Count  int         `json:"count,omitempty"`
}

// listQueues returns a page of queues, by name.
func listQueues(c *call) (reply, error) {
	page, err := listQueuePage(c)
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, page)
}

// listQueuesV1 answers 204 if there are no queues.
func listQueuesV1(c *call) (reply, error) {
	page, err := listQueuePage(c)
	if err != nil {
		return reply{}, err
	}
	if len(page.Queues) == 0 {
		return empty(http.StatusNoContent), nil
	}
	c.location = c.req.URL.RequestURI()
	return jsonReply(http.StatusOK, page)
}

func listQueuePage(c *call) (queueList, error) {
	page := queueList{Queues: []queueItem{}, Links: []link{}}
	limits := c.srv.options.limits
	limit, err := count(c.query, "limit", limits.MaxQueuesPerPage, broker.PageSize(limits.MaxQueuesPerPage))
	if err != nil {
		return page, err
	}
	detailed, err := flag(c.query, "detailed")
	if err != nil {
		return page, err
	}
	known := []string{"limit", "detailed"}
	var wanted queueFilter
	var withCount bool
	if c.target.version == v2 {
		known = nil // unknown parameters are filters
		if withCount, err = flag(c.query, "with_count"); err != nil {
			return page, err
		}
		if wanted, err = newQueueFilter(c.query); err != nil {
			return page, err
		}
	}
	last := ""
	err = c.srv.broker.View(func(r *broker.ReadTx) error {
		marker := lastValue(c.query, "marker")
		// As on a real server, a marker that is not a queue starts at the beginning.
		if _, err := r.Queue(c.project, marker); err != nil {
			marker = ""
		}
		for q, err := range r.Queues(c.project, marker) {
			if err != nil {
				return err
			}
			if !wanted.matches(q) {
				continue
			}
			page.Queues = append(page.Queues, newQueueItem(c, q, detailed))
			if last = q.Name; len(page.Queues) == limit {
				break
			}
		}
		if withCount {
			page.Count = r.CountQueues(c.project)
		}
		return nil
	})
	if len(page.Queues) > 0 {
		page.Links = append(page.Links, nextLink(c.path(c.collection()), c.query, known, last))
	}
	return page, err
}

func newQueueItem(c *call, q broker.Queue, detailed bool) queueItem {
	item := queueItem{Name: q.Name, Href: c.path(c.collection(), q.Name)}
	if detailed {
		item.Metadata = &q.Metadata
		if c.target.version == v2 {
			content := q.Metadata.WithReserved(c.srv.options.limits)
			item.Metadata = &content
		}
	}
	return item
}

// queueFilter selects queues by a regular expression that matches part of the name,
// and by values of the metadata.
type queueFilter struct {
	name   *regexp.Regexp
	values map[string]string
}

// listingParameters are the parameters of the listing itself. All others are
// filters.
var listingParameters = map[string]bool{
	"marker": true, "limit": true, "detailed": true, "name": true, "with_count": true,
}

func newQueueFilter(query url.Values) (queueFilter, error) {
	f := queueFilter{values: map[string]string{}}
	for key := range query {
		if value := lastValue(query, key); value != "" && !listingParameters[key] {
			f.values[key] = value
		}
	}
	name := lastValue(query, "name")
	if name == "" {
		return f, nil
	}
	var err error
	if f.name, err = regexp.Compile(name); err != nil {
		return f, badRequest("Invalid parameter", fmt.Sprintf("The parameter name is no regular expression: %v.", err))
	}
	return f, nil
}

// matches compares values of the metadata as text: ?key=5 finds 5 and "5".
func (f queueFilter) matches(q broker.Queue) bool {
	if f.name != nil && !f.name.MatchString(q.Name) {
		return false
	}
	for key, want := range f.values {
		value, present := q.Metadata[key]
		have, isText := rawjson.Text(value)
		if !isText {
			have = string(value)
		}
		if !present || have != want {
			return false
		}
	}
	return true
}
