package admin

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar"
)

// Topic is a topic with its metadata.
//
// Do not rely on topics. They need a server with MongoDB. On Redis, creating, deleting
// and purging a topic succeeds without effect, and everything else is an error that
// matches zaqar.ErrUnavailable (quirk 37). Posting to a topic and subscribing to one fail
// on every server, so there are no methods for them. The embedded server has topics.
type Topic struct {
	Name string
	// Metadata is any JSON object; numbers are json.Number.
	Metadata map[string]any
}

// Topics lists the topics by name, with their metadata. It fetches pages as
// [Client.Pools] does. V2 with MongoDB only, see [Topic].
func (c *Client) Topics(ctx context.Context) iter.Seq2[Topic, error] {
	return list(ctx, func(ctx context.Context, query url.Values) ([]Topic, error) {
		reply, err := c.call(ctx, "topic_list", request{query: query})
		if err != nil {
			return nil, err
		}
		page, err := decode[struct{ Topics []Topic }]("topic_list", reply)
		return page.Topics, err
	}, func(t Topic) string { return t.Name })
}

// CreateTopic creates a topic. If it exists, the server ignores the metadata, as with
// queues (quirk 20). V2 with MongoDB only, see [Topic].
func (c *Client) CreateTopic(ctx context.Context, t Topic) error {
	metadata := t.Metadata
	if metadata == nil {
		metadata = map[string]any{}
	}
	_, err := c.call(ctx, "topic_create", request{name: t.Name, body: metadata})
	return err
}

// Topic reads a topic's metadata. V2 with MongoDB only, see [Topic].
func (c *Client) Topic(ctx context.Context, name string) (Topic, error) {
	reply, err := c.call(ctx, "topic_get", request{name: name})
	if err != nil {
		return Topic{}, err
	}
	metadata, err := decode[map[string]any]("topic_get", reply)
	return Topic{Name: name, Metadata: metadata}, err
}

// patchType is the exact media type that servers require for changes.
const patchType = "application/openstack-messaging-v2.0-json-patch"

// UpdateTopic sets some keys of a topic's metadata and removes others. V2 with MongoDB
// only, see [Topic].
func (c *Client) UpdateTopic(ctx context.Context, name string, set map[string]any, remove ...string) error {
	type change struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	changes := []change{}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		changes = append(changes, change{"add", pointer(key), set[key]})
	}
	for _, key := range remove {
		changes = append(changes, change{Op: "remove", Path: pointer(key)})
	}
	if len(changes) == 0 {
		return &zaqar.ArgumentError{Op: "topic_update", Argument: "the changes", Rule: "are missing"}
	}
	_, err := c.call(ctx, "topic_update", request{name: name, body: changes, header: http.Header{"Content-Type": {patchType}}})
	return err
}

// pointer escapes a key for a JSON pointer.
func pointer(key string) string {
	return "/metadata/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// TopicStats returns a topic's statistics, as JSON in the server's form. V2 with MongoDB
// only, see [Topic].
func (c *Client) TopicStats(ctx context.Context, name string) (json.RawMessage, error) {
	reply, err := c.call(ctx, "topic_get_stats", request{name: name})
	if err != nil {
		return nil, err
	}
	return decode[json.RawMessage]("topic_get_stats", reply)
}

// PurgeTopic deletes the contents of a topic. V2 with MongoDB only, see [Topic].
func (c *Client) PurgeTopic(ctx context.Context, name string) error {
	_, err := c.call(ctx, "topic_purge", request{name: name})
	return err
}

// DeleteTopic deletes a topic. It also succeeds if there is no such topic. V2 with
// MongoDB only, see [Topic].
func (c *Client) DeleteTopic(ctx context.Context, name string) error {
	_, err := c.call(ctx, "topic_delete", request{name: name})
	return err
}
