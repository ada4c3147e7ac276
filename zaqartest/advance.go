package zaqartest

import "time"

// Advance moves the server's clock forward by d, without waiting: messages,
// claims, subscriptions, delays and tokens that end by then have ended when
// Advance returns, and attempts to deliver that are due by then have been begun.
// Time goes on from there at its usual speed. A WebSocket whose token ends is as
// good as closed: its client has yet to read so.
func (s *Server) Advance(d time.Duration) {
	s.clock.Advance(d)
	s.timers.clockAdvanced()
}

// Now returns the server's time: that of the machine (or of the synctest
// bubble) plus every Advance.
func (s *Server) Now() time.Time { return s.clock.Now() }
