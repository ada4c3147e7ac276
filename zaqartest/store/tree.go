package store

import (
	"bytes"
	"iter"
	"slices"
)

// fanout is how many children a branch has at most.
const fanout = 128

// tree is an ordered map: a B-tree whose pages hold the entries. Each operation takes
// logarithmic time.
type tree struct {
	root *branch
	// shape changes whenever a page gets other bounds or leaves the tree.
	shape   int
	fingers [13]finger
}

// finger remembers a page that was written, by the first byte of the key: who writes in
// several places in turn finds the next key near the last one, mostly in the same page.
type finger struct {
	page      *page
	low, high []byte // the keys that belong to the page: from low on, and before high; nil has no bound
	shape     int    // of the tree, then
}

// branch is an inner node. Its children are branches, or pages at the lowest level.
type branch struct {
	keys     [][]byte // keys[i] is not less than a key of child i, and not greater than one of child i+1
	branches []*branch
	pages    []*page
}

// step is a branch on the way to a page, and the child that the way takes.
type step struct {
	branch *branch
	child  int
}

// path is the way to a page, from the root on.
type path []step

// usualDepth is the depth for which a path needs no allocation.
const usualDepth = 8

func newTree() *tree {
	return &tree{root: &branch{pages: []*page{{}}}}
}

// Get implements [Reader].
func (t *tree) Get(key []byte) ([]byte, bool) { return t.seek(key).get(key) }

func (p *page) get(key []byte) ([]byte, bool) {
	i, found := p.search(key)
	if !found {
		return nil, false
	}
	_, value := p.entry(i)
	return value, true
}

// Scan implements [Reader].
func (t *tree) Scan(from, to []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		p := t.seek(from)
		i, _ := p.search(from)
		for ; p != nil; p, i = p.next, 0 {
			for ; i < len(p.offsets); i++ {
				key, value := p.entry(i)
				if bytes.Compare(key, to) >= 0 || !yield(key, value) {
					return
				}
			}
		}
	}
}

// child returns the child of a branch whose keys include a key.
func (b *branch) child(key []byte) int {
	low, high := 0, len(b.keys)
	for low < high {
		middle := int(uint(low+high) / 2)
		if bytes.Compare(b.keys[middle], key) <= 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// seek returns the page where a key is or belongs.
func (t *tree) seek(key []byte) *page {
	b := t.root
	for b.pages == nil {
		b = b.branches[b.child(key)]
	}
	return b.pages[b.child(key)]
}

// find is like seek, and remembers the page. Only a transaction that writes may use it.
func (t *tree) find(key []byte) *page {
	if len(key) == 0 {
		return t.seek(key)
	}
	f := &t.fingers[int(key[0])%len(t.fingers)]
	if f.page != nil && f.shape == t.shape && bytes.Compare(f.low, key) <= 0 && (f.high == nil || bytes.Compare(key, f.high) < 0) {
		return f.page
	}
	*f = finger{shape: t.shape}
	b := t.root
	for {
		i := b.child(key)
		if i > 0 {
			f.low = b.keys[i-1]
		}
		if i < len(b.keys) {
			f.high = b.keys[i]
		}
		if b.pages != nil {
			f.page = b.pages[i]
			return f.page
		}
		b = b.branches[i]
	}
}

// trace appends the way to the page where a key is or belongs.
func (t *tree) trace(key []byte, way path) path {
	b := t.root
	for {
		i := b.child(key)
		way = append(way, step{b, i})
		if b.pages != nil {
			return way
		}
		b = b.branches[i]
	}
}

// set sets the value of a key. It returns the key as it is stored, and the old value.
func (t *tree) set(key, value []byte) (stored, old []byte, existed bool) {
	p := t.find(key)
	i, existed := p.search(key)
	if existed {
		_, old = p.entry(i)
	}
	if !p.fits(room(key, value), existed) {
		p, i = t.split(p, i, key, existed)
	}
	if existed {
		p.replace(i, key, value)
	} else {
		p.insert(i, key, value)
	}
	return p.key(i), old, existed
}

// split splits a page that has no room for an entry whose place is i. It returns the page
// to which the entry belongs then, with its place there.
func (t *tree) split(p *page, i int, key []byte, existed bool) (*page, int) {
	var space [usualDepth]step
	way := t.trace(key, space[:0])
	t.shape++
	at := len(p.offsets) / 2
	if !existed && (i == p.inserted+1 || len(p.offsets) == 1) {
		// Keys that arrive in order leave full pages behind them.
		at = i
	}
	right := p.split(at)
	if len(right.offsets) == 0 {
		t.add(way, bytes.Clone(key), right)
		return right, 0
	}
	t.add(way, bytes.Clone(right.key(0)), right)
	if i > at || i == at && existed {
		return right, i - at
	}
	return p, i
}

// add adds a page behind the one where a way ends. key separates the two.
func (t *tree) add(way path, key []byte, right *page) {
	last := way[len(way)-1]
	b := last.branch
	b.pages = slices.Insert(b.pages, last.child+1, right)
	b.keys = slices.Insert(b.keys, last.child, key)
	for up := len(way) - 1; b.children() > fanout; up-- {
		middle := b.children() / 2
		if way[up].child+2 == b.children() {
			middle = b.children() - 1
		}
		key, half := b.split(middle)
		if up == 0 {
			t.root = &branch{keys: [][]byte{key}, branches: []*branch{b, half}}
			return
		}
		b = way[up-1].branch
		child := way[up-1].child
		b.branches = slices.Insert(b.branches, child+1, half)
		b.keys = slices.Insert(b.keys, child, key)
	}
}

func (b *branch) children() int { return len(b.branches) + len(b.pages) }

// split moves the children from middle on to a new branch, and returns it with the key
// that separates the two.
func (b *branch) split(middle int) (key []byte, half *branch) {
	key = b.keys[middle-1]
	half = &branch{keys: slices.Clone(b.keys[middle:])}
	b.keys = slices.Delete(b.keys, middle-1, len(b.keys))
	if b.pages != nil {
		half.pages = slices.Clone(b.pages[middle:])
		b.pages = slices.Delete(b.pages, middle, len(b.pages))
	} else {
		half.branches = slices.Clone(b.branches[middle:])
		b.branches = slices.Delete(b.branches, middle, len(b.branches))
	}
	return key, half
}

// remove removes a key. It returns the key as it was stored, and the old value.
func (t *tree) remove(key []byte) (stored, old []byte, existed bool) {
	p := t.find(key)
	i, existed := p.search(key)
	if !existed {
		return nil, nil, false
	}
	stored, old = p.entry(i)
	p.remove(i)
	if p.live <= pageSize/4 {
		t.merge(p, key)
	}
	return stored, old, true
}

// merge joins a page of which little is left with a neighbour, if both fit into one.
func (t *tree) merge(p *page, key []byte) {
	var space [usualDepth]step
	way := t.trace(key, space[:0])
	last := way[len(way)-1]
	pages := last.branch.pages
	switch before, after := last.child-1, last.child+1; {
	case len(p.offsets) == 0:
		t.drop(p, way)
	case after < len(pages) && p.live+pages[after].live < pageSize/2:
		next := pages[after]
		p.take(next, 0)
		way[len(way)-1].child = after
		t.drop(next, way)
	case before >= 0 && p.live+pages[before].live < pageSize/2:
		pages[before].take(p, 0)
		t.drop(p, way)
	}
}

// drop takes a page out of the tree, unless it is the only one.
func (t *tree) drop(p *page, way path) {
	if p.prev == nil && p.next == nil {
		return
	}
	t.shape++
	p.unlink()
	for up := len(way) - 1; up >= 0; up-- {
		b, i := way[up].branch, way[up].child
		if b.pages != nil {
			b.pages = slices.Delete(b.pages, i, i+1)
		} else {
			b.branches = slices.Delete(b.branches, i, i+1)
		}
		if len(b.keys) > 0 {
			i = max(0, i-1)
			b.keys = slices.Delete(b.keys, i, i+1)
		}
		if b.children() > 0 {
			break
		}
	}
	for len(t.root.branches) == 1 {
		t.root = t.root.branches[0]
	}
}
