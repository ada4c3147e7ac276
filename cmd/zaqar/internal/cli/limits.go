package cli

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// limitFlag sets one of the embedded server's limits. Its name is the name of Zaqar's
// option, with dashes, so that the values of a zaqar.conf can be copied.
type limitFlag struct {
	name  string
	field *int
	// usage has the unit in backquotes: help shows it as the name of the value.
	usage string
}

// limitFlags returns the flags of all limits.
func limitFlags(l *zaqartest.Limits) []limitFlag {
	return []limitFlag{
		{"max-queues-per-page", &l.MaxQueuesPerPage, "at most `n` queues on a page"},
		{"max-subscriptions-per-page", &l.MaxSubscriptionsPerPage, "at most `n` subscriptions on a page"},
		{"max-pools-per-page", &l.MaxPoolsPerPage, "at most `n` pools on a page, in v2"},
		{"max-flavors-per-page", &l.MaxFlavorsPerPage, "at most `n` flavors on a page, in v2"},
		{"max-messages-per-page", &l.MaxMessagesPerPage, "at most `n` messages on a page, and of ids in a request"},
		{"max-messages-per-claim-or-pop", &l.MaxMessagesPerClaimOrPop, "at most `n` messages of a claim or pop"},
		{"max-queue-metadata", &l.MaxQueueMetadata, "at most this many `bytes` of queue metadata"},
		{"max-messages-post-size", &l.MaxMessagesPostSize, "at most this many `bytes` in a post"},
		{"max-message-ttl", &l.MaxMessageTTL, "maximum TTL of a message in `seconds`"},
		{"max-message-delay", &l.MaxMessageDelay, "maximum delay of a message in `seconds`"},
		{"max-claim-ttl", &l.MaxClaimTTL, "maximum TTL of a claim in `seconds`"},
		{"max-claim-grace", &l.MaxClaimGrace, "maximum grace of a claim in `seconds`"},
		{"default-message-ttl", &l.DefaultMessageTTL, "TTL of a message in `seconds`"},
		{"default-claim-ttl", &l.DefaultClaimTTL, "TTL of a claim in `seconds`"},
		{"default-claim-grace", &l.DefaultClaimGrace, "grace of a claim in `seconds`"},
		{"default-subscription-ttl", &l.DefaultSubscriptionTTL, "TTL of a subscription in `seconds`"},
	}
}

// addLimits adds the flags of all limits, with the server's defaults.
func addLimits(flags *pflag.FlagSet, l *zaqartest.Limits) {
	*l = zaqartest.DefaultLimits()
	for _, f := range limitFlags(l) {
		flags.IntVar(f.field, f.name, *f.field, f.usage)
		inGroup(flags, "Limits", f.name)
	}
}

// checkLimits refuses values that the library would take for "not set".
func checkLimits(l *zaqartest.Limits) error {
	for _, f := range limitFlags(l) {
		if *f.field <= 0 {
			return badUsage("--%s is %d; it must be at least 1", f.name, *f.field)
		}
	}
	return nil
}

// contradicting reports that the server refuses the limits. It uses the names of the
// flags.
func contradicting(l *zaqartest.Limits, refusal error) error {
	words := strings.Fields(strings.TrimPrefix(refusal.Error(), "zaqartest: "))
	for i, word := range words {
		for _, f := range limitFlags(l) {
			if strings.EqualFold(word, strings.ReplaceAll(f.name, "-", "")) {
				words[i] = "--" + f.name
			}
		}
	}
	return badUsage("the limits contradict each other or the API: %s", strings.Join(words, " "))
}
