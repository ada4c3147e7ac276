package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// Metadata is the metadata of a queue. The values are JSON, as they were sent.
type Metadata map[string]json.RawMessage

// Text returns a key that is a string, or "".
func (m Metadata) Text(key string) string {
	value, _ := rawjson.Text(m[key])
	return value
}

// Integer returns a key that is an integer, or 0.
func (m Metadata) Integer(key string) int64 {
	value, _ := rawjson.Integer(m[key])
	return value
}

// reserved returns the keys that have a meaning in Zaqar, with their defaults.
func (l Limits) reserved() Metadata {
	return Metadata{
		"_max_messages_post_size":         json.RawMessage(strconv.Itoa(l.MaxMessagesPostSize)),
		"_default_message_ttl":            json.RawMessage(strconv.Itoa(l.DefaultMessageTTL)),
		"_default_message_delay":          json.RawMessage("0"),
		"_dead_letter_queue":              json.RawMessage("null"),
		"_dead_letter_queue_messages_ttl": json.RawMessage("null"),
		"_max_claim_count":                json.RawMessage("null"),
		"_enable_encrypt_messages":        json.RawMessage("false"),
	}
}

// WithReserved returns the metadata as v2 shows it, with the reserved keys filled
// in.
func (m Metadata) WithReserved(l Limits) Metadata {
	out := maps.Clone(m)
	if out == nil {
		out = Metadata{}
	}
	for key, fallback := range l.reserved() {
		if rawjson.IsFalsy(out[key]) {
			out[key] = fallback
		}
	}
	return out
}

// CheckMetadata refuses reserved keys with values that Zaqar cannot use.
func (l Limits) CheckMetadata(m Metadata) error {
	for _, rule := range []struct {
		key      string
		min, max int64
	}{
		{"_max_messages_post_size", 1, int64(l.MaxMessagesPostSize)},
		{"_default_message_ttl", MinMessageTTL, int64(l.MaxMessageTTL)},
		{"_default_message_delay", 0, int64(l.MaxMessageDelay)},
		{"_dead_letter_queue_messages_ttl", MinMessageTTL, int64(l.MaxMessageTTL)},
	} {
		value, present := m[rule.key]
		if !present || string(value) == "null" {
			continue
		}
		if n, ok := rawjson.Integer(value); !ok || n < rule.min || n > rule.max {
			return fmt.Errorf("%s must be an integer from %d to %d", rule.key, rule.min, rule.max)
		}
	}
	if value := m["_max_claim_count"]; !rawjson.IsFalsy(value) {
		if _, ok := rawjson.Integer(value); !ok {
			return errors.New("_max_claim_count must be an integer")
		}
	}
	if value := m["_enable_encrypt_messages"]; !rawjson.IsFalsy(value) && !rawjson.IsBool(value) {
		return errors.New("_enable_encrypt_messages must be true or false")
	}
	return checkRetryPolicy(m["_retry_policy"])
}

// checkRetryPolicy checks a policy for retrying notifications.
func checkRetryPolicy(value json.RawMessage) error {
	if rawjson.IsFalsy(value) {
		return nil
	}
	policy, err := rawjson.Object(value)
	if err != nil {
		return fmt.Errorf("_retry_policy: %w", err)
	}
	delays := map[string]int64{"minimum_delay": 5, "maximum_delay": 30}
	for _, key := range []string{
		"retries_with_no_delay", "minimum_delay_retries", "minimum_delay",
		"maximum_delay", "maximum_delay_retries",
	} {
		value := policy[key]
		// An empty value stands for the default, except for a delay.
		if _, isDelay := delays[key]; value == nil || !isDelay && rawjson.IsFalsy(value) {
			continue
		}
		n, ok := rawjson.Integer(value)
		if !ok {
			return fmt.Errorf("%s of _retry_policy must be an integer", key)
		}
		delays[key] = n
	}
	shortest, longest := delays["minimum_delay"], delays["maximum_delay"]
	// As unsigned numbers, the difference of two huge numbers does not overflow.
	if longest < shortest || uint64(longest)-uint64(shortest) < 10 {
		return errors.New("maximum_delay of _retry_policy must exceed minimum_delay by 10 or more")
	}
	if value := policy["retry_backoff_function"]; !rawjson.IsFalsy(value) {
		switch name, _ := rawjson.Text(value); name {
		case "linear", "arithmetic", "exponential", "geometric":
		default:
			return errors.New("retry_backoff_function of _retry_policy is unknown")
		}
	}
	if value := policy["ignore_subscription_override"]; !rawjson.IsFalsy(value) && !rawjson.IsBool(value) {
		return errors.New("ignore_subscription_override of _retry_policy must be true or false")
	}
	return nil
}
