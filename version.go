package zaqar

import "github.com/zaqar-go/zaqar/internal/wire"

// Release is the version of this library, as the User-Agent tells it.
const Release = "0.1.0"

// Version is a version of Zaqar's API. It prints as it stands in paths.
//
// Leave the choice to [Connect], which asks the server, or make it with
// [WithVersion].
type Version string

// The versions of the API. One program runs on all three, as far as they have the
// operations. What a version lacks is an error that matches [ErrUnsupported],
// before anything is sent:
//
//   - V1_1 cannot change metadata once the queue is made, purge, delay, count, filter
//     or share queues, has no subscriptions, and finds out by a listing whether a queue
//     exists;
//   - V1 cannot pop either, nor set [Reserved] metadata, nor tell the status of a
//     message that was not read from a claim or a plain listing.
//
// On V1 a message posted without a TTL gets an hour, the default of the others,
// and [Queue.Post] creates the queue first, once for each client and queue.
const (
	V1   Version = "v1"
	V1_1 Version = "v1.1"
	V2   Version = "v2"
)

// versions are all versions, newest first.
var versions = []Version{V2, V1_1, V1}

// String returns "v1", "v1.1" or "v2".
func (v Version) String() string { return string(v) }

func (v Version) known() bool {
	for _, k := range versions {
		if k == v {
			return true
		}
	}
	return false
}

// Supports reports whether the version has an operation, by the name that errors
// give it: "message_pop", "queue_purge", …. Those of package admin are told there.
func (v Version) Supports(operation string) bool {
	_, err := wire.Lookup(wire.Version(v), wire.Op(operation))
	return err == nil
}
