package zaqar

import (
	"context"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// doorbells let what a transport pushes ring the readers of a client. The server's
// subscriptions belong to the connection, and there is one for each queue: so those
// who read the same queue share a bell.
type doorbells struct {
	life sync.Mutex // held while bells are hung up and taken down
	stop func()     // ends the notices, and the wait for a connection

	mu      sync.Mutex
	bells   map[string]*bell
	leaving map[string]<-chan struct{} // bells that delete their subscriptions
	session uint64                     // of the connection, 0 while there is none
	changed chan struct{}              // closed when session changes
}

// hang gives a reader a bell, if the transport can ring one. The reader takes it down
// again.
func (d *doorbells) hang(r *reader) {
	notifier, ok := r.queue.conn.transport.(transport.Notifier)
	if !ok {
		return
	}
	d.life.Lock()
	defer d.life.Unlock()
	d.mu.Lock()
	first := len(d.bells) == 0
	if first {
		d.bells, d.session, d.changed = map[string]*bell{}, 0, make(chan struct{})
	}
	b := d.bells[r.queue.name]
	if b == nil {
		b = newBell(d, r.queue, d.leaving[r.queue.name])
		d.bells[r.queue.name] = b
	}
	b.readers[r] = true
	r.pushed.Store(b.live)
	d.mu.Unlock()
	if first {
		d.open(notifier, r.queue.conn)
	}
}

// open begins to listen to the transport. It may have no connection until one is needed,
// and what needs it may go another way: so the service is pinged until there is one.
// After that the transport makes new ones by itself.
func (d *doorbells) open(notifier transport.Notifier, conn *Conn) {
	stop := notifier.Notify(d.notice)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		retries := backoff.Backoff{First: time.Second, Most: bellRetry}
		for attempt := 1; ctx.Err() == nil; attempt++ {
			session, changed := d.connection()
			if session != 0 {
				return
			}
			_, _ = conn.call(ctx, wire.Ping, nil) // the notice tells
			await(ctx, changed, retries.Delay(attempt))
		}
	}()
	d.stop = func() {
		cancel()
		<-done
		stop()
	}
}

// takeDown is the end of hang. Whoever is the last has the server's subscription
// deleted, and waits for that.
func (d *doorbells) takeDown(r *reader) {
	if over := d.unhook(r); over != nil {
		over.cancel()
		<-over.done
	}
}

// unhook returns the bell that nobody needs any more, if so.
func (d *doorbells) unhook(r *reader) (over *bell) {
	d.life.Lock()
	defer d.life.Unlock()
	d.mu.Lock()
	b := d.bells[r.queue.name]
	if b == nil || !b.readers[r] {
		d.mu.Unlock()
		return nil
	}
	delete(b.readers, r)
	if len(b.readers) == 0 {
		over = b
		delete(d.bells, r.queue.name)
		if d.leaving == nil {
			d.leaving = map[string]<-chan struct{}{}
		}
		d.leaving[r.queue.name] = b.done
	}
	last := len(d.bells) == 0
	d.mu.Unlock()
	if last {
		d.stop()
	}
	return over
}

// left forgets a bell that has deleted its subscription.
func (d *doorbells) left(b *bell) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.leaving[b.queue.name] == b.done {
		delete(d.leaving, b.queue.name)
	}
}

// notice hears what the transport tells.
func (d *doorbells) notice(n transport.Notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch n.Kind {
	case transport.Connected:
		d.connected(n.Session)
	case transport.Disconnected:
		if n.Session == d.session {
			d.connected(0)
		}
	case transport.Pushed:
		for name, b := range d.bells {
			if n.Queue == name || n.Queue == "" {
				for r := range b.readers {
					r.rings(true)
				}
			}
		}
	}
}

// connected notes that there is another connection, or none. d.mu is held.
func (d *doorbells) connected(session uint64) {
	if d.session == session {
		return
	}
	d.session = session
	close(d.changed)
	d.changed = make(chan struct{})
}

// connection returns which connection there is, and what tells that it is another.
func (d *doorbells) connection() (session uint64, changed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.session, d.changed
}

// set tells the readers of a bell whether it rings. They look at once: what came in
// between was not pushed.
func (d *doorbells) set(b *bell, live bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if b.live == live {
		return
	}
	b.live = live
	for r := range b.readers {
		r.pushed.Store(live)
		r.rings(false)
	}
}
