package conformance

import (
	"testing"

	"github.com/zaqar-go/zaqar"
)

// Feature is what a server has only when its operators have switched it on. Its cases
// are apart, since such a server is another one in more than that.
type Feature string

// The features.
const (
	// Confirmation is that subscribers must confirm (require_confirmation).
	Confirmation Feature = "confirmation"
	// Pooling is that there are pools and flavors (pooling, with admin_mode).
	Pooling Feature = "pooling"
)

// Features are all features.
var Features = []Feature{Confirmation, Pooling}

// RunFeature holds a target that has a feature to the cases that are about it, as [Run]
// does to the others. Those of [Pooling] want a server on which nobody else makes
// queues.
func RunFeature(t *testing.T, feature Feature, version zaqar.Version, open func(t *testing.T) Target) {
	t.Helper()
	run(t, feature, version, open, nil, func(noun, sentence string) bool { return concerns(version, noun, sentence) })
}

// groups are the cases by feature and noun. Those of "" every server is held to.
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
