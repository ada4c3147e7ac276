package store

import (
	"bytes"
	"encoding/binary"
	"slices"
)

const (
	// pageSize is how many bytes of entries a page holds, unless a single one is larger.
	pageSize = 4 << 10
	// inlineSize is the size of the largest value that lies in a page.
	inlineSize = pageSize / 4
)

// page is a leaf of a tree: entries in the order of their keys, packed into a few
// allocations whatever their number. An entry is the length of its key, twice the length
// of its value (plus one if the value lies outside the page), the key and the value.
//
// What was once written to data is never changed, so that whoever has read a key or a
// value may keep it. A changed entry is written again behind the others, and the old one
// is left out when the page is packed again.
type page struct {
	prev, next *page
	data       []byte
	offsets    []uint32 // of the entries in data
	outside    [][]byte // by entry, the values that lie outside; or nil if none does
	live       int      // how many bytes of data the entries take
	inserted   int      // where the last new entry is
}

// key returns the key of an entry.
func (p *page) key(i int) []byte {
	at := p.offsets[i]
	length, n := uvarint(p.data[at:])
	_, m := uvarint(p.data[at+n:])
	at += n + m
	return p.data[at : at+length : at+length]
}

// entry returns the key and the value of an entry.
func (p *page) entry(i int) (key, value []byte) {
	at := p.offsets[i]
	length, n := uvarint(p.data[at:])
	form, m := uvarint(p.data[at+n:])
	at += n + m
	end := at + length
	key = p.data[at:end:end]
	if form&1 != 0 {
		return key, p.outside[i]
	}
	return key, p.data[end : end+form/2 : end+form/2]
}

// size returns how many bytes of data the entry at an offset takes.
func (p *page) size(at uint32) int {
	length, n := uvarint(p.data[at:])
	form, m := uvarint(p.data[at+n:])
	if form&1 != 0 {
		form = 0
	}
	return int(n + m + length + form/2)
}

func uvarint(text []byte) (value, length uint32) {
	if text[0] < 0x80 {
		return uint32(text[0]), 1
	}
	v, n := binary.Uvarint(text)
	return uint32(v), uint32(n)
}

// search returns where a key is, or where it belongs.
func (p *page) search(key []byte) (i int, found bool) {
	low, high := 0, len(p.offsets)
	for low < high {
		middle := int(uint(low+high) / 2)
		switch c := bytes.Compare(p.key(middle), key); {
		case c == 0:
			return middle, true
		case c < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, false
}

// room returns how many bytes of data an entry would take.
func room(key, value []byte) int {
	length := len(value)
	if length > inlineSize {
		length = 0
	}
	return 2*binary.MaxVarintLen32 + len(key) + length
}

// fits reports whether there is room for an entry, if need be after packing the page. A
// page of one entry may be larger than others.
func (p *page) fits(need int, existed bool) bool {
	return len(p.data)+need <= pageSize || p.live+need <= pageSize*3/4 || len(p.offsets) == 0 || len(p.offsets) == 1 && existed
}

// reserve makes room for need bytes.
func (p *page) reserve(need int) {
	if len(p.data)+need > max(pageSize, cap(p.data)) && p.live < len(p.data) {
		p.pack(need)
	}
	if cap(p.data)-len(p.data) < need {
		size := max(min(2*cap(p.data), pageSize), len(p.data)+need)
		p.data = append(make([]byte, 0, size), p.data...)
	}
}

// pack copies the entries to a new place, which has room for need more bytes.
func (p *page) pack(need int) {
	size := p.live + need
	if need > 0 {
		size = max(size, min(2*size, pageSize))
	}
	data := make([]byte, 0, size)
	for i, at := range p.offsets {
		p.offsets[i] = uint32(len(data))
		data = append(data, p.data[at:int(at)+p.size(at)]...)
	}
	p.data = data
}

// write adds an entry to data, and returns its offset.
func (p *page) write(key, value []byte) (offset uint32) {
	at := len(p.data)
	p.data = binary.AppendUvarint(p.data, uint64(len(key)))
	if len(value) > inlineSize {
		p.data = append(append(p.data, 1), key...)
	} else {
		p.data = binary.AppendUvarint(p.data, uint64(len(value))*2)
		p.data = append(append(p.data, key...), value...)
	}
	p.live += len(p.data) - at
	return uint32(at)
}

// insert adds a new entry at i.
func (p *page) insert(i int, key, value []byte) {
	p.reserve(room(key, value))
	p.offsets = slices.Insert(p.offsets, i, p.write(key, value))
	if p.outside != nil {
		p.outside = slices.Insert(p.outside, i, nil)
	}
	p.keepOutside(i, value)
	p.inserted = i
}

// replace changes the value of an entry.
func (p *page) replace(i int, key, value []byte) {
	p.reserve(room(key, value))
	p.live -= p.size(p.offsets[i])
	p.offsets[i] = p.write(key, value)
	if p.outside != nil {
		p.outside[i] = nil
	}
	p.keepOutside(i, value)
}

func (p *page) keepOutside(i int, value []byte) {
	if len(value) <= inlineSize {
		return
	}
	if p.outside == nil {
		p.outside = make([][]byte, len(p.offsets))
	}
	p.outside[i] = bytes.Clone(value)
}

// remove removes an entry.
func (p *page) remove(i int) {
	p.live -= p.size(p.offsets[i])
	p.offsets = slices.Delete(p.offsets, i, i+1)
	if i <= p.inserted {
		p.inserted--
	}
	if p.outside != nil {
		p.outside = slices.Delete(p.outside, i, i+1)
	}
	if len(p.data) > pageSize/4 && p.live < len(p.data)/4 {
		p.pack(0)
	}
}

// split moves the entries from i on to a new page behind this one, and returns it.
func (p *page) split(i int) *page {
	right := &page{prev: p, next: p.next}
	if p.next != nil {
		p.next.prev = right
	}
	p.next = right
	right.take(p, i)
	p.offsets = slices.Clip(slices.Clone(p.offsets[:i]))
	if p.outside != nil {
		p.outside = slices.Clone(p.outside[:i])
	}
	if p.live -= right.live; right.live > 0 {
		p.pack(0)
	}
	return right
}

// take adds the entries of another page from i on behind its own.
func (p *page) take(other *page, i int) {
	if other.outside != nil && p.outside == nil {
		p.outside = make([][]byte, len(p.offsets))
	}
	for ; i < len(other.offsets); i++ {
		at := other.offsets[i]
		size := other.size(at)
		p.reserve(size)
		p.offsets = append(p.offsets, uint32(len(p.data)))
		p.data = append(p.data, other.data[at:int(at)+size]...)
		p.live += size
		switch {
		case other.outside != nil:
			p.outside = append(p.outside, other.outside[i])
		case p.outside != nil:
			p.outside = append(p.outside, nil)
		}
	}
}

// unlink takes a page out of the list.
func (p *page) unlink() {
	if p.prev != nil {
		p.prev.next = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	}
}
