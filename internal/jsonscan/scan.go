// Package jsonscan walks over JSON text without decoding or copying it. Values are parts
// of the text. It accepts exactly what encoding/json accepts as valid.
package jsonscan

import "bytes"

// maxDepth is how deep values may be nested, as in encoding/json.
const maxDepth = 10000

// Scanner reads one JSON value after another.
type Scanner struct {
	text  []byte
	at    int
	depth int
}

// New returns a scanner of a text.
func New(text []byte) Scanner { return Scanner{text: text} }

// End reports whether only white space is left.
func (s *Scanner) End() bool {
	s.space()
	return s.at == len(s.text)
}

// Value reads the next value, and returns it as it stands in the text. It returns false if
// there is no valid value.
func (s *Scanner) Value() ([]byte, bool) {
	s.space()
	from := s.at
	ok := s.skip()
	return s.text[from:s.at], ok
}

// Object reads an object and calls member before each value. The key stands as in the
// text, with quotes. member must read the value, and returns false to stop. Object returns false
// if the object is not valid, or was stopped.
func (s *Scanner) Object(member func(key []byte) bool) bool {
	if !s.open('{') {
		return false
	}
	if s.next('}') {
		return s.close()
	}
	for {
		s.space()
		from := s.at
		if !s.str() {
			return false
		}
		key := s.text[from:s.at]
		if !s.next(':') || !member(key) {
			return false
		}
		switch {
		case s.next(','):
		case s.next('}'):
			return s.close()
		default:
			return false
		}
	}
}

// Array reads an array and calls element before each value. element must read the value, and
// returns false to stop. Array returns false if the array is not valid, or was stopped.
func (s *Scanner) Array(element func() bool) bool {
	if !s.open('[') {
		return false
	}
	if s.next(']') {
		return s.close()
	}
	for {
		if !element() {
			return false
		}
		switch {
		case s.next(','):
		case s.next(']'):
			return s.close()
		default:
			return false
		}
	}
}

func (s *Scanner) open(bracket byte) bool {
	s.depth++
	return s.depth <= maxDepth && s.next(bracket)
}

func (s *Scanner) close() bool {
	s.depth--
	return true
}

// next reads a byte if it is the next one after white space.
func (s *Scanner) next(c byte) bool {
	s.space()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *Scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// skip reads any value.
func (s *Scanner) skip() bool {
	if s.at == len(s.text) {
		return false
	}
	switch c := s.text[s.at]; c {
	case '"':
		return s.str()
	case '{':
		return s.Object(func([]byte) bool { s.space(); return s.skip() })
	case '[':
		return s.Array(func() bool { s.space(); return s.skip() })
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *Scanner) word(word string) bool {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

// str reads a string with its quotes.
func (s *Scanner) str() bool {
	if s.at == len(s.text) || s.text[s.at] != '"' {
		return false
	}
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return true
		case c < ' ':
			return false
		case c == '\\':
			if !s.escape() {
				return false
			}
		}
	}
	return false
}

// escape reads an escape sequence up to its last byte.
func (s *Scanner) escape() bool {
	if s.at++; s.at == len(s.text) {
		return false
	}
	switch s.text[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if s.at++; s.at == len(s.text) || !hex(s.text[s.at]) {
				return false
			}
		}
		return true
	}
	return false
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func (s *Scanner) number() bool {
	s.one('-')
	if !s.one('0') && !s.digits() {
		return false
	}
	if s.one('.') && !s.digits() {
		return false
	}
	if s.one('e') || s.one('E') {
		if !s.one('+') {
			s.one('-')
		}
		return s.digits()
	}
	return true
}

// one reads a byte if it is the next one.
func (s *Scanner) one(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// digits reads at least one digit.
func (s *Scanner) digits() bool {
	from := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}

// Plain returns the text of a string without escape sequences and with ASCII characters
// only, as it stands in JSON with its quotes. It returns false for any other value.
func Plain(value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	text := value[1 : len(value)-1]
	for _, c := range text {
		if c == '\\' || c >= 0x80 {
			return nil, false
		}
	}
	return text, true
}
