package wire

import (
	"encoding/json"
	"errors"

	"github.com/zaqar-go/zaqar/internal/mend"
)

// Subscription is a subscription in an answer.
type Subscription struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	Subscriber string          `json:"subscriber"`
	TTL        Seconds         `json:"ttl"`
	Age        Seconds         `json:"age"`
	Options    json.RawMessage `json:"options"`
	Confirmed  bool            `json:"confirmed"`
}

var errNoID = errors.New("a subscription in it has no id")

// DecodeSubscription reads one subscription.
func DecodeSubscription(data []byte) (Subscription, error) {
	var s Subscription
	if err := mend.Unmarshal(data, &s); err != nil {
		return Subscription{}, err
	}
	if s.ID == "" {
		return Subscription{}, errNoID
	}
	return s, nil
}

// Subscriptions is a page of subscriptions. Next is the marker of the next page, "" if
// there is none.
type Subscriptions struct {
	Subscriptions []Subscription
	Next          string
}

// DecodeSubscriptions reads a page of subscriptions.
func DecodeSubscriptions(data []byte) (Subscriptions, error) {
	var reply struct {
		Subscriptions *[]Subscription `json:"subscriptions"`
		Links         []link          `json:"links"`
	}
	if err := mend.Unmarshal(data, &reply); err != nil {
		return Subscriptions{}, err
	}
	if reply.Subscriptions == nil {
		return Subscriptions{}, errors.New(`it has no "subscriptions"`)
	}
	for _, s := range *reply.Subscriptions {
		if s.ID == "" {
			return Subscriptions{}, errNoID
		}
	}
	return Subscriptions{Subscriptions: *reply.Subscriptions, Next: next(reply.Links)}, nil
}

// DecodeSubscribed reads the id of a new subscription.
func DecodeSubscribed(data []byte) (string, error) {
	var reply struct {
		ID string `json:"subscription_id"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return "", err
	}
	if reply.ID == "" {
		return "", errors.New(`it has no "subscription_id"`)
	}
	return reply.ID, nil
}
