package broker

import (
	"errors"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// PurgeScope says what a purge removes.
type PurgeScope struct{ Messages, Subscriptions bool }

// ParsePurge reads the body of a purge.
func ParsePurge(document []byte) (PurgeScope, error) {
	var wanted PurgeScope
	fields, err := rawjson.Object(document)
	if err != nil {
		return wanted, invalid("The body must have an array of resource_types.")
	}
	names, err := rawjson.Array(fields["resource_types"])
	if err != nil {
		return wanted, invalid("The body must have an array of resource_types.")
	}
	for _, value := range names {
		switch name, _ := rawjson.Text(value); name {
		case "messages":
			wanted.Messages = true
		case "subscriptions":
			wanted.Subscriptions = true
		default:
			return wanted, invalid("resource_types can be messages and subscriptions.")
		}
	}
	return wanted, nil
}

// Purge removes the messages of a queue, the subscriptions to it, or both. The queue
// need not exist.
func (b *Broker) Purge(project, name string, scope PurgeScope) error {
	return b.Update(func(w *WriteTx) error {
		if scope.Subscriptions {
			w.unsubscribeAll(project, name)
		}
		if !scope.Messages {
			return nil
		}
		q, err := w.Queue(project, name)
		if errors.Is(err, ErrNoQueue) {
			return nil
		}
		if err == nil {
			w.DeleteAllMessages(q)
		}
		return err
	})
}
