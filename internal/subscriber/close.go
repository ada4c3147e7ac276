package subscriber

// EndLoop ends the pollers of the loop that runs, if there is one, and waits for them.
// Config.Closed must be closed before: the loop itself ends when it asks for the next
// message.
func (s *Subscriber) EndLoop() {
	if l := s.running(); l != nil {
		l.close()
	}
}

func (s *Subscriber) running() *loop {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loop
}
