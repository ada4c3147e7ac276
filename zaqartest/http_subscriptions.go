package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
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

func newSubscriptionItem(queue string, s broker.Subscription, now broker.Instant) subscriptionItem {
	return subscriptionItem{
		ID: s.ID.String(), Source: queue, Subscriber: s.Subscriber, TTL: s.TTL,
		Age: now.SecondsSince(s.Created), Options: s.Options, Confirmed: s.Confirmed,
	}
}

// listSubscriptions returns a page of subscriptions, by id.
func listSubscriptions(c *call) (reply, error) {
	page := subscriptionList{Subscriptions: []subscriptionItem{}, Links: []link{}}
	limits := c.srv.options.limits
	most := limits.MaxSubscriptionsPerPage
	limit, err := count(c.query, "limit", most, broker.PageSize(most))
	if err != nil {
		return reply{}, err
	}
	queue, last := c.param("queue"), ""
	err = c.srv.broker.View(func(r *broker.ReadTx) error {
		for s := range r.Subscriptions(c.project, queue, lastValue(c.query, "marker")) {
			page.Subscriptions = append(page.Subscriptions, newSubscriptionItem(queue, s, r.Now()))
			if last = s.ID.String(); len(page.Subscriptions) == limit {
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

// createSubscription makes a subscription. It creates the queue if it is missing,
// even before it checks the body. A subscriber who has not confirmed yet gets the
// same subscription again.
func createSubscription(c *call) (reply, error) {
	document := []byte("{}")
	if c.size > 0 {
		var err error
		if document, err = c.anyDocument(); err != nil {
			return reply{}, err
		}
	}
	if _, err := c.srv.broker.EnsureQueue(c.project, c.param("queue")); err != nil {
		return reply{}, err
	}
	wanted, err := broker.ParseSubscription(document, c.srv.options.limits, broker.InstantOf(c.srv.Now()))
	if err != nil {
		return reply{}, err
	}
	if wanted, err = withTrust(c, wanted); err != nil {
		return reply{}, err
	}
	var s broker.Subscription
	var created bool
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		s, created = w.Subscribe(c.project, c.param("queue"), wanted)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	if !created && s.Confirmed {
		return reply{}, &refusal{
			status: http.StatusConflict, title: "Resource conflict",
			description: "The subscriber has a subscription to this queue.", location: c.queuePath("subscriptions"),
		}
	}
	if err := sendConfirmation(c, s, subscriptionConfirmation, wanted.TTL); err != nil {
		return reply{}, err
	}
	out, err := jsonReply(http.StatusCreated, map[string]string{"subscription_id": s.ID.String()})
	return out.with("Location", c.queuePath("subscriptions")), err
}

// getSubscription returns a subscription.
func getSubscription(c *call) (reply, error) {
	var item subscriptionItem
	err := c.srv.broker.View(func(r *broker.ReadTx) error {
		s, err := r.Subscription(c.project, c.param("queue"), c.param("subscription"))
		item = newSubscriptionItem(c.param("queue"), s, r.Now())
		return err
	})
	if err != nil {
		return reply{}, missingSubscription(c, err)
	}
	return jsonReply(http.StatusOK, item)
}

// updateSubscription changes a subscription. A new ttl counts from now on.
func updateSubscription(c *call) (reply, error) {
	document := []byte("{}")
	if c.size > 0 {
		var err error
		if document, err = c.anyDocument(); err != nil {
			return reply{}, err
		}
	}
	terms, err := broker.ParseSubscriptionPatch(document, broker.InstantOf(c.srv.Now()))
	if err != nil {
		return reply{}, err
	}
	err = c.changeSubscription(func(w *broker.WriteTx, s broker.Subscription) error {
		return w.UpdateSubscription(c.project, c.param("queue"), s, terms)
	})
	if errors.Is(err, broker.ErrSubscribed) {
		err = &refusal{status: http.StatusConflict, title: "Resource conflict", description: "Not changed: " + err.Error() + "."}
	}
	return empty(http.StatusNoContent).with("Location", c.subscriptionPath()), err
}

// confirmSubscription records whether the subscriber accepts messages.
func confirmSubscription(c *call) (reply, error) {
	document := []byte("{}")
	if c.size > 0 {
		var err error
		if document, err = c.anyDocument(); err != nil {
			return reply{}, err
		}
	}
	confirmed, err := broker.ParseConfirmation(document)
	if err != nil {
		return reply{}, err
	}
	var changed broker.Subscription
	err = c.changeSubscription(func(w *broker.WriteTx, s broker.Subscription) error {
		s.Confirmed = confirmed
		w.PutSubscription(c.project, c.param("queue"), s)
		changed = s
		return nil
	})
	if err == nil && !confirmed {
		err = sendConfirmation(c, changed, unsubscribeConfirmation, int64(c.srv.options.limits.DefaultSubscriptionTTL))
	}
	return empty(http.StatusNoContent).with("Location", c.subscriptionPath()+"/confirm"), err
}

// deleteSubscription deletes a subscription, which need not exist.
func deleteSubscription(c *call) (reply, error) {
	err := c.changeSubscription(func(w *broker.WriteTx, s broker.Subscription) error {
		w.Unsubscribe(c.project, c.param("queue"), s)
		return nil
	})
	if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusNotFound {
		err = nil
	}
	return empty(http.StatusNoContent), err
}

// changeSubscription finds the subscription that the path names and changes it in
// the same transaction.
func (c *call) changeSubscription(change func(*broker.WriteTx, broker.Subscription) error) error {
	err := c.srv.broker.Update(func(w *broker.WriteTx) error {
		s, err := w.Subscription(c.project, c.param("queue"), c.param("subscription"))
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

// missingSubscription turns the error for a missing subscription into a 404. It
// returns other errors as they are.
func missingSubscription(c *call, err error) error {
	if errors.Is(err, broker.ErrNoSubscription) {
		return notFound("Subscription %s does not exist.", c.param("subscription"))
	}
	return err
}
