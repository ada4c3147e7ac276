package zaqartest

import (
	"errors"
	"net/http"
)

// claimItem is a claim as clients see it.
type claimItem struct {
	Age      int64         `json:"age"`
	TTL      int64         `json:"ttl"`
	Messages []messageItem `json:"messages"`
	Href     string        `json:"href"`
}

// createClaim serves claims whose terms have defaults.
func createClaim(c *call) (reply, error) {
	rules := defaultLease(c.srv.options.limits)
	rules.optionalBody, rules.checkGrace = true, true
	id, items, err := makeClaim(c, rules)
	if err != nil || len(items) == 0 {
		return empty(http.StatusNoContent), err
	}
	out, err := jsonReply(http.StatusCreated, messageList{Messages: items})
	return out.with("Location", c.queuePath("claims", id)), err
}

// createClaimV1 serves claims that say ttl and grace, with a bare array.
func createClaimV1(c *call) (reply, error) {
	id, items, err := makeClaim(c, leaseRules{checkGrace: true})
	if err != nil || len(items) == 0 {
		return empty(http.StatusNoContent), err
	}
	out, err := jsonReply(http.StatusCreated, items)
	return out.with("Location", c.queuePath("claims", id)), err
}

func makeClaim(c *call, rules leaseRules) (id string, items []messageItem, err error) {
	limits := c.srv.options.limits
	most := limits.MaxMessagesPerClaimOrPop
	limit, err := count(c.query, "limit", most, pageSize(most))
	if err != nil {
		return "", nil, err
	}
	var document []byte
	if c.size > 0 || !rules.optionalBody {
		if document, err = c.anyDocument(); err != nil {
			return "", nil, err
		}
	}
	terms, err := parseLease(document, rules, limits)
	if err != nil {
		return "", nil, err
	}
	err = c.srv.broker.update(func(w *writing) error {
		q, err := w.queue(c.project, c.param("queue"))
		if err != nil {
			return err
		}
		made, taken, err := w.take(q, limit, terms)
		for _, m := range taken {
			items = append(items, newMessageItem(c, m, w.Now(), true))
		}
		id = made.id.String()
		return err
	})
	if errors.Is(err, errNoQueue) {
		err = nil
	}
	return id, items, err
}

// getClaim serves a claim with the messages that it still holds.
func getClaim(c *call) (reply, error) {
	item := claimItem{Messages: []messageItem{}, Href: c.queuePath("claims", c.param("claim"))}
	err := c.srv.broker.view(func(r *reading) error {
		q, err := r.queue(c.project, c.param("queue"))
		if err != nil {
			return err
		}
		found, err := r.claim(q, c.param("claim"))
		if err != nil {
			return err
		}
		item.Age, item.TTL = r.Now().secondsSince(found.created), found.ttl
		for _, m := range r.held(q, found) {
			item.Messages = append(item.Messages, newMessageItem(c, m, r.Now(), true))
		}
		return nil
	})
	if err != nil {
		return reply{}, missingClaim(c, err)
	}
	if c.target.version == v1 {
		c.location = item.Href
	}
	return jsonReply(http.StatusOK, item)
}

// updateClaim serves new terms for a claim, from now on. What is left out goes
// back to its default.
func updateClaim(c *call) (reply, error) {
	return renewClaim(c, defaultLease(c.srv.options.limits))
}

// updateClaimV1 wants the ttl; grace is 0 unless it is given.
func updateClaimV1(c *call) (reply, error) { return renewClaim(c, leaseRules{graceDefault: true}) }

// renewClaim does not bound the grace, as no real server does.
func renewClaim(c *call, rules leaseRules) (reply, error) {
	document, err := c.anyDocument()
	if err != nil {
		return reply{}, err
	}
	terms, err := parseLease(document, rules, c.srv.options.limits)
	if err != nil {
		return reply{}, err
	}
	err = c.srv.broker.extendClaim(c.project, c.param("queue"), c.param("claim"), terms)
	return empty(http.StatusNoContent), missingClaim(c, err)
}

// deleteClaim serves the release of a claim, existing or not.
func deleteClaim(c *call) (reply, error) {
	return empty(http.StatusNoContent), c.srv.broker.releaseClaim(c.project, c.param("queue"), c.param("claim"))
}

// missingClaim tells the caller of a claim that is not there, and passes other
// errors on.
func missingClaim(c *call, err error) error {
	if errors.Is(err, errNoQueue) || errors.Is(err, errNoClaim) {
		return notFound("Claim %s does not exist or has expired.", c.param("claim"))
	}
	return err
}
