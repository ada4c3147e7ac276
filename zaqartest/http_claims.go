package zaqartest

import (
	"errors"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// claimItem is a claim as clients see it.
type claimItem struct {
	Age      int64         `json:"age"`
	TTL      int64         `json:"ttl"`
	Messages []messageItem `json:"messages"`
	Href     string        `json:"href"`
}

// createClaim makes a claim whose terms have defaults.
func createClaim(c *call) (reply, error) {
	rules := broker.DefaultClaimRules(c.srv.options.limits)
	rules.OptionalBody, rules.CheckGrace = true, true
	id, items, err := makeClaim(c, rules)
	if err != nil || len(items) == 0 {
		return empty(http.StatusNoContent), err
	}
	out, err := messagesReply(http.StatusCreated, messageList{Messages: items})
	return out.with("Location", c.queuePath("claims", id)), err
}

// createClaimV1 makes a claim that must set ttl and grace, and answers with a bare
// array.
func createClaimV1(c *call) (reply, error) {
	id, items, err := makeClaim(c, broker.ClaimRules{CheckGrace: true})
	if err != nil || len(items) == 0 {
		return empty(http.StatusNoContent), err
	}
	out, err := jsonReply(http.StatusCreated, items)
	return out.with("Location", c.queuePath("claims", id)), err
}

func makeClaim(c *call, rules broker.ClaimRules) (id string, items []messageItem, err error) {
	limits := c.srv.options.limits
	most := limits.MaxMessagesPerClaimOrPop
	limit, err := count(c.query, "limit", most, broker.PageSize(most))
	if err != nil {
		return "", nil, err
	}
	var document []byte
	if c.size > 0 || !rules.OptionalBody {
		if document, err = c.anyDocument(); err != nil {
			return "", nil, err
		}
	}
	terms, err := broker.ParseClaimTerms(document, rules, limits)
	if err != nil {
		return "", nil, err
	}
	made, claimed, now, err := c.srv.broker.CreateClaim(c.project, c.param("queue"), limit, terms)
	items = make([]messageItem, 0, len(claimed))
	for _, m := range claimed {
		items = append(items, newMessageItem(c, m, now, true))
	}
	if errors.Is(err, broker.ErrNoQueue) {
		err = nil
	}
	return made.ID.String(), items, err
}

// getClaim returns a claim with the messages that it still holds.
func getClaim(c *call) (reply, error) {
	item := claimItem{Messages: []messageItem{}, Href: c.queuePath("claims", c.param("claim"))}
	err := c.srv.broker.View(func(r *broker.ReadTx) error {
		q, err := r.Queue(c.project, c.param("queue"))
		if err != nil {
			return err
		}
		found, err := r.Claim(q, c.param("claim"))
		if err != nil {
			return err
		}
		item.Age, item.TTL = r.Now().SecondsSince(found.Created), found.TTL
		for _, m := range r.ClaimMessages(q, found) {
			item.Messages = append(item.Messages, newMessageItem(c, m.Clone(), r.Now(), true))
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

// updateClaim extends a claim: it gives it new terms, from now on. A missing term
// returns to its default.
func updateClaim(c *call) (reply, error) {
	return extendClaim(c, broker.DefaultClaimRules(c.srv.options.limits))
}

// updateClaimV1 requires the ttl. The grace defaults to 0.
func updateClaimV1(c *call) (reply, error) {
	return extendClaim(c, broker.ClaimRules{GraceOptional: true})
}

// extendClaim does not bound the grace, like real servers.
func extendClaim(c *call, rules broker.ClaimRules) (reply, error) {
	document, err := c.anyDocument()
	if err != nil {
		return reply{}, err
	}
	terms, err := broker.ParseClaimTerms(document, rules, c.srv.options.limits)
	if err != nil {
		return reply{}, err
	}
	err = c.srv.broker.ExtendClaim(c.project, c.param("queue"), c.param("claim"), terms)
	return empty(http.StatusNoContent), missingClaim(c, err)
}

// deleteClaim releases a claim, which need not exist.
func deleteClaim(c *call) (reply, error) {
	return empty(http.StatusNoContent), c.srv.broker.ReleaseClaim(c.project, c.param("queue"), c.param("claim"))
}

// missingClaim turns the error for a missing claim into a 404. It returns other
// errors as they are.
func missingClaim(c *call, err error) error {
	if errors.Is(err, broker.ErrNoQueue) || errors.Is(err, broker.ErrNoClaim) {
		return notFound("Claim %s does not exist or has expired.", c.param("claim"))
	}
	return err
}
