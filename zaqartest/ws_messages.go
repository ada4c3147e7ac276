package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// wsMessage is a message on a WebSocket. It names its claim only in the answer to
// one.
type wsMessage struct {
	ID      string          `json:"id"`
	ClaimID *string         `json:"claim_id"`
	TTL     int64           `json:"ttl"`
	Age     int64           `json:"age"`
	Body    json.RawMessage `json:"body"`
}

func newWSMessage(m broker.Message, now broker.Instant, claim *string) wsMessage {
	return wsMessage{ID: m.ID.String(), ClaimID: claim, TTL: m.TTL, Age: now.SecondsSince(m.Created), Body: m.Body}
}

// wsPostMessages posts messages. It creates the queue if it is missing, even before
// it reads the messages. Delays are ignored, even the queue's default.
func wsPostMessages(req *wsRequest) (wsAnswer, error) {
	q, err := req.ensureQueue()
	if err != nil {
		return wsAnswer{}, err
	}
	rules := broker.PostRulesFor(req.srv.options.limits, q)
	rules.Delay, rules.Delays = 0, false
	if int64(len(req.body["messages"])) > rules.MaxLength {
		return wsAnswer{}, invalid("The messages are larger than %d bytes.", rules.MaxLength)
	}
	drafts, err := broker.ParseDrafts(req.body["messages"], rules)
	if err != nil {
		return wsAnswer{}, err
	}
	client, err := req.client()
	if err != nil {
		return wsAnswer{}, err
	}
	stored, err := req.srv.post(req.project, q.Name, drafts, client)
	ids := []string{}
	for _, m := range stored {
		ids = append(ids, m.ID.String())
	}
	return wsAnswer{http.StatusCreated, map[string]any{"message_ids": ids}}, err
}

// ensureQueue creates the queue if it is missing and its name is valid.
func (req *wsRequest) ensureQueue() (broker.Queue, error) {
	if err := req.checkQueue(); err != nil {
		return broker.Queue{}, err
	}
	return req.srv.broker.EnsureQueue(req.project, req.queue())
}

func wsListMessages(req *wsRequest) (wsAnswer, error) {
	most := req.srv.options.limits.MaxMessagesPerPage
	limit, err := req.count("limit", most, broker.PageSize(most))
	if err != nil {
		return wsAnswer{}, err
	}
	client, err := req.client()
	if err != nil {
		return wsAnswer{}, err
	}
	found := []wsMessage{}
	err = req.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(req.project, req.queue())
		if err != nil {
			return err
		}
		for _, m := range r.Page(q, r.MarkerNumber(q, req.text("marker")), broker.MessageFilter{
			Own: client, HideOwn: !req.flag("echo"), HideClaimed: !req.flag("include_claimed"),
			HideDelayed: !req.flag("include_delayed"), Limit: limit,
		}) {
			found = append(found, newWSMessage(m.Clone(), r.Now(), nil))
		}
		return nil
	})
	return wsAnswer{http.StatusOK, map[string]any{"messages": found}}, req.absent(err)
}

// wsGetMessage returns one message, as an object where others return an array.
func wsGetMessage(req *wsRequest) (wsAnswer, error) {
	var found wsMessage
	err := req.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(req.project, req.queue())
		if err != nil {
			return err
		}
		m, err := r.Message(q, req.text("message_id"))
		if err == nil {
			found = newWSMessage(m.Clone(), r.Now(), nil)
		}
		return err
	})
	return wsAnswer{http.StatusOK, map[string]any{"messages": found}}, req.absent(err)
}

// absent turns the error for a missing queue or message into a 404. It returns other
// errors as they are.
func (req *wsRequest) absent(err error) error {
	switch {
	case errors.Is(err, broker.ErrNoQueue):
		return notFound("Queue %s does not exist.", req.queue())
	case errors.Is(err, broker.ErrNoMessage):
		return notFound("Message %s does not exist.", req.text("message_id"))
	}
	return err
}

func wsGetMessages(req *wsRequest) (wsAnswer, error) {
	ids, err := req.ids()
	if err != nil {
		return wsAnswer{}, err
	}
	found := []wsMessage{}
	err = req.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(req.project, req.queue())
		if err != nil {
			return err
		}
		for _, id := range ids {
			if m, err := r.Message(q, id); err == nil {
				found = append(found, newWSMessage(m.Clone(), r.Now(), nil))
			}
		}
		return nil
	})
	return wsAnswer{http.StatusOK, map[string]any{"messages": found}}, unlessNoQueue(err)
}

// ids reads the ids of messages.
func (req *wsRequest) ids() ([]string, error) {
	ids, _ := rawjson.Texts(req.body["message_ids"]) // their types were checked
	if most := req.srv.options.limits.MaxMessagesPerPage; len(ids) < 1 || len(ids) > most {
		return nil, invalid("message_ids must be 1 to %d ids.", most)
	}
	return ids, nil
}

func wsDeleteMessage(req *wsRequest) (wsAnswer, error) {
	err := req.srv.broker.DeleteMessage(req.project, req.queue(), req.text("message_id"), req.text("claim_id"))
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
	return wsAnswer{http.StatusNoContent, emptyObject}, err
}

// wsDeleteMessages deletes messages by their ids, or pops messages.
func wsDeleteMessages(req *wsRequest) (wsAnswer, error) {
	_, byID := req.body["message_ids"]
	_, pops := req.body["pop"]
	if byID == pops {
		return wsAnswer{}, invalid("Either message_ids or pop must be given.")
	}
	limits := req.srv.options.limits
	if pops {
		limit, err := req.count("pop", limits.MaxMessagesPerClaimOrPop, 0)
		if err != nil {
			return wsAnswer{}, err
		}
		popped, err := req.srv.pop(req.project, req.queue(), limit)
		return wsAnswer{http.StatusOK, map[string]any{"messages": popped}}, err
	}
	ids, err := req.ids()
	if err != nil {
		return wsAnswer{}, err
	}
	claims, named := rawjson.Texts(req.body["claim_ids"])
	guarded := req.srv.options.guardedBulkDelete
	if guarded && !named {
		return wsAnswer{}, invalid("The claim_ids of the messages are required.")
	}
	err = req.srv.broker.DeleteMessages(req.project, req.queue(), ids, claims, guarded)
	if errors.Is(err, broker.ErrOtherClaim) {
		err = unableToDelete(http.StatusBadRequest, err)
	}
	return wsAnswer{http.StatusNoContent, emptyObject}, err
}
