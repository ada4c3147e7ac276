package broker

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// subscriberSchemes are the schemes that a subscriber's URI may have.
var subscriberSchemes = []string{"http", "https", "mailto", "trust+http", "trust+https"}

// SchemeOf returns the scheme of a subscriber's URI, in lower case.
func SchemeOf(subscriber string) string {
	scheme, _, found := strings.Cut(subscriber, ":")
	if !found {
		return ""
	}
	return strings.ToLower(scheme)
}

// endOfCalendar is the end of the year 9999, where Zaqar's calendar ends. A
// subscription must expire before it.
const endOfCalendar = 253402300800 // seconds since 1970

// SubscriptionTerms is what a caller sets on a subscription. A nil field was not
// sent.
type SubscriptionTerms struct {
	subscriber *string
	ttl        *int64
	options    json.RawMessage
}

// ParseSubscription reads the body of a new subscription.
func ParseSubscription(document []byte, l Limits, now Instant) (Subscription, error) {
	fields, err := rawjson.Object(document)
	if err != nil {
		return Subscription{}, invalidBody("A subscription must be an object.")
	}
	terms, err := parseTerms(fields, now)
	switch {
	case err != nil:
		return Subscription{}, err
	case terms.subscriber == nil:
		return Subscription{}, invalid("The subscription has no subscriber.")
	}
	s := Subscription{Subscriber: *terms.subscriber, TTL: int64(l.DefaultSubscriptionTTL), Options: terms.options}
	if value, present := fields["ttl"]; present {
		if terms.ttl == nil {
			return Subscription{}, invalid("The ttl of a subscription must be an integer, not %s.", value)
		}
		s.TTL = *terms.ttl
	}
	if value, present := fields["options"]; present {
		s.Options = value // even null: Zaqar accepts it
	}
	if s.Options == nil {
		s.Options = json.RawMessage("{}")
	}
	return s, nil
}

// ParseSubscriptionPatch reads the body of a change.
func ParseSubscriptionPatch(document []byte, now Instant) (SubscriptionTerms, error) {
	fields, err := rawjson.Object(document)
	if err != nil {
		return SubscriptionTerms{}, invalid("A change of a subscription must be an object.")
	}
	if len(fields) == 0 {
		return SubscriptionTerms{}, invalid("There is nothing to change.")
	}
	if value := fields["subscriber"]; !rawjson.IsNull(value) {
		if _, ok := rawjson.Text(value); !ok {
			return SubscriptionTerms{}, unableToUpdate("The subscriber must be a string.")
		}
	}
	terms, err := parseTerms(fields, now)
	if err != nil {
		return terms, err
	}
	if terms.subscriber == nil && terms.ttl == nil && terms.options == nil {
		return terms, unableToUpdate("A change of a subscription needs a subscriber, a ttl or options.")
	}
	return terms, nil
}

func unableToUpdate(description string) error {
	return &Invalid{"Unable to update subscription", description}
}

// parseTerms checks the fields that were sent. It ignores null and unknown fields.
func parseTerms(fields map[string]json.RawMessage, now Instant) (SubscriptionTerms, error) {
	var terms SubscriptionTerms
	if value := fields["subscriber"]; !rawjson.IsNull(value) {
		subscriber, ok := rawjson.Text(value)
		if !ok || !slices.Contains(subscriberSchemes, SchemeOf(subscriber)) {
			return terms, invalid("The subscriber must be a URI whose scheme is one of %s.", strings.Join(subscriberSchemes, ", "))
		}
		terms.subscriber = &subscriber
	}
	if value := fields["options"]; !rawjson.IsNull(value) {
		if _, err := rawjson.Object(value); err != nil && !rawjson.IsFalsy(value) {
			return terms, invalid("The options of a subscription must be an object.")
		}
		terms.options = value
	}
	if options, err := rawjson.Object(terms.options); err == nil {
		if err := checkRetryPolicy(options["_retry_policy"]); err != nil {
			return terms, invalid("%v.", err)
		}
	}
	if value := fields["ttl"]; !rawjson.IsNull(value) {
		ttl, ok := rawjson.Integer(value)
		switch {
		case !ok:
			return terms, invalid("The ttl of a subscription must be an integer.")
		case ttl < minSubscriptionTTL:
			return terms, invalid("The ttl of a subscription must be at least %d seconds.", minSubscriptionTTL)
		case ttl >= endOfCalendar-now.Seconds():
			return terms, invalid("The ttl of a subscription must end before the year 10000.")
		}
		terms.ttl = &ttl
	}
	return terms, nil
}

// ParseConfirmation reads whether the subscriber accepts messages.
func ParseConfirmation(document []byte) (bool, error) {
	fields, err := rawjson.Object(document)
	if err != nil {
		return false, &Invalid{"Unable to confirm subscription", "The body must be an object."}
	}
	if !rawjson.IsBool(fields["confirmed"]) {
		return false, invalid("confirmed must be true or false.")
	}
	return string(fields["confirmed"]) == "true", nil
}
