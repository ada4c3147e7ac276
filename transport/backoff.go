package transport

import (
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

// stableAfter is how long a connection must last before the back-off starts over.
const stableAfter = 10 * time.Second

// reconnects is the back-off between attempts to connect. It is random, so that the
// clients of a restarted server do not all reconnect at once.
var reconnects = backoff.Backoff{First: 500 * time.Millisecond, Most: 30 * time.Second}
