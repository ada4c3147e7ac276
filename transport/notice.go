package transport

// Notifier is a [Transport] that also reports what no request asked for: pushes from
// the service, and connections that come and go. It is an optional interface, found by
// type assertion.
type Notifier interface {
	// Notify calls fn with every later notice, in order and one at a time, until stop
	// is called. If there is a connection already, fn first gets a [Connected] notice
	// about it. Notify itself does not block.
	//
	// fn must return soon, since later notices wait for it, and must not call stop.
	// When too many notices wait, new ones are dropped: a push says that there is
	// something to read, it is not a delivery. Replies are never dropped.
	//
	// stop waits for a call of fn under way; after stop has returned, fn is not called
	// again.
	Notify(fn func(Notice)) (stop func())
}

// NoticeKind is the kind of a [Notice].
type NoticeKind int

// The kinds of notices.
const (
	// Connected reports a connection that is new to the listener. Everything that
	// belonged to an earlier connection is gone, including its subscriptions.
	Connected NoticeKind = iota + 1
	// Disconnected reports that the connection is gone. The transport reconnects by
	// itself. Pushes in between are lost.
	Disconnected
	// Pushed reports a notification from the service.
	Pushed
)

// Notice is one report of a [Notifier].
type Notice struct {
	Kind NoticeKind
	// Session is the number of the connection that the notice belongs to, from 1 on.
	Session uint64
	// Queue and Body belong to a push: the queue's name, and the whole notification as
	// JSON. Queue is "" if the notification does not name it.
	Queue string
	Body  []byte
	// Err is why the connection is gone.
	Err error
	// Attempts is how many dials it took to connect.
	Attempts int
}
