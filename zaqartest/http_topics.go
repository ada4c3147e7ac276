package zaqartest

import "net/http"

// topicMark is added to a project's id to make the project that holds its topics. No
// request can name that project.
const topicMark = "\x01topics"

// asTopics turns a handler of queues into one of topics. Topics are queues in a
// project of their own.
func asTopics(serve func(*call) (reply, error)) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		aside := *c
		aside.project += topicMark
		return serve(&aside)
	}
}

// listTopics returns a page of topics, by name.
func listTopics(c *call) (reply, error) {
	page, err := listQueuePage(c)
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, map[string]any{"topics": page.Queues, "links": page.Links})
}
