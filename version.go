package zaqar

import "github.com/zaqar-go/zaqar/internal/wire"

// Release is the version of this library, as sent in the User-Agent header.
const Release = "0.1.0"

// Version is a version of Zaqar's API, spelled as in paths. [Connect] asks the server
// for it; [WithVersion] sets it.
type Version string

// The versions of the API. One program runs on all three, as far as a version has the
// operations. An operation that it lacks is an error that matches [ErrUnsupported],
// and nothing is sent:
//
//   - V1_1 cannot change the metadata of an existing queue, cannot purge, delay, count,
//     filter or share, and has no subscriptions. [Queue.Exists] works by listing.
//   - V1 also cannot pop, cannot set [Reserved] metadata, and cannot tell the status
//     of a message, unless it comes from a claim or a plain listing.
//
// V1 has no default TTL for messages: [Queue.Post] gives them an hour, the default of
// the other versions. It also creates the queue first, once for each client and queue.
const (
	V1   Version = "v1"
	V1_1 Version = "v1.1"
	V2   Version = "v2"
)

// versions lists all versions, newest first.
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

// Supports reports whether the version has an operation, by its name in errors:
// "message_pop", "queue_purge", …. It does not know the operations of package admin.
func (v Version) Supports(operation string) bool {
	_, err := wire.Lookup(wire.Version(v), wire.Op(operation))
	return err == nil
}
