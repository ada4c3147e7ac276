package zaqartest

import "net/http"

// topicMark makes the project in which a project's topics are. No request can
// name it.
const topicMark = "\x01topics"

// ofTopics lets what serves queues serve topics, which are queues in a place of
// their own.
func asTopics(serve func(*call) (reply, error)) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		aside := *c
		aside.project += topicMark
		return serve(&aside)
	}
}

// listTopics serves a page of topics, by name.
func listTopics(c *call) (reply, error) {
	page, err := listQueuePage(c)
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, map[string]any{"topics": page.Queues, "links": page.Links})
}
