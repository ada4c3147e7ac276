package cli

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// limitFlag sets one of the embedded server's limits. Its name is that of Zaqar's
// option, with dashes, so that a zaqar.conf can be copied.
type limitFlag struct {
	name  string
	field *int
	// usage has the unit in backquotes, which help shows in place of the value.
	usage string
}

// limitFlags are the flags of all limits, by what they are about.
func limitFlags(l *zaqartest.Limits) []limitFlag {
	return []limitFlag{
		{"max-queues-per-page", &l.MaxQueuesPerPage, "largest `count` of queues that one listing returns"},
		{"max-subscriptions-per-page", &l.MaxSubscriptionsPerPage, "largest `count` of subscriptions that one listing returns"},
		{"max-pools-per-page", &l.MaxPoolsPerPage, "largest `count` of pools that one listing returns, in v2"},
		{"max-flavors-per-page", &l.MaxFlavorsPerPage, "largest `count` of flavors that one listing returns, in v2"},
		{"max-messages-per-page", &l.MaxMessagesPerPage, "largest `count` of messages that one listing returns, and of ids\nin one request"},
		{"max-messages-per-claim-or-pop", &l.MaxMessagesPerClaimOrPop, "largest `count` of messages of one claim or pop"},
		{"max-queue-metadata", &l.MaxQueueMetadata, "largest body in `bytes` that creates or changes a queue"},
		{"max-messages-post-size", &l.MaxMessagesPostSize, "largest body in `bytes` that posts messages"},
		{"max-message-ttl", &l.MaxMessageTTL, "longest life of a message in `seconds`"},
		{"max-message-delay", &l.MaxMessageDelay, "longest delay of a message in `seconds`"},
		{"max-claim-ttl", &l.MaxClaimTTL, "longest life of a claim in `seconds`"},
		{"max-claim-grace", &l.MaxClaimGrace, "longest grace of a claim in `seconds`"},
		{"default-message-ttl", &l.DefaultMessageTTL, "life in `seconds` of a message that is given none"},
		{"default-claim-ttl", &l.DefaultClaimTTL, "life in `seconds` of a claim that is given none"},
		{"default-claim-grace", &l.DefaultClaimGrace, "grace in `seconds` of a claim that is given none"},
		{"default-subscription-ttl", &l.DefaultSubscriptionTTL, "life in `seconds` of a subscription that is given none"},
	}
}

// addLimits adds the flags of all limits; without them the defaults hold.
func addLimits(flags *pflag.FlagSet, l *zaqartest.Limits) {
	*l = zaqartest.DefaultLimits()
	for _, f := range limitFlags(l) {
		flags.IntVar(f.field, f.name, *f.field, f.usage)
		inGroup(flags, "Limits", f.name)
	}
}

// checkLimits refuses what the library would take for "not set".
func checkLimits(l *zaqartest.Limits) error {
	for _, f := range limitFlags(l) {
		if *f.field <= 0 {
			return badUsage("--%s is %d; it must be at least 1", f.name, *f.field)
		}
	}
	return nil
}

// contradicting tells that the server refuses the limits, in the words of the
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
