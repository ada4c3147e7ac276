package zaqartest

import (
	"errors"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// socketClaim is a claim on a WebSocket.
type wsClaim struct {
	Age      int64       `json:"age"`
	TTL      int64       `json:"ttl"`
	Messages []wsMessage `json:"messages"`
}

// terms reads what is asked of a claim; what is not said has a default.
func (a *wsRequest) claimTerms(checkGrace bool) (broker.ClaimTerms, error) {
	rules := broker.DefaultClaimRules(a.srv.options.limits)
	rules.CheckGrace = checkGrace
	document, err := rawjson.Marshal(a.body)
	if err != nil {
		return broker.ClaimTerms{}, err
	}
	return broker.ParseClaimTerms(document, rules, a.srv.options.limits)
}

// askClaim claims messages. Where there is none there is no claim either, but
// there is an id.
func wsCreateClaim(a *wsRequest) (wsAnswer, error) {
	most := a.srv.options.limits.MaxMessagesPerClaimOrPop
	limit, err := a.count("limit", most, broker.PageSize(most))
	if err != nil {
		return wsAnswer{}, err
	}
	terms, err := a.claimTerms(true)
	if err != nil {
		return wsAnswer{}, err
	}
	id := broker.NewUUID().String()
	var taken []wsMessage
	err = a.srv.broker.Update(func(w *broker.WriteTx) error {
		q, err := w.Queue(a.project, a.queue())
		if err != nil {
			return err
		}
		made, messages, err := w.CreateClaim(q, limit, terms)
		id = made.ID.String()
		for _, m := range messages {
			taken = append(taken, newWSMessage(m, w.Now(), &id))
		}
		return err
	})
	if len(taken) == 0 {
		return wsAnswer{http.StatusNoContent, map[string]any{"claim_id": id}}, unlessNoQueue(err)
	}
	return wsAnswer{http.StatusCreated, map[string]any{"claim_id": id, "messages": taken}}, err
}

// askClaimContent tells a claim with the messages that it still holds.
func wsGetClaim(a *wsRequest) (wsAnswer, error) {
	item := wsClaim{Messages: []wsMessage{}}
	err := a.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(a.project, a.queue())
		if err != nil {
			return err
		}
		found, err := r.Claim(q, a.text("claim_id"))
		if err != nil {
			return err
		}
		id := found.ID.String()
		item.Age, item.TTL = r.Now().SecondsSince(found.Created), found.TTL
		for _, m := range r.ClaimMessages(q, found) {
			item.Messages = append(item.Messages, newWSMessage(m, r.Now(), &id))
		}
		return nil
	})
	return wsAnswer{http.StatusOK, item}, a.absentClaim(err)
}

// absentClaim refuses a claim that is not there, and passes other errors on.
func (a *wsRequest) absentClaim(err error) error {
	if !errors.Is(err, broker.ErrNoQueue) && !errors.Is(err, broker.ErrNoClaim) {
		return err
	}
	return &refusal{
		status: http.StatusNotFound, description: err.Error() + ".",
		summary: "Claim " + a.text("claim_id") + " does not exist.",
	}
}

// askClaimUpdate gives a claim new terms from now on. What is not said goes back
// to its default, and the grace has no bounds, as in any version of HTTP.
func wsUpdateClaim(a *wsRequest) (wsAnswer, error) {
	terms, err := a.claimTerms(false)
	if err != nil {
		return wsAnswer{}, err
	}
	err = a.srv.broker.ExtendClaim(a.project, a.queue(), a.text("claim_id"), terms)
	return wsAnswer{http.StatusNoContent, "Claim " + a.text("claim_id") + " updated."}, a.absentClaim(err)
}

// askClaimRelease releases a claim, existing or not.
func wsDeleteClaim(a *wsRequest) (wsAnswer, error) {
	err := a.srv.broker.ReleaseClaim(a.project, a.queue(), a.text("claim_id"))
	return wsAnswer{http.StatusNoContent, "Claim " + a.text("claim_id") + " deleted."}, err
}
