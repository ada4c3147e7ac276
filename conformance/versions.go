package conformance

import (
	"slices"

	"github.com/zaqar-go/zaqar"
)

var (
	beforeV2 = []zaqar.Version{zaqar.V1, zaqar.V1_1}
	onlyV1   = []zaqar.Version{zaqar.V1}
	onlyV1_1 = []zaqar.Version{zaqar.V1_1}
)

// lacking maps cases to the versions of the API that do not have what the case is about.
// That the client then refuses the call is a test of the client, not of servers.
var lacking = map[string][]zaqar.Version{
	"the raw verbs follow hrefs":                                       beforeV2, // PATCH
	"queues can be counted":                                            beforeV2,
	"queues can be filtered by name and by metadata":                   beforeV2,
	"purging drops the messages and keeps the queue":                   beforeV2,
	"purging all leaves nothing, claimed and delayed messages neither": beforeV2,
	"a delay that the queue would ignore is refused":                   beforeV2,
	"an administrator is told how the store is":                        onlyV1,
	"checksums agree with the bodies":                                  beforeV2,
	"update replaces the content":                                      onlyV1_1,
	"single keys can be set and removed":                               onlyV1_1,
	"any key and any value survive":                                    onlyV1_1,
	"what was read can be changed and written back":                    onlyV1_1,
	"changing a queue that does not exist is an error":                 onlyV1_1,
	"removing a key that is not there is a conflict":                   onlyV1_1,
	"the reserved keys have types":                                     beforeV2,
	"a reserved key with a wrong value is refused":                     beforeV2,
	"the queue's default TTL is given to messages":                     beforeV2,
	"popping takes the oldest out":                                     onlyV1,
	"a publisher keeps to the limit of its queue":                      beforeV2,
	"a listed message is free, whatever its href says":                 onlyV1, // its hrefs do not name claims
	"the status tells claimed from free when both are listed":          onlyV1,
	"a flavor is made of pools, read, changed and deleted":             beforeV2,
	"a flavor of v1.1 has capabilities":                                {zaqar.V1, zaqar.V2},
	"flavors are listed, more than fit one page":                       onlyV1,
	"a queue can ask for a flavor":                                     beforeV2,
	"who is no operator is refused":                                    beforeV2, // they do not check roles
	"health tells of each pool":                                        onlyV1,
	"the number of queues is told, or not":                             beforeV2,
	"a delayed message is hidden until its delay is over":              beforeV2,
	"what was claimed too often goes to the dead-letter queue":         beforeV2,
}

// onlyV2 are the groups whose operations only v2 has.
var onlyV2 = []string{"subscriptions", "deliveries", "confirmations", "shares", "topics"}

// concerns reports whether a case of a group applies to a version.
func concerns(version zaqar.Version, noun, sentence string) bool {
	if slices.Contains(onlyV2, noun) && version != zaqar.V2 {
		return false
	}
	return !slices.Contains(lacking[sentence], version)
}
