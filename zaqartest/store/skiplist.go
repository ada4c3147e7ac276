package store

import (
	"bytes"
	"iter"
	"math/rand/v2"
)

// skipList is an ordered map. Each operation takes logarithmic time. Values are
// replaced, never changed in place.
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

// seek returns the first node whose key is not less than key. If path is not nil, it
// receives the last node before that one, on each level.
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
