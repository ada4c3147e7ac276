package transport

import (
	"context"
	"errors"
	"time"
)

const (
	// pingEvery is how often a session looks whether the server is still there.
	pingEvery = 10 * time.Second
	// pingIdle is how long nothing must have come for a ping when no request waits;
	// when one does, any silence of pingEvery will do.
	pingIdle = 30 * time.Second
	// pongTimeout ends the wait for the answer to a ping.
	pongTimeout = 10 * time.Second
	// maxSilence is how long a server may answer pings and not a request: some of
	// Zaqar's actions leave a connection in that state.
	maxSilence = time.Minute
)

var errNoPong = errors.New("transport: the server does not answer pings on this connection")

// keepAlive ends the session when the connection is dead.
func (s *session) keepAlive() {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-ticker.C:
		}
		silent, unanswered, waits := s.silence()
		switch {
		case unanswered >= maxSilence:
			s.end(errUnanswered)
			return
		case silent < pingEvery || !waits && silent < pingIdle:
			continue
		}
		if err := s.ping(); err != nil {
			s.end(err)
			return
		}
	}
}

// ping asks the server for a sign of life. A pong is not an answer to a request, so
// it does not count as hearing from the server. Only silence is a failure here: of a
// connection that ends meanwhile the reader knows why.
func (s *session) ping() error {
	ctx, cancel := context.WithTimeout(s.ctx, pongTimeout)
	defer cancel()
	if err := s.conn.Ping(ctx); errors.Is(err, context.DeadlineExceeded) {
		return errNoPong
	}
	return nil
}
