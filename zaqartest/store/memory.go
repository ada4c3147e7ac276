package store

import (
	"bytes"
	"sync"
)

// Memory is a [Store] that lives as long as the process.
type Memory struct {
	mu   sync.RWMutex
	keys skipList
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{keys: skipList{head: &node{}}}
}

// View implements [Store].
func (m *Memory) View(fn func(Reader) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return fn(&m.keys)
}

// Update implements [Store].
func (m *Memory) Update(fn func(Writer) error) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx := &memoryTx{skipList: &m.keys}
	done := false
	defer func() {
		if !done || err != nil {
			tx.undo()
		}
	}()
	err = fn(tx)
	done = true
	return err
}

// Close implements [Store]. It does nothing.
func (m *Memory) Close() error { return nil }

// memoryTx changes the list in place and keeps the old values, so that it can undo its
// changes.
type memoryTx struct {
	*skipList
	undoLog []change
}

// change is the state of a key before it was written.
type change struct {
	key     []byte
	value   []byte
	existed bool
}

// Put implements [Writer].
func (t *memoryTx) Put(key, value []byte) {
	key = bytes.Clone(key)
	old, existed := t.set(key, append([]byte{}, value...))
	t.undoLog = append(t.undoLog, change{key, old, existed})
}

// Delete implements [Writer].
func (t *memoryTx) Delete(key []byte) {
	if old, existed := t.remove(key); existed {
		t.undoLog = append(t.undoLog, change{bytes.Clone(key), old, true})
	}
}

func (t *memoryTx) undo() {
	for i := len(t.undoLog) - 1; i >= 0; i-- {
		c := t.undoLog[i]
		if c.existed {
			t.set(c.key, c.value)
		} else {
			t.remove(c.key)
		}
	}
}
