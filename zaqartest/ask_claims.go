package zaqartest

import (
	"errors"
	"net/http"
)

// socketClaim is a claim on a WebSocket.
type socketClaim struct {
	Age      int64           `json:"age"`
	TTL      int64           `json:"ttl"`
	Messages []socketMessage `json:"messages"`
}

// terms reads what is asked of a claim; what is not said has a default.
func (a *ask) terms(checkGrace bool) (lease, error) {
	rules := defaultLease(a.srv.options.limits)
	rules.checkGrace = checkGrace
	document, err := marshal(a.body)
	if err != nil {
		return lease{}, err
	}
	return parseLease(document, rules, a.srv.options.limits)
}

// askClaim claims messages. Where there is none there is no claim either, but
// there is an id.
func askClaim(a *ask) (told, error) {
	most := a.srv.options.limits.MaxMessagesPerClaimOrPop
	limit, err := a.count("limit", most, pageSize(most))
	if err != nil {
		return told{}, err
	}
	terms, err := a.terms(true)
	if err != nil {
		return told{}, err
	}
	id := newUUID().String()
	var taken []socketMessage
	err = a.srv.broker.update(func(w *writing) error {
		q, err := w.queue(a.project, a.queue())
		if err != nil {
			return err
		}
		made, messages, err := w.take(q, limit, terms)
		id = made.id.String()
		for _, m := range messages {
			taken = append(taken, newSocketMessage(m, w.Now(), &id))
		}
		return err
	})
	if len(taken) == 0 {
		return told{http.StatusNoContent, map[string]any{"claim_id": id}}, unlessNoQueue(err)
	}
	return told{http.StatusCreated, map[string]any{"claim_id": id, "messages": taken}}, err
}

// askClaimContent tells a claim with the messages that it still holds.
func askClaimContent(a *ask) (told, error) {
	item := socketClaim{Messages: []socketMessage{}}
	err := a.srv.broker.view(func(r *reading) error {
		q, err := r.queue(a.project, a.queue())
		if err != nil {
			return err
		}
		found, err := r.claim(q, a.text("claim_id"))
		if err != nil {
			return err
		}
		id := found.id.String()
		item.Age, item.TTL = r.Now().secondsSince(found.created), found.ttl
		for _, m := range r.held(q, found) {
			item.Messages = append(item.Messages, newSocketMessage(m, r.Now(), &id))
		}
		return nil
	})
	return told{http.StatusOK, item}, a.absentClaim(err)
}

// absentClaim refuses a claim that is not there, and passes other errors on.
func (a *ask) absentClaim(err error) error {
	if !errors.Is(err, errNoQueue) && !errors.Is(err, errNoClaim) {
		return err
	}
	return &refusal{
		status: http.StatusNotFound, description: err.Error() + ".",
		summary: "Claim " + a.text("claim_id") + " does not exist.",
	}
}

// askClaimUpdate gives a claim new terms from now on. What is not said goes back
// to its default, and the grace has no bounds, as in any version of HTTP.
func askClaimUpdate(a *ask) (told, error) {
	terms, err := a.terms(false)
	if err != nil {
		return told{}, err
	}
	err = a.srv.broker.extendClaim(a.project, a.queue(), a.text("claim_id"), terms)
	return told{http.StatusNoContent, "Claim " + a.text("claim_id") + " updated."}, a.absentClaim(err)
}

// askClaimRelease releases a claim, existing or not.
func askClaimRelease(a *ask) (told, error) {
	err := a.srv.broker.releaseClaim(a.project, a.queue(), a.text("claim_id"))
	return told{http.StatusNoContent, "Claim " + a.text("claim_id") + " deleted."}, err
}
