package zaqartest

import (
	"encoding/json"
	"slices"
	"strings"
)

// subscriberSchemes are those of subscribers that a caller can name.
var subscriberSchemes = []string{"http", "https", "mailto", "trust+http", "trust+https"}

// schemeOf returns the scheme of a subscriber's URI, in lower case.
func schemeOf(subscriber string) string {
	scheme, _, found := strings.Cut(subscriber, ":")
	if !found {
		return ""
	}
	return strings.ToLower(scheme)
}

// endOfYears is where Zaqar's calendar ends: the year 9999. A subscription must
// end before.
const endOfYears = 253402300800 // seconds since 1970

// subscriptionTerms is what a caller says about a subscription. What is nil was
// not said.
type subscriptionTerms struct {
	subscriber *string
	ttl        *int64
	options    json.RawMessage
}

// parseSubscription reads the body of a new subscription.
func parseSubscription(document []byte, l brokerLimits, now instant) (subscription, error) {
	fields, err := object(document)
	if err != nil {
		return subscription{}, invalidDocument("A subscription must be an object.")
	}
	terms, err := parseTerms(fields, now)
	switch {
	case err != nil:
		return subscription{}, err
	case terms.subscriber == nil:
		return subscription{}, invalidRequest("The subscription has no subscriber.")
	}
	s := subscription{subscriber: *terms.subscriber, ttl: int64(l.DefaultSubscriptionTTL), options: terms.options}
	if value, present := fields["ttl"]; present {
		if terms.ttl == nil {
			return subscription{}, invalidRequest("The ttl of a subscription must be an integer, not %s.", value)
		}
		s.ttl = *terms.ttl
	}
	if value, present := fields["options"]; present {
		s.options = value // null, too: Zaqar takes it
	}
	if s.options == nil {
		s.options = json.RawMessage("{}")
	}
	return s, nil
}

// parseSubscriptionPatch reads the body of a change.
func parseSubscriptionPatch(document []byte, now instant) (subscriptionTerms, error) {
	fields, err := object(document)
	if err != nil {
		return subscriptionTerms{}, invalidRequest("A change of a subscription must be an object.")
	}
	if len(fields) == 0 {
		return subscriptionTerms{}, invalidRequest("There is nothing to change.")
	}
	if value := fields["subscriber"]; !isNull(value) {
		if _, ok := text(value); !ok {
			return subscriptionTerms{}, unableToUpdate("The subscriber must be a string.")
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

// parseTerms checks what is there. A null says nothing, and fields that nobody
// knows are dropped.
func parseTerms(fields map[string]json.RawMessage, now instant) (subscriptionTerms, error) {
	var terms subscriptionTerms
	if value := fields["subscriber"]; !isNull(value) {
		subscriber, ok := text(value)
		if !ok || !slices.Contains(subscriberSchemes, schemeOf(subscriber)) {
			return terms, invalidRequest("The subscriber must be a URI whose scheme is one of %s.", strings.Join(subscriberSchemes, ", "))
		}
		terms.subscriber = &subscriber
	}
	if value := fields["options"]; !isNull(value) {
		if _, err := object(value); err != nil && !isFalsy(value) {
			return terms, invalidRequest("The options of a subscription must be an object.")
		}
		terms.options = value
	}
	if options, err := object(terms.options); err == nil {
		if err := checkRetryPolicy(options["_retry_policy"]); err != nil {
			return terms, invalidRequest("%v.", err)
		}
	}
	if value := fields["ttl"]; !isNull(value) {
		ttl, ok := integer(value)
		switch {
		case !ok:
			return terms, invalidRequest("The ttl of a subscription must be an integer.")
		case ttl < minSubscriptionTTL:
			return terms, invalidRequest("The ttl of a subscription must be at least %d seconds.", minSubscriptionTTL)
		case ttl >= endOfYears-now.seconds():
			return terms, invalidRequest("The ttl of a subscription leads beyond the year 9999.")
		}
		terms.ttl = &ttl
	}
	return terms, nil
}

// parseConfirmation reads whether the subscriber wants messages.
func parseConfirmation(document []byte) (bool, error) {
	fields, err := object(document)
	if err != nil {
		return false, &Invalid{"Unable to confirm subscription", "The body must be an object."}
	}
	if !isBool(fields["confirmed"]) {
		return false, invalidRequest("confirmed must be true or false.")
	}
	return string(fields["confirmed"]) == "true", nil
}
