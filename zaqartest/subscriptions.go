package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
)

// subscriptionItem is a subscription as clients see it.
type subscriptionItem struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	Subscriber string          `json:"subscriber"`
	TTL        int64           `json:"ttl"`
	Age        int64           `json:"age"`
	Options    json.RawMessage `json:"options"`
	Confirmed  bool            `json:"confirmed"`
}

// subscriptionList is a page of a listing of subscriptions.
type subscriptionList struct {
	Subscriptions []subscriptionItem `json:"subscriptions"`
	Links         []link             `json:"links"`
}

func newSubscriptionItem(queue string, s subscription, now instant) subscriptionItem {
	return subscriptionItem{
		ID: s.id.String(), Source: queue, Subscriber: s.subscriber, TTL: s.ttl,
		Age: now.secondsSince(s.created), Options: s.options, Confirmed: s.confirmed,
	}
}

// listSubscriptions serves a page of subscriptions, by id.
func listSubscriptions(c *call) (reply, error) {
	page := subscriptionList{Subscriptions: []subscriptionItem{}, Links: []link{}}
	limits := c.srv.options.limits
	most := limits.MaxSubscriptionsPerPage
	limit, err := count(c.query, "limit", most, pageSize(most))
	if err != nil {
		return reply{}, err
	}
	queue, last := c.param("queue"), ""
	err = c.srv.broker.view(func(r *reading) error {
		for s := range r.subscriptions(c.project, queue, lastValue(c.query, "marker")) {
			page.Subscriptions = append(page.Subscriptions, newSubscriptionItem(queue, s, r.Now()))
			if last = s.id.String(); len(page.Subscriptions) == limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	if len(page.Subscriptions) > 0 {
		page.Links = append(page.Links, nextLink(c.queuePath("subscriptions"), c.query, []string{"limit"}, last))
	}
	return jsonReply(http.StatusOK, page)
}

// createSubscription serves new subscriptions. The queue is made when it is
// missing, before what the body says is looked at. A subscriber who has not
// confirmed yet gets the same subscription again.
func createSubscription(c *call) (reply, error) {
	document := []byte("{}")
	if c.size > 0 {
		var err error
		if document, err = c.anyDocument(); err != nil {
			return reply{}, err
		}
	}
	if _, err := c.srv.broker.ensureQueue(c.project, c.param("queue")); err != nil {
		return reply{}, err
	}
	wanted, err := parseSubscription(document, c.srv.options.limits, instantOf(c.srv.Now()))
	if err != nil {
		return reply{}, err
	}
	if wanted, err = entrust(c, wanted); err != nil {
		return reply{}, err
	}
	var s subscription
	var created bool
	err = c.srv.broker.update(func(w *writing) error {
		s, created = w.subscribe(c.project, c.param("queue"), wanted)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	if !created && s.confirmed {
		return reply{}, &refusal{
			status: http.StatusConflict, title: "Resource conflict",
			description: "The subscriber has a subscription to this queue.", location: c.queuePath("subscriptions"),
		}
	}
	if err := askToConfirm(c, s, subscriptionConfirmation, wanted.ttl); err != nil {
		return reply{}, err
	}
	out, err := jsonReply(http.StatusCreated, map[string]string{"subscription_id": s.id.String()})
	return out.with("Location", c.queuePath("subscriptions")), err
}

// getSubscription serves a subscription.
func getSubscription(c *call) (reply, error) {
	var item subscriptionItem
	err := c.srv.broker.view(func(r *reading) error {
		s, err := r.subscription(c.project, c.param("queue"), c.param("subscription"))
		item = newSubscriptionItem(c.param("queue"), s, r.Now())
		return err
	})
	if err != nil {
		return reply{}, missingSubscription(c, err)
	}
	return jsonReply(http.StatusOK, item)
}

// updateSubscription serves changes. A new ttl counts from now on.
func updateSubscription(c *call) (reply, error) {
	document := []byte("{}")
	if c.size > 0 {
		var err error
		if document, err = c.anyDocument(); err != nil {
			return reply{}, err
		}
	}
	terms, err := parseSubscriptionPatch(document, instantOf(c.srv.Now()))
	if err != nil {
		return reply{}, err
	}
	err = c.changeSubscription(func(w *writing, s subscription) error {
		return w.resubscribe(c.project, c.param("queue"), s, terms)
	})
	if errors.Is(err, errSubscribed) {
		err = &refusal{status: http.StatusConflict, title: "Resource conflict", description: "Not changed: " + err.Error() + "."}
	}
	return empty(http.StatusNoContent).with("Location", c.subscriptionPath()), err
}

// confirmSubscription serves the subscriber's yes or no.
func confirmSubscription(c *call) (reply, error) {
	document := []byte("{}")
	if c.size > 0 {
		var err error
		if document, err = c.anyDocument(); err != nil {
			return reply{}, err
		}
	}
	confirmed, err := parseConfirmation(document)
	if err != nil {
		return reply{}, err
	}
	var changed subscription
	err = c.changeSubscription(func(w *writing, s subscription) error {
		s.confirmed = confirmed
		w.putSubscription(c.project, c.param("queue"), s)
		changed = s
		return nil
	})
	if err == nil && !confirmed {
		err = askToConfirm(c, changed, unsubscribeConfirmation, int64(c.srv.options.limits.DefaultSubscriptionTTL))
	}
	return empty(http.StatusNoContent).with("Location", c.subscriptionPath()+"/confirm"), err
}

// deleteSubscription serves the end of a subscription, existing or not.
func deleteSubscription(c *call) (reply, error) {
	err := c.changeSubscription(func(w *writing, s subscription) error {
		w.unsubscribe(c.project, c.param("queue"), s)
		return nil
	})
	if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusNotFound {
		err = nil
	}
	return empty(http.StatusNoContent), err
}

// changeSubscription finds the subscription that the path names, and does
// something to it in the same transaction.
func (c *call) changeSubscription(change func(*writing, subscription) error) error {
	err := c.srv.broker.update(func(w *writing) error {
		s, err := w.subscription(c.project, c.param("queue"), c.param("subscription"))
		if err != nil {
			return err
		}
		return change(w, s)
	})
	return missingSubscription(c, err)
}

func (c *call) subscriptionPath() string {
	return c.queuePath("subscriptions", c.param("subscription"))
}

// missingSubscription tells the caller of a subscription that is not there, and
// passes other errors on.
func missingSubscription(c *call, err error) error {
	if errors.Is(err, errNoSubscription) {
		return notFound("Subscription %s does not exist.", c.param("subscription"))
	}
	return err
}
