package plainjson

import "strconv"

// StringEnd returns the index of the quote that ends the JSON string whose first
// quote is at start, and whether each escaped surrogate in it has its other half. A
// string without an end, which is not JSON, ends with the text.
func StringEnd(text []byte, start int) (end int, whole bool) {
	whole = true
	high := false // the unit before this one is the first half of a pair
	i := start + 1
	for ; i < len(text) && text[i] != '"'; i++ {
		unit := uint64(0)
		if text[i] == '\\' {
			unit = escaped(text[i:])
			if i++; i < len(text) && text[i] == 'u' {
				i += 4
			}
		}
		low := unit >= 0xdc00 && unit < 0xe000
		whole = whole && low == high
		high = unit >= 0xd800 && unit < 0xdc00
	}
	return min(i, len(text)), whole && !high
}

// escaped returns the UTF-16 unit that text begins with, 0 when it does not begin
// with one.
func escaped(text []byte) uint64 {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return unit
}
