package zaqartest

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// wsCreateSubscription subscribes the WebSocket itself, unless another subscriber is
// named. A subscriber who already has a subscription keeps it, confirmed or not, and
// no confirmation is sent here.
func wsCreateSubscription(req *wsRequest) (wsAnswer, error) {
	wanted, own, err := req.newSubscription()
	if err != nil {
		return wsAnswer{}, err
	}
	if _, err := req.ensureQueue(); err != nil {
		return wsAnswer{}, err
	}
	if wanted, err = req.srv.keystone.withTrust(req.session.validToken(), wanted); err != nil {
		return wsAnswer{}, err
	}
	var made broker.Subscription
	var created bool
	err = req.srv.broker.Update(func(w *broker.WriteTx) error {
		made, created = w.Subscribe(req.project, req.queue(), wanted)
		// In the same transaction, so that every post that sees the subscription is
		// pushed.
		if created && own && !req.session.subscribed.add(queueName{req.project, req.queue()}, made.ID, req.binary) {
			w.Unsubscribe(req.project, req.queue(), made)
		}
		return nil
	})
	if !created {
		return wsAnswer{http.StatusConflict, "Subscription " + req.queue() + " not created."}, err
	}
	return wsAnswer{http.StatusCreated, map[string]string{
		"subscription_id": made.ID.String(), "message": "Subscription " + req.queue() + " created.",
	}}, err
}

// newSubscription reads the subscription to make. own reports whether its subscriber
// is this WebSocket.
func (req *wsRequest) newSubscription() (wanted broker.Subscription, own bool, err error) {
	content := maps.Clone(req.body)
	if own = req.text("subscriber") == ""; own {
		content["subscriber"], _ = json.Marshal(webSocketSubscriber + req.session.id.String()) // a string: that cannot fail
	}
	document, err := rawjson.Marshal(content)
	if err != nil {
		return wanted, own, err
	}
	wanted, err = broker.ParseSubscription(document, req.srv.options.limits, broker.InstantOf(req.srv.Now()))
	return wanted, own, err
}

func wsListSubscriptions(req *wsRequest) (wsAnswer, error) {
	most := req.srv.options.limits.MaxSubscriptionsPerPage
	limit, err := req.count("limit", most, broker.PageSize(most))
	if err != nil {
		return wsAnswer{}, err
	}
	found := []subscriptionItem{}
	err = req.srv.broker.View(func(r *broker.ReadTx) error {
		for s := range r.Subscriptions(req.project, req.queue(), req.text("marker")) {
			if found = append(found, newSubscriptionItem(req.queue(), s, r.Now())); len(found) == limit {
				break
			}
		}
		return nil
	})
	return wsAnswer{http.StatusOK, map[string]any{"subscriptions": found}}, err
}

func wsGetSubscription(req *wsRequest) (wsAnswer, error) {
	var item subscriptionItem
	id := req.text("subscription_id")
	err := req.srv.broker.View(func(r *broker.ReadTx) error {
		s, err := r.Subscription(req.project, req.queue(), id)
		item = newSubscriptionItem(req.queue(), s, r.Now())
		return err
	})
	if errors.Is(err, broker.ErrNoSubscription) {
		err = &refusal{
			status: http.StatusNotFound, description: err.Error() + ".",
			summary: "Subscription " + id + " for queue " + req.queue() + " does not exist.",
		}
	}
	return wsAnswer{http.StatusOK, item}, err
}

// wsDeleteSubscription deletes a subscription, which need not exist.
func wsDeleteSubscription(req *wsRequest) (wsAnswer, error) {
	id := req.text("subscription_id")
	err := req.srv.broker.Update(func(w *broker.WriteTx) error {
		s, err := w.Subscription(req.project, req.queue(), id)
		if err == nil {
			w.Unsubscribe(req.project, req.queue(), s)
		}
		return err
	})
	if errors.Is(err, broker.ErrNoSubscription) {
		err = nil
	}
	return wsAnswer{http.StatusNoContent, "Subscription " + id + " removed."}, err
}
