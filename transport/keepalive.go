package transport

import (
	"context"
	"errors"
	"time"
)

const (
	// pingEvery is how often a session checks that the server still answers.
	pingEvery = 10 * time.Second
	// pingIdle is how long the server must have been silent before a ping while no
	// request waits. While one waits, pingEvery is enough.
	pingIdle = 30 * time.Second
	// pongTimeout limits the wait for the answer to a ping.
	pongTimeout = 10 * time.Second
	// maxSilence is how long a server may answer pings but no request. Some of Zaqar's
	// actions leave a connection in that state.
	maxSilence = time.Minute
)

var errNoPong = errors.New("transport: the server does not answer pings on this connection")

// keepAlive ends the session once the connection is dead.
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

// ping sends a ping and waits for the pong. A pong answers no request, so it does not
// count as a frame from the server. Only a timeout is a failure here: if the connection
// ends meanwhile, the reader reports why.
func (s *session) ping() error {
	ctx, cancel := context.WithTimeout(s.ctx, pongTimeout)
	defer cancel()
	if err := s.conn.Ping(ctx); errors.Is(err, context.DeadlineExceeded) {
		return errNoPong
	}
	return nil
}
