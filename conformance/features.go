package conformance

import (
	"testing"

	"github.com/zaqar-go/zaqar"
)

// Feature is something that a server has only if its operators have switched it on. Its
// cases are separate, because such a server also differs in other ways.
type Feature string

// The features.
const (
	// Confirmation: subscribers must confirm (require_confirmation).
	Confirmation Feature = "confirmation"
	// Pooling: there are pools and flavors (pooling, with admin_mode).
	Pooling Feature = "pooling"
)

// Features are all features.
var Features = []Feature{Confirmation, Pooling}

// RunFeature runs the cases of a feature on a target that has it, as [Run] does with the
// other cases. The cases of [Pooling] need a server on which nobody else creates queues.
func RunFeature(t *testing.T, feature Feature, version zaqar.Version, open func(t *testing.T) Target) {
	t.Helper()
	run(t, feature, version, open, nil, func(noun, sentence string) bool { return concerns(version, noun, sentence) })
}

// groups are the cases by feature and noun. The cases of "" are for every server.
var groups = map[Feature]map[string][]behaviour{
	"": {
		"connection":    connection,
		"queues":        queues,
		"metadata":      metadata,
		"messages":      messages,
		"listing":       listings,
		"claims":        claims,
		"publishing":    publishing,
		"subscribers":   listening,
		"subscriptions": subscriptions,
		"deliveries":    deliveries,
		"shares":        shares,
		"topics":        topics,
	},
	Confirmation: {
		"confirmations": confirmations,
	},
	Pooling: {
		"pools":   pools,
		"flavors": flavors,
	},
}
