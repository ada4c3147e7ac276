package zaqartest

import (
	"bytes"
	"iter"
	"math/rand/v2"
	"sync"
)

// NewMemoryStore returns a store that lives as long as the process: what a
// server uses when no other is given.
func NewMemoryStore() Store {
	return &memoryStore{keys: skipList{head: &node{}}}
}

type memoryStore struct {
	mu   sync.RWMutex
	keys skipList
}

// View implements [Store].
func (m *memoryStore) View(fn func(Reader) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return fn(&m.keys)
}

// Update implements [Store].
func (m *memoryStore) Update(fn func(Writer) error) (err error) {
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

// Close implements [Store].
func (m *memoryStore) Close() error { return nil }

// memoryTx writes in place and remembers how to go back.
type memoryTx struct {
	*skipList
	before []change
}

type change struct {
	key     []byte
	value   []byte
	existed bool
}

// Put implements [Writer].
func (t *memoryTx) Put(key, value []byte) {
	key = bytes.Clone(key)
	old, existed := t.set(key, append([]byte{}, value...))
	t.before = append(t.before, change{key, old, existed})
}

// Delete implements [Writer].
func (t *memoryTx) Delete(key []byte) {
	if old, existed := t.remove(key); existed {
		t.before = append(t.before, change{bytes.Clone(key), old, true})
	}
}

func (t *memoryTx) undo() {
	for i := len(t.before) - 1; i >= 0; i-- {
		c := t.before[i]
		if c.existed {
			t.set(c.key, c.value)
		} else {
			t.remove(c.key)
		}
	}
}

// skipList is an ordered map in which a step costs about the logarithm of its
// size. Its values are never changed in place, only replaced.
type skipList struct {
	head   *node
	height int
}

type node struct {
	key, value []byte
	next       []*node
}

const maxHeight = 20

// Get implements [Reader].
func (l *skipList) Get(key []byte) ([]byte, bool) {
	if n := l.seek(key, nil); n != nil && bytes.Equal(n.key, key) {
		return n.value, true
	}
	return nil, false
}

// Scan implements [Reader].
func (l *skipList) Scan(from, to []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for n := l.seek(from, nil); n != nil && bytes.Compare(n.key, to) < 0; n = n.next[0] {
			if !yield(n.key, n.value) {
				return
			}
		}
	}
}

// seek returns the first node whose key is not less than key. Into path it
// writes, for every level, the last node before that one.
func (l *skipList) seek(key []byte, path *[maxHeight]*node) *node {
	at := l.head
	for level := l.height - 1; level >= 0; level-- {
		for at.next[level] != nil && bytes.Compare(at.next[level].key, key) < 0 {
			at = at.next[level]
		}
		if path != nil {
			path[level] = at
		}
	}
	if l.height == 0 {
		return nil
	}
	return at.next[0]
}

func (l *skipList) set(key, value []byte) (old []byte, existed bool) {
	var path [maxHeight]*node
	if n := l.seek(key, &path); n != nil && bytes.Equal(n.key, key) {
		old, n.value = n.value, value
		return old, true
	}
	height := 1
	for height < maxHeight && rand.IntN(4) == 0 {
		height++
	}
	for l.height < height {
		l.head.next = append(l.head.next, nil)
		path[l.height] = l.head
		l.height++
	}
	n := &node{key: key, value: value, next: make([]*node, height)}
	for level := range n.next {
		n.next[level] = path[level].next[level]
		path[level].next[level] = n
	}
	return nil, false
}

func (l *skipList) remove(key []byte) (old []byte, existed bool) {
	var path [maxHeight]*node
	n := l.seek(key, &path)
	if n == nil || !bytes.Equal(n.key, key) {
		return nil, false
	}
	for level := range n.next {
		path[level].next[level] = n.next[level]
	}
	return n.value, true
}
