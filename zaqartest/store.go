package zaqartest

import "github.com/zaqar-go/zaqar/zaqartest/store"

// What a server keeps its queues in has a package of its own, for those who
// write another store.
type (
	// Store keeps all that queues hold, and changes it in transactions.
	Store = store.Store
	// Reader reads in a transaction.
	Reader = store.Reader
	// Writer reads and writes in a transaction.
	Writer = store.Writer
)

// NewMemoryStore returns a store that lives as long as the process. A server
// without [WithStore] uses one.
func NewMemoryStore() Store { return store.NewMemory() }
