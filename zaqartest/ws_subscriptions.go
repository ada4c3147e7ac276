package zaqartest

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// askSubscription subscribes: the WebSocket itself, unless another subscriber is
// named. A subscriber who has a subscription keeps it, confirmed or not, and is
// not asked for a confirmation here.
func wsCreateSubscription(a *wsRequest) (wsAnswer, error) {
	wanted, own, err := a.newSubscription()
	if err != nil {
		return wsAnswer{}, err
	}
	if _, err := a.ensureQueue(); err != nil {
		return wsAnswer{}, err
	}
	if wanted, err = a.srv.keystone.withTrust(a.session.validToken(), wanted); err != nil {
		return wsAnswer{}, err
	}
	var made broker.Subscription
	var created bool
	err = a.srv.broker.Update(func(w *broker.WriteTx) error {
		made, created = w.Subscribe(a.project, a.queue(), wanted)
		// From the moment on when posts can see it.
		if created && own && !a.session.subscribed.add(queueName{a.project, a.queue()}, made.ID, a.binary) {
			w.Unsubscribe(a.project, a.queue(), made)
		}
		return nil
	})
	if !created {
		return wsAnswer{http.StatusConflict, "Subscription " + a.queue() + " not created."}, err
	}
	return wsAnswer{http.StatusCreated, map[string]string{
		"subscription_id": made.ID.String(), "message": "Subscription " + a.queue() + " created.",
	}}, err
}

// subscription reads what is to be subscribed; own tells that it is this
// WebSocket.
func (a *wsRequest) newSubscription() (wanted broker.Subscription, own bool, err error) {
	content := maps.Clone(a.body)
	if own = a.text("subscriber") == ""; own {
		content["subscriber"], _ = json.Marshal(webSocketSubscriber + a.session.id.String()) // a string: that cannot fail
	}
	document, err := rawjson.Marshal(content)
	if err != nil {
		return wanted, own, err
	}
	wanted, err = broker.ParseSubscription(document, a.srv.options.limits, broker.InstantOf(a.srv.Now()))
	return wanted, own, err
}

func wsListSubscriptions(a *wsRequest) (wsAnswer, error) {
	most := a.srv.options.limits.MaxSubscriptionsPerPage
	limit, err := a.count("limit", most, broker.PageSize(most))
	if err != nil {
		return wsAnswer{}, err
	}
	found := []subscriptionItem{}
	err = a.srv.broker.View(func(r *broker.ReadTx) error {
		for s := range r.Subscriptions(a.project, a.queue(), a.text("marker")) {
			if found = append(found, newSubscriptionItem(a.queue(), s, r.Now())); len(found) == limit {
				break
			}
		}
		return nil
	})
	return wsAnswer{http.StatusOK, map[string]any{"subscriptions": found}}, err
}

func wsGetSubscription(a *wsRequest) (wsAnswer, error) {
	var item subscriptionItem
	id := a.text("subscription_id")
	err := a.srv.broker.View(func(r *broker.ReadTx) error {
		s, err := r.Subscription(a.project, a.queue(), id)
		item = newSubscriptionItem(a.queue(), s, r.Now())
		return err
	})
	if errors.Is(err, broker.ErrNoSubscription) {
		err = &refusal{
			status: http.StatusNotFound, description: err.Error() + ".",
			summary: "Subscription " + id + " for queue " + a.queue() + " does not exist.",
		}
	}
	return wsAnswer{http.StatusOK, item}, err
}

// askUnsubscription removes a subscription, existing or not.
func wsDeleteSubscription(a *wsRequest) (wsAnswer, error) {
	id := a.text("subscription_id")
	err := a.srv.broker.Update(func(w *broker.WriteTx) error {
		s, err := w.Subscription(a.project, a.queue(), id)
		if err == nil {
			w.Unsubscribe(a.project, a.queue(), s)
		}
		return err
	})
	if errors.Is(err, broker.ErrNoSubscription) {
		err = nil
	}
	return wsAnswer{http.StatusNoContent, "Subscription " + id + " removed."}, err
}
