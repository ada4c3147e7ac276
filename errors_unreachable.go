package zaqar

import (
	"errors"
	"net"
)

// notReached reports whether an error means that no connection was made.
func notReached(err error) bool {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}
