package zaqar

import "github.com/zaqar-go/zaqar/internal/wire"

// Release is the version of this library, as the User-Agent tells it.
const Release = "0.1.0"

// Version is a version of Zaqar's API. It prints as it stands in paths.
//
// Leave the choice to [Connect], which asks the server, or make it with
// [WithVersion].
type Version string

// The versions of the API. The library speaks V2 today; on V1 and V1_1 every
// operation is an error that matches [ErrUnsupported].
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

// spoken reports whether this library has operations of v.
func (v Version) spoken() bool { return wire.Speaks(wire.Version(v)) }
