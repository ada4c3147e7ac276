package conformance

import (
	"slices"
	"testing"

	"github.com/zaqar-go/zaqar"
)

// RunWebSocket runs the cases that a client can do over the WebSocket alone, with API
// v2. The target's endpoint is a ws or wss URL. For a target with both, use [Run], which
// runs all cases. On MongoDB the cases that list more than a page need HTTP, too (quirk 48).
// open is called once more, to know the store.
func RunWebSocket(t *testing.T, open func(t *testing.T) Target) {
	t.Helper()
	unmarked := mongodb(open(t))
	run(t, "", zaqar.V2, open, nil, func(noun, sentence string) bool {
		return concerns(zaqar.V2, noun, sentence) && needsHTTP[sentence] == "" &&
			(!unmarked || !slices.Contains(needsMarkers, sentence))
	})
}

// needsMarkers are the cases that the WebSocket alone cannot do on MongoDB: it has no
// marker for the second page (quirk 48). "a listing is complete, or says that it is not"
// shows what the client does instead.
var needsMarkers = []string{
	"every message is listed once, whatever the size of a page",
	"a limit is the number of messages in all",
	"a loop can be left and taken up at a marker",
	"without echo, pages of own messages hide nothing behind them",
	"pages of claimed messages hide nothing behind them",
	"deleting while listing misses nothing",
	"listing survives the deletion of what it stands on",
	"what a publisher says is stored is stored, in its order",
	"a publisher keeps to the limit of its queue",
	"a publisher fills requests up to the limit and not above",
	"everyone who listens sees every message in order, one's own and claimed ones too",
	"a subscriber goes on from a saved position",
	"a subscriber hears nothing twice when what marks its place is deleted",
}

// The reasons why a case needs HTTP.
const (
	noUpdate  = "metadata cannot be changed"
	noExists  = "no action reports whether a queue exists"
	noDelay   = "delays are dropped"
	noClaims  = "messages do not show which claim holds them"
	noPaths   = "there are no paths, methods and media types"
	noShare   = "URLs cannot be signed"
	noConfirm = "subscriptions cannot be changed or confirmed"
	noFilter  = "queues are neither filtered nor counted"
)

// needsHTTP maps the cases that the WebSocket alone cannot do to the reason. That the
// client then refuses the call is a test of the client.
var needsHTTP = map[string]string{
	"an endpoint with the version at its end works too":                                noPaths,
	"the home document names the queues":                                               noPaths,
	"the raw verbs follow hrefs":                                                       noPaths,
	"every answer other than 2xx is an error with its code":                            noPaths,
	"an unknown media type in Accept is a 406":                                         noPaths,
	"an administrator is told how the store is":                                        "there is no action for health",
	"a topic has metadata":                                                             "topics have no actions",
	"a created queue exists and has its name and href":                                 noExists,
	"a queue that does not exist reads as empty":                                       noExists,
	"posting creates the queue":                                                        noExists,
	"a subscription has the server's TTL unless told":                                  noExists,
	"queues can be counted":                                                            noFilter,
	"queues can be filtered by name and by metadata":                                   noFilter,
	"purging all leaves nothing, claimed and delayed messages neither":                 noDelay,
	"a delayed message is hidden until its delay is over":                              noDelay,
	"update replaces the content":                                                      noUpdate,
	"single keys can be set and removed":                                               noUpdate,
	"any key and any value survive":                                                    noUpdate,
	"what was read can be changed and written back":                                    noUpdate,
	"changing a queue that does not exist is an error":                                 noUpdate,
	"removing a key that is not there is a conflict":                                   noUpdate,
	"the reserved keys have types":                                                     noUpdate,
	"a reserved key with a wrong value is refused":                                     noUpdate,
	"checksums agree with the bodies":                                                  "messages have no checksums",
	"a message has its properties":                                                     noClaims,
	"a listed message is free, whatever its href says":                                 noClaims,
	"the status tells claimed from free when both are listed":                          noClaims,
	"a signed URL says what it was asked to allow":                                     noShare,
	"a signed URL is enough to work with messages":                                     noShare,
	"a signed URL opens nothing else":                                                  noShare,
	"a signed URL that was changed opens nothing":                                      noShare,
	"a signed URL ends":                                                                noShare,
	"what the server signed and what its key signed are the same":                      noShare,
	"a signature is looked at beside other credentials, too":                           noPaths,
	"what cannot be shared is refused":                                                 noShare,
	"a subscription can be deleted more than once":                                     noConfirm,
	"a subscription can be changed and is renewed by its TTL":                          noConfirm,
	"a subscriber has one subscription to a queue":                                     noConfirm,
	"subscribing again before a confirmation finds the same subscription":              "a second one is refused, confirmed or not",
	"subscribing again after a confirmation is a conflict that names the subscription": noConfirm,
}

// httpAlone maps the cases that use only HTTP, even if there is a WebSocket, to the
// reason.
var httpAlone = map[string]string{
	"a signed URL opens nothing else":                             signatures,
	"a signed URL that was changed opens nothing":                 signatures,
	"a signed URL ends":                                           signatures,
	"what the server signed and what its key signed are the same": signatures,
}

const signatures = "over the WebSocket a server without authentication looks at no signature"
