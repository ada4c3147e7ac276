package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
)

// socketMessage is a message on a WebSocket: it tells the claim only in the
// answer of one.
type socketMessage struct {
	ID      string          `json:"id"`
	ClaimID *string         `json:"claim_id"`
	TTL     int64           `json:"ttl"`
	Age     int64           `json:"age"`
	Body    json.RawMessage `json:"body"`
}

func newSocketMessage(m message, now instant, claim *string) socketMessage {
	return socketMessage{ID: m.id.String(), ClaimID: claim, TTL: m.ttl, Age: now.secondsSince(m.created), Body: m.kept().body}
}

// askPost posts messages. The queue is made when it is missing, before they are
// looked at. A delay is dropped, that of the queue too.
func askPost(a *ask) (told, error) {
	q, err := a.ensureQueue()
	if err != nil {
		return told{}, err
	}
	rules := rulesFor(a.srv.options.limits, q)
	rules.delay, rules.delays = 0, false
	if int64(len(a.body["messages"])) > rules.maxLength {
		return told{}, invalid("The messages are larger than %d bytes.", rules.maxLength)
	}
	drafts, err := parseDrafts(a.body["messages"], rules)
	if err != nil {
		return told{}, err
	}
	client, err := a.client()
	if err != nil {
		return told{}, err
	}
	stored, err := a.srv.post(a.project, q.name, drafts, client)
	ids := []string{}
	for _, m := range stored {
		ids = append(ids, m.id.String())
	}
	return told{http.StatusCreated, map[string]any{"message_ids": ids}}, err
}

// ensureQueue makes the queue if it is missing and can have that name.
func (a *ask) ensureQueue() (queue, error) {
	if err := a.checkQueue(); err != nil {
		return queue{}, err
	}
	return a.srv.broker.ensureQueue(a.project, a.queue())
}

func askMessages(a *ask) (told, error) {
	most := a.srv.options.limits.MaxMessagesPerPage
	limit, err := a.count("limit", most, pageSize(most))
	if err != nil {
		return told{}, err
	}
	client, err := a.client()
	if err != nil {
		return told{}, err
	}
	found := []socketMessage{}
	err = a.srv.broker.view(func(r *reading) error {
		q, err := r.queue(a.project, a.queue())
		if err != nil {
			return err
		}
		for _, m := range r.page(q, r.place(q, a.text("marker")), view{
			own: client, hideOwn: !a.flag("echo"), hideClaimed: !a.flag("include_claimed"),
			hideDelay: !a.flag("include_delayed"), limit: limit,
		}) {
			found = append(found, newSocketMessage(m, r.Now(), nil))
		}
		return nil
	})
	return told{http.StatusOK, map[string]any{"messages": found}}, a.absent(err)
}

// askMessage tells one message, in the place of several.
func askMessage(a *ask) (told, error) {
	var found socketMessage
	err := a.srv.broker.view(func(r *reading) error {
		q, err := r.queue(a.project, a.queue())
		if err != nil {
			return err
		}
		m, err := r.message(q, a.text("message_id"))
		if err == nil {
			found = newSocketMessage(m, r.Now(), nil)
		}
		return err
	})
	return told{http.StatusOK, map[string]any{"messages": found}}, a.absent(err)
}

// absent refuses what is not there with 404, and passes other errors on.
func (a *ask) absent(err error) error {
	switch {
	case errors.Is(err, errNoQueue):
		return notFound("Queue %s does not exist.", a.queue())
	case errors.Is(err, errNoMessage):
		return notFound("Message %s does not exist.", a.text("message_id"))
	}
	return err
}

func askMessagesByID(a *ask) (told, error) {
	ids, err := a.ids()
	if err != nil {
		return told{}, err
	}
	found := []socketMessage{}
	err = a.srv.broker.view(func(r *reading) error {
		q, err := r.queue(a.project, a.queue())
		if err != nil {
			return err
		}
		for _, id := range ids {
			if m, err := r.message(q, id); err == nil {
				found = append(found, newSocketMessage(m, r.Now(), nil))
			}
		}
		return nil
	})
	return told{http.StatusOK, map[string]any{"messages": found}}, unlessNoQueue(err)
}

// ids reads the ids of messages.
func (a *ask) ids() ([]string, error) {
	ids, _ := texts(a.body["message_ids"]) // their types were checked
	if most := a.srv.options.limits.MaxMessagesPerPage; len(ids) < 1 || len(ids) > most {
		return nil, invalid("message_ids must be 1 to %d ids.", most)
	}
	return ids, nil
}

func askDeletion(a *ask) (told, error) {
	err := a.srv.broker.deleteMessage(a.project, a.queue(), a.text("message_id"), a.text("claim_id"))
	status := 0
	switch {
	case errors.Is(err, errNoClaim), errors.Is(err, errNotClaimed):
		status = http.StatusBadRequest
	case errors.Is(err, errClaimed), errors.Is(err, errOtherClaim):
		status = http.StatusForbidden
	}
	if status != 0 {
		err = &refusal{status: status, description: "Not deleted: " + err.Error() + ".", summary: "The message cannot be deleted."}
	}
	return told{http.StatusNoContent, noFields}, err
}

// askDeletions deletes messages by their ids, or takes some of those that are
// free.
func askDeletions(a *ask) (told, error) {
	_, byID := a.body["message_ids"]
	_, pops := a.body["pop"]
	if byID == pops {
		return told{}, invalid("Either message_ids or pop must be given.")
	}
	limits := a.srv.options.limits
	if pops {
		limit, err := a.count("pop", limits.MaxMessagesPerClaimOrPop, 0)
		if err != nil {
			return told{}, err
		}
		popped, err := a.srv.pop(a.project, a.queue(), limit)
		return told{http.StatusOK, map[string]any{"messages": popped}}, err
	}
	ids, err := a.ids()
	if err != nil {
		return told{}, err
	}
	claims, named := texts(a.body["claim_ids"])
	guarded := a.srv.options.guardedBulkDelete
	if guarded && !named {
		return told{}, invalid("The claim_ids of the messages are required.")
	}
	err = a.srv.broker.deleteMessages(a.project, a.queue(), ids, claims, guarded)
	if errors.Is(err, errOtherClaim) {
		err = unableToDelete(http.StatusBadRequest, err)
	}
	return told{http.StatusNoContent, noFields}, err
}
