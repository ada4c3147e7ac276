package zaqartest

import (
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// purgeQueue removes the messages of a queue, even claimed ones, the subscriptions
// to it, or both.
func purgeQueue(c *call) (reply, error) {
	wanted := broker.PurgeScope{Messages: true, Subscriptions: true}
	if c.size > 0 {
		document, err := c.anyDocument()
		if err != nil {
			return reply{}, err
		}
		if wanted, err = broker.ParsePurge(document); err != nil {
			return reply{}, err
		}
	}
	return empty(http.StatusNoContent), c.srv.broker.Purge(c.project, c.param("queue"), wanted)
}
