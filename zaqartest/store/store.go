// Package store is where the embedded server of package zaqartest keeps its queues:
// the interface that a store implements, and the store in memory that a server uses
// by default.
package store

import "iter"

// Store keeps everything that queues hold: an ordered map from keys to values,
// changed in transactions. Only the server knows what the keys mean. So queues, their
// order and their claims behave the same in every store that keeps one promise:
//
// Transactions are serializable. An Update sees the result of every earlier Update
// and nothing of a later one. Its own changes appear all at once or, if fn returns an
// error or panics, not at all. This is why two live claims never hold the same
// message.
//
// Several goroutines may use a store at once, but only one server may.
type Store interface {
	// View runs fn on a state that does not change while fn runs. It returns the
	// error of fn or of the store.
	View(fn func(Reader) error) error
	// Update runs fn and keeps its changes, or drops them if fn returns an error. It
	// returns the error of fn or of the store. After an error nothing has changed.
	Update(fn func(Writer) error) error
	// Close releases the store's resources. The server calls it once, after
	// everything else.
	Close() error
}

// Reader reads in a transaction. The keys and values it returns are valid until the
// transaction ends, whatever is written in between. The caller must not change them. The
// keys that a Reader or a Writer is given may change after the call, or after the scan.
type Reader interface {
	// Get returns the value of a key, and whether the key exists. A value may be
	// empty.
	Get(key []byte) ([]byte, bool)
	// Scan iterates over the keys from from (inclusive) to to (exclusive) in byte
	// order. Nothing is written while it runs.
	Scan(from, to []byte) iter.Seq2[[]byte, []byte]
}

// Writer reads and writes in a transaction. Its methods return no errors: the store
// remembers the first failure, and Update returns it.
type Writer interface {
	Reader
	// Put sets the value of a key. It keeps a reference to neither slice.
	Put(key, value []byte)
	// Delete removes a key if it exists.
	Delete(key []byte)
}
