package zaqartest

import "errors"

// purge says what to remove.
type purge struct{ messages, subscriptions bool }

func parsePurge(document []byte) (purge, error) {
	var wanted purge
	fields, err := object(document)
	if err != nil {
		return wanted, invalidRequest("The body must have an array of resource_types.")
	}
	names, err := array(fields["resource_types"])
	if err != nil {
		return wanted, invalidRequest("The body must have an array of resource_types.")
	}
	for _, value := range names {
		switch name, _ := text(value); name {
		case "messages":
			wanted.messages = true
		case "subscriptions":
			wanted.subscriptions = true
		default:
			return wanted, invalidRequest("resource_types can be messages and subscriptions.")
		}
	}
	return wanted, nil
}

// purge removes what is in a queue. The queue may be missing.
func (b *broker) purge(project, name string, scope purge) error {
	return b.update(func(w *writing) error {
		if scope.subscriptions {
			w.unsubscribeAll(project, name)
		}
		if !scope.messages {
			return nil
		}
		q, err := w.queue(project, name)
		if errors.Is(err, errNoQueue) {
			return nil
		}
		if err == nil {
			w.purge(q)
		}
		return err
	})
}
