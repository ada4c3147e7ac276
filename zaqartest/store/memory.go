package store

import "sync"

// Memory is a [Store] that lives as long as the process.
type Memory struct {
	mu      sync.RWMutex
	keys    *tree
	undoLog []change // of the running Update
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{keys: newTree()}
}

// View implements [Store].
func (m *Memory) View(fn func(Reader) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return fn(m.keys)
}

// Update implements [Store].
func (m *Memory) Update(fn func(Writer) error) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx := memoryTx{m.keys, m}
	done := false
	defer func() {
		if !done || err != nil {
			m.undo()
		}
		m.forget()
	}()
	err = fn(tx)
	done = true
	return err
}

// Close implements [Store]. It does nothing.
func (m *Memory) Close() error { return nil }

// memoryTx changes the tree in place and keeps the old values, so that the changes can
// be undone.
type memoryTx struct {
	*tree
	memory *Memory
}

// change is the state of a key before it was written.
type change struct {
	key     []byte
	value   []byte
	existed bool
}

// Get implements [Reader].
func (t memoryTx) Get(key []byte) ([]byte, bool) { return t.find(key).get(key) }

// Put implements [Writer].
func (t memoryTx) Put(key, value []byte) {
	stored, old, existed := t.set(key, value)
	t.memory.undoLog = append(t.memory.undoLog, change{stored, old, existed})
}

// Delete implements [Writer].
func (t memoryTx) Delete(key []byte) {
	if stored, old, existed := t.remove(key); existed {
		t.memory.undoLog = append(t.memory.undoLog, change{stored, old, true})
	}
}

func (m *Memory) undo() {
	for i := len(m.undoLog) - 1; i >= 0; i-- {
		c := m.undoLog[i]
		if c.existed {
			m.keys.set(c.key, c.value)
		} else {
			m.keys.remove(c.key)
		}
	}
}

// keptChanges is how long a log of changes may be whose memory is used again.
const keptChanges = 1000

// forget empties the log of changes, which keeps old pages alive.
func (m *Memory) forget() {
	clear(m.undoLog)
	m.undoLog = m.undoLog[:0]
	if cap(m.undoLog) > keptChanges {
		m.undoLog = nil
	}
}
