package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// socketMessage is a message on a WebSocket: it tells the claim only in the
// answer of one.
type wsMessage struct {
	ID      string          `json:"id"`
	ClaimID *string         `json:"claim_id"`
	TTL     int64           `json:"ttl"`
	Age     int64           `json:"age"`
	Body    json.RawMessage `json:"body"`
}

func newWSMessage(m broker.Message, now broker.Instant, claim *string) wsMessage {
	return wsMessage{ID: m.ID.String(), ClaimID: claim, TTL: m.TTL, Age: now.SecondsSince(m.Created), Body: m.Clone().Body}
}

// askPost posts messages. The queue is made when it is missing, before they are
// looked at. A delay is dropped, that of the queue too.
func wsPostMessages(a *wsRequest) (wsAnswer, error) {
	q, err := a.ensureQueue()
	if err != nil {
		return wsAnswer{}, err
	}
	rules := broker.PostRulesFor(a.srv.options.limits, q)
	rules.Delay, rules.Delays = 0, false
	if int64(len(a.body["messages"])) > rules.MaxLength {
		return wsAnswer{}, invalid("The messages are larger than %d bytes.", rules.MaxLength)
	}
	drafts, err := broker.ParseDrafts(a.body["messages"], rules)
	if err != nil {
		return wsAnswer{}, err
	}
	client, err := a.client()
	if err != nil {
		return wsAnswer{}, err
	}
	stored, err := a.srv.post(a.project, q.Name, drafts, client)
	ids := []string{}
	for _, m := range stored {
		ids = append(ids, m.ID.String())
	}
	return wsAnswer{http.StatusCreated, map[string]any{"message_ids": ids}}, err
}

// ensureQueue makes the queue if it is missing and can have that name.
func (a *wsRequest) ensureQueue() (broker.Queue, error) {
	if err := a.checkQueue(); err != nil {
		return broker.Queue{}, err
	}
	return a.srv.broker.EnsureQueue(a.project, a.queue())
}

func wsListMessages(a *wsRequest) (wsAnswer, error) {
	most := a.srv.options.limits.MaxMessagesPerPage
	limit, err := a.count("limit", most, broker.PageSize(most))
	if err != nil {
		return wsAnswer{}, err
	}
	client, err := a.client()
	if err != nil {
		return wsAnswer{}, err
	}
	found := []wsMessage{}
	err = a.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(a.project, a.queue())
		if err != nil {
			return err
		}
		for _, m := range r.Page(q, r.MarkerNumber(q, a.text("marker")), broker.MessageFilter{
			Own: client, HideOwn: !a.flag("echo"), HideClaimed: !a.flag("include_claimed"),
			HideDelayed: !a.flag("include_delayed"), Limit: limit,
		}) {
			found = append(found, newWSMessage(m, r.Now(), nil))
		}
		return nil
	})
	return wsAnswer{http.StatusOK, map[string]any{"messages": found}}, a.absent(err)
}

// askMessage tells one message, in the place of several.
func wsGetMessage(a *wsRequest) (wsAnswer, error) {
	var found wsMessage
	err := a.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(a.project, a.queue())
		if err != nil {
			return err
		}
		m, err := r.Message(q, a.text("message_id"))
		if err == nil {
			found = newWSMessage(m, r.Now(), nil)
		}
		return err
	})
	return wsAnswer{http.StatusOK, map[string]any{"messages": found}}, a.absent(err)
}

// absent refuses what is not there with 404, and passes other errors on.
func (a *wsRequest) absent(err error) error {
	switch {
	case errors.Is(err, broker.ErrNoQueue):
		return notFound("Queue %s does not exist.", a.queue())
	case errors.Is(err, broker.ErrNoMessage):
		return notFound("Message %s does not exist.", a.text("message_id"))
	}
	return err
}

func wsGetMessages(a *wsRequest) (wsAnswer, error) {
	ids, err := a.ids()
	if err != nil {
		return wsAnswer{}, err
	}
	found := []wsMessage{}
	err = a.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(a.project, a.queue())
		if err != nil {
			return err
		}
		for _, id := range ids {
			if m, err := r.Message(q, id); err == nil {
				found = append(found, newWSMessage(m, r.Now(), nil))
			}
		}
		return nil
	})
	return wsAnswer{http.StatusOK, map[string]any{"messages": found}}, unlessNoQueue(err)
}

// ids reads the ids of messages.
func (a *wsRequest) ids() ([]string, error) {
	ids, _ := rawjson.Texts(a.body["message_ids"]) // their types were checked
	if most := a.srv.options.limits.MaxMessagesPerPage; len(ids) < 1 || len(ids) > most {
		return nil, invalid("message_ids must be 1 to %d ids.", most)
	}
	return ids, nil
}

func wsDeleteMessage(a *wsRequest) (wsAnswer, error) {
	err := a.srv.broker.DeleteMessage(a.project, a.queue(), a.text("message_id"), a.text("claim_id"))
	status := 0
	switch {
	case errors.Is(err, broker.ErrNoClaim), errors.Is(err, broker.ErrNotClaimed):
		status = http.StatusBadRequest
	case errors.Is(err, broker.ErrClaimed), errors.Is(err, broker.ErrOtherClaim):
		status = http.StatusForbidden
	}
	if status != 0 {
		err = &refusal{status: status, description: "Not deleted: " + err.Error() + ".", summary: "The message cannot be deleted."}
	}
	return wsAnswer{http.StatusNoContent, noFields}, err
}

// askDeletions deletes messages by their ids, or takes some of those that are
// free.
func wsDeleteMessages(a *wsRequest) (wsAnswer, error) {
	_, byID := a.body["message_ids"]
	_, pops := a.body["pop"]
	if byID == pops {
		return wsAnswer{}, invalid("Either message_ids or pop must be given.")
	}
	limits := a.srv.options.limits
	if pops {
		limit, err := a.count("pop", limits.MaxMessagesPerClaimOrPop, 0)
		if err != nil {
			return wsAnswer{}, err
		}
		popped, err := a.srv.pop(a.project, a.queue(), limit)
		return wsAnswer{http.StatusOK, map[string]any{"messages": popped}}, err
	}
	ids, err := a.ids()
	if err != nil {
		return wsAnswer{}, err
	}
	claims, named := rawjson.Texts(a.body["claim_ids"])
	guarded := a.srv.options.guardedBulkDelete
	if guarded && !named {
		return wsAnswer{}, invalid("The claim_ids of the messages are required.")
	}
	err = a.srv.broker.DeleteMessages(a.project, a.queue(), ids, claims, guarded)
	if errors.Is(err, broker.ErrOtherClaim) {
		err = unableToDelete(http.StatusBadRequest, err)
	}
	return wsAnswer{http.StatusNoContent, noFields}, err
}
