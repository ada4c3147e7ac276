package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// deleteMessage deletes one message. A message that is already gone is not an error;
// a claim that does not hold the message is one.
func deleteMessage(c *call) (reply, error) {
	err := c.srv.broker.DeleteMessage(c.project, c.param("queue"), c.param("message"), lastValue(c.query, "claim_id"))
	switch {
	case errors.Is(err, broker.ErrNoClaim), errors.Is(err, broker.ErrNotClaimed):
		err = unableToDelete(http.StatusBadRequest, err)
	case errors.Is(err, broker.ErrClaimed), errors.Is(err, broker.ErrOtherClaim):
		err = unableToDelete(http.StatusForbidden, err)
	}
	return empty(http.StatusNoContent), err
}

func unableToDelete(status int, cause error) error {
	return &refusal{status: status, title: "Unable to delete", description: "Not deleted: " + cause.Error() + "."}
}

// deleteMessages deletes messages by their ids. Claims do not protect messages from
// it, except with WithClaimGuardedBulkDelete.
func deleteMessages(c *call) (reply, error) {
	ids, err := idList(c)
	if err != nil {
		return reply{}, err
	}
	switch {
	case len(ids) == 0 && c.target.version == v1:
		return reply{}, badRequest("Missing parameter", "The parameter ids is required.")
	case len(ids) == 0:
		return reply{}, invalid("Either ids or pop must be given.")
	}
	claims := listValue(c.query, "claim_ids")
	guarded := c.srv.options.guardedBulkDelete
	if guarded && len(claims) == 0 {
		return reply{}, invalid("The parameter claim_ids is required.")
	}
	err = c.srv.broker.DeleteMessages(c.project, c.param("queue"), ids, claims, guarded)
	if errors.Is(err, broker.ErrOtherClaim) {
		err = unableToDelete(http.StatusBadRequest, err)
	}
	return empty(http.StatusNoContent), err
}

// poppedItem is a message that was claimed and deleted in one step.
type poppedItem struct {
	ID         string          `json:"id"`
	Age        int64           `json:"age"`
	TTL        int64           `json:"ttl"`
	Body       json.RawMessage `json:"body"`
	ClaimID    string          `json:"claim_id"`
	ClaimCount int64           `json:"claim_count"`
	Checksum   string          `json:"checksum,omitempty"`
}

// popMessages claims and deletes messages in one step.
func popMessages(c *call) (reply, error) {
	if len(listValue(c.query, "ids")) > 0 {
		return reply{}, invalid("Either ids or pop can be given, not both.")
	}
	limit, err := count(c.query, "pop", c.srv.options.limits.MaxMessagesPerClaimOrPop, 0)
	if err != nil {
		return reply{}, err
	}
	popped, err := c.srv.pop(c.project, c.param("queue"), limit)
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, map[string]any{"messages": popped})
}

// pop pops messages of a queue, which need not exist.
func (s *Server) pop(project, name string, limit int) ([]poppedItem, error) {
	messages, now, err := s.broker.Pop(project, name, limit)
	popped := []poppedItem{}
	for _, m := range messages {
		popped = append(popped, poppedItem{
			ID: m.ID.String(), Age: now.SecondsSince(m.Created), TTL: m.TTL, Body: m.Body,
			ClaimID: m.ClaimID.String(), ClaimCount: m.ClaimCount, Checksum: s.checksum(m.Body),
		})
	}
	return popped, err
}
