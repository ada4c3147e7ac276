package transport

import (
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

// settled is how long a connection must have lasted to count as a success.
const settled = 10 * time.Second

// reconnects spaces attempts to connect, so that the clients of a server that was
// restarted do not all come back at once.
var reconnects = backoff.Backoff{First: 500 * time.Millisecond, Most: 30 * time.Second}
