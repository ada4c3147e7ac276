package transport

// Notifier is the ability of a transport to tell what nobody asked for: what the
// service pushes, and how the connection fares. It is an optional companion of
// [Transport], found by type assertion.
type Notifier interface {
	// Notify calls fn with every notice, in their order and one at a time, until
	// stop is called; when stop has returned, fn is not called again. fn must
	// return soon and must not call stop: notices wait behind it. A notice that
	// cannot wait any longer is dropped, never a reply; pushes are doorbells, not
	// deliveries. Notices that came before Notify are not told.
	//
	// fn may be called at once, with the connection that there is.
	Notify(fn func(Notice)) (stop func())
}

// NoticeKind says what a [Notice] is about.
type NoticeKind int

// The kinds of notices.
const (
	// Connected: there is a connection, new to who is told. What belonged to an
	// earlier one, subscriptions too, is gone with it.
	Connected NoticeKind = iota + 1
	// Disconnected: the connection is gone; the transport makes another one by
	// itself. What was pushed meanwhile is lost.
	Disconnected
	// Pushed: the service sent a notification.
	Pushed
)

// Notice is one thing that a transport tells unasked.
type Notice struct {
	Kind NoticeKind
	// Session numbers the connections of a transport, from 1 on. It tells what
	// belongs together.
	Session uint64
	// Queue and Body are those of a push: the queue's name, and the notification
	// as JSON, body and all. Queue is "" when the notification does not tell.
	Queue string
	Body  []byte
	// Err is why the connection is gone.
	Err error
	// Attempts is how many dials it took to connect.
	Attempts int
}
