package zaqartest

import (
	"errors"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// wsClaim is a claim on a WebSocket.
type wsClaim struct {
	Age      int64       `json:"age"`
	TTL      int64       `json:"ttl"`
	Messages []wsMessage `json:"messages"`
}

// claimTerms reads the terms of a claim. Missing terms have defaults.
func (req *wsRequest) claimTerms(checkGrace bool) (broker.ClaimTerms, error) {
	rules := broker.DefaultClaimRules(req.srv.options.limits)
	rules.CheckGrace = checkGrace
	document, err := rawjson.Marshal(req.body)
	if err != nil {
		return broker.ClaimTerms{}, err
	}
	return broker.ParseClaimTerms(document, rules, req.srv.options.limits)
}

// wsCreateClaim claims messages. Even without messages, when there is no claim, the
// answer has an id.
func wsCreateClaim(req *wsRequest) (wsAnswer, error) {
	most := req.srv.options.limits.MaxMessagesPerClaimOrPop
	limit, err := req.count("limit", most, broker.PageSize(most))
	if err != nil {
		return wsAnswer{}, err
	}
	terms, err := req.claimTerms(true)
	if err != nil {
		return wsAnswer{}, err
	}
	made, messages, now, err := req.srv.broker.CreateClaim(req.project, req.queue(), limit, terms)
	if errors.Is(err, broker.ErrNoQueue) {
		made.ID = broker.NewUUID()
	}
	id := made.ID.String()
	claimed := make([]wsMessage, 0, len(messages))
	for _, m := range messages {
		claimed = append(claimed, newWSMessage(m, now, &id))
	}
	if len(claimed) == 0 {
		return wsAnswer{http.StatusNoContent, map[string]any{"claim_id": id}}, unlessNoQueue(err)
	}
	return wsAnswer{http.StatusCreated, map[string]any{"claim_id": id, "messages": claimed}}, err
}

// wsGetClaim returns a claim with the messages that it still holds.
func wsGetClaim(req *wsRequest) (wsAnswer, error) {
	item := wsClaim{Messages: []wsMessage{}}
	err := req.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(req.project, req.queue())
		if err != nil {
			return err
		}
		found, err := r.Claim(q, req.text("claim_id"))
		if err != nil {
			return err
		}
		id := found.ID.String()
		item.Age, item.TTL = r.Now().SecondsSince(found.Created), found.TTL
		for _, m := range r.ClaimMessages(q, found) {
			item.Messages = append(item.Messages, newWSMessage(m.Clone(), r.Now(), &id))
		}
		return nil
	})
	return wsAnswer{http.StatusOK, item}, req.absentClaim(err)
}

// absentClaim turns the error for a missing claim into a 404. It returns other
// errors as they are.
func (req *wsRequest) absentClaim(err error) error {
	if !errors.Is(err, broker.ErrNoQueue) && !errors.Is(err, broker.ErrNoClaim) {
		return err
	}
	return &refusal{
		status: http.StatusNotFound, description: err.Error() + ".",
		summary: "Claim " + req.text("claim_id") + " does not exist.",
	}
}

// wsUpdateClaim extends a claim: it gives it new terms, from now on. A missing term
// returns to its default. As over HTTP, the grace has no bounds.
func wsUpdateClaim(req *wsRequest) (wsAnswer, error) {
	terms, err := req.claimTerms(false)
	if err != nil {
		return wsAnswer{}, err
	}
	err = req.srv.broker.ExtendClaim(req.project, req.queue(), req.text("claim_id"), terms)
	return wsAnswer{http.StatusNoContent, "Claim " + req.text("claim_id") + " updated."}, req.absentClaim(err)
}

// wsDeleteClaim releases a claim, which need not exist.
func wsDeleteClaim(req *wsRequest) (wsAnswer, error) {
	err := req.srv.broker.ReleaseClaim(req.project, req.queue(), req.text("claim_id"))
	return wsAnswer{http.StatusNoContent, "Claim " + req.text("claim_id") + " deleted."}, err
}
