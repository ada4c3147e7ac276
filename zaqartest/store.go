package zaqartest

import "iter"

// Store keeps everything that queues hold: an ordered set of keys, each with a
// value, that changes in transactions. What the keys mean is the server's
// affair. So every store has the same queues, with the same order and the same
// claims, as long as it keeps one promise:
//
// Transactions are serializable. An Update sees what all earlier Updates left
// and nothing of later ones, and its own changes appear at once or, when fn
// returns an error or panics, not at all. That is why a claim never takes what
// another live claim holds.
//
// A store may be used by several goroutines at once, but by one server only.
type Store interface {
	// View runs fn on a state that does not change meanwhile. It returns fn's
	// error, or that of the store.
	View(fn func(Reader) error) error
	// Update runs fn and keeps its changes, or drops them when fn returns an
	// error. It returns fn's error, or that of the store: then nothing changed.
	Update(fn func(Writer) error) error
	// Close gives back what the store holds. The server calls it once, last.
	Close() error
}

// Reader reads within a transaction. Keys and values that it gives are valid
// until the transaction ends and must not be changed.
type Reader interface {
	// Get returns the value of a key, and whether there is one. Values may be
	// empty.
	Get(key []byte) ([]byte, bool)
	// Scan goes through the keys from from, inclusive, up to to, exclusive, in
	// the order of their bytes. Nothing is written while it runs.
	Scan(from, to []byte) iter.Seq2[[]byte, []byte]
}

// Writer reads and writes within a transaction. A failure to write is the
// store's to remember: Update returns it.
type Writer interface {
	Reader
	// Put sets the value of a key. It keeps neither slice.
	Put(key, value []byte)
	// Delete removes a key, if it is there.
	Delete(key []byte)
}
