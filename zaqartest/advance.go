package zaqartest

import "time"

// Advance moves the server's clock forward by d without waiting. When it returns,
// messages, claims, subscriptions, delays and tokens that expire by then have
// expired, and deliveries that are due by then have been started. From there the
// clock runs at its usual speed. A WebSocket whose token expires is being closed;
// its client may not have noticed yet.
func (s *Server) Advance(d time.Duration) {
	s.clock.Advance(d)
	s.timers.clockAdvanced()
}

// Now returns the server's time: the time of the machine, or of the synctest bubble,
// plus every Advance.
func (s *Server) Now() time.Time { return s.clock.Now() }
