package wire

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the API's own choice; it guards against accidents only
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Checksum computes the checksum that a server sends with a body. The server computes
// it from the body as Python's json module writes it, whatever the original spaces and
// escapes.
func Checksum(body json.RawMessage) string {
	sum := md5.Sum(respell(body)) //nolint:gosec // as above
	return "MD5:" + hex.EncodeToString(sum[:])
}

// respell writes a JSON value as Python does: with ", " and ": " between its parts, in
// ASCII, and with Python's form of numbers. It copies token by token, which keeps the
// order of keys and all digits of integers.
func respell(body []byte) []byte {
	var out bytes.Buffer
	for i := 0; i < len(body); {
		switch c := body[i]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
		case c == ',' || c == ':':
			out.Write([]byte{c, ' '})
			i++
		case c == '"':
			end := stringEnd(body, i)
			respellString(&out, body[i:end])
			i = end
		case c == '-' || c >= '0' && c <= '9':
			end := i + len(body[i:]) - len(bytes.TrimLeft(body[i:], "+-.0123456789eE"))
			out.WriteString(respellNumber(string(body[i:end])))
			i = end
		default: // brackets, and the letters of true, false and null
			out.WriteByte(c)
			i++
		}
	}
	return out.Bytes()
}

// stringEnd returns the index after the string that starts at i.
func stringEnd(body []byte, i int) int {
	for i++; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(body)
}

var shortEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

func respellString(out *bytes.Buffer, quoted []byte) {
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		out.Write(quoted)
		return
	}
	out.WriteByte('"')
	for _, r := range text {
		short, ok := shortEscapes[r]
		switch {
		case ok:
			out.WriteString(short)
		case r >= ' ' && r <= '~':
			out.WriteRune(r)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(out, `\u%04x`, unit)
			}
		}
	}
	out.WriteByte('"')
}

// respellNumber keeps integers, and writes other numbers like Python's repr: in the
// shortest form that parses to the same value, with an exponent from 1e16 on and below
// 1e-4.
func respellNumber(text string) string {
	if !strings.ContainsAny(text, ".eE") {
		if text == "-0" {
			return "0"
		}
		return text
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text // out of a float's range
	}
	short := strconv.FormatFloat(f, 'e', -1, 64)
	_, exponent, _ := strings.Cut(short, "e")
	if n, err := strconv.Atoi(exponent); err != nil || n < -4 || n >= 16 {
		return short
	}
	plain := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(plain, ".") {
		plain += ".0"
	}
	return plain
}
