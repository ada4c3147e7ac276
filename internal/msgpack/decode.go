package msgpack

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// ToJSON decodes a frame, which must contain exactly one value, to valid JSON. Integers
// keep all their digits. A float64 gets a point or an exponent, so that it stays one.
func ToJSON(frame []byte) ([]byte, error) { return decode(frame, false) }

// ToText is like ToJSON, but writes NaN and infinities as Python does, which is not valid
// JSON: servers pass on what others have posted (quirk 17).
func ToText(frame []byte) ([]byte, error) { return decode(frame, true) }

func decode(frame []byte, words bool) ([]byte, error) {
	d := decoder{rest: frame, words: words}
	d.text = json.NewEncoder(&d.out)
	d.text.SetEscapeHTML(false)
	if err := d.value(0); err != nil {
		return nil, err
	}
	if len(d.rest) > 0 {
		return nil, ErrTrailing
	}
	return d.out.Bytes(), nil
}

type decoder struct {
	rest  []byte
	words bool
	out   bytes.Buffer
	text  *json.Encoder
}

func (d *decoder) value(depth int) error {
	if len(d.rest) == 0 {
		return ErrTruncated
	}
	switch msgp.NextType(d.rest) {
	case msgp.NilType:
		d.rest = d.rest[1:]
		d.out.WriteString("null")
		return nil
	case msgp.BoolType:
		b, rest, err := msgp.ReadBoolBytes(d.rest)
		return d.scalar(strconv.FormatBool(b), rest, err)
	case msgp.IntType:
		n, rest, err := msgp.ReadInt64Bytes(d.rest)
		return d.scalar(strconv.FormatInt(n, 10), rest, err)
	case msgp.UintType:
		n, rest, err := msgp.ReadUint64Bytes(d.rest)
		return d.scalar(strconv.FormatUint(n, 10), rest, err)
	case msgp.Float32Type:
		f, rest, err := msgp.ReadFloat32Bytes(d.rest)
		return d.fraction(float64(f), rest, err)
	case msgp.Float64Type:
		f, rest, err := msgp.ReadFloat64Bytes(d.rest)
		return d.fraction(f, rest, err)
	case msgp.StrType:
		return d.string()
	case msgp.ArrayType:
		return d.array(depth + 1)
	case msgp.MapType:
		return d.object(depth + 1)
	}
	return fmt.Errorf("%w: type byte 0x%02x", ErrNotJSON, d.rest[0])
}

// scalar writes what was read, unless the frame ended inside of it.
func (d *decoder) scalar(text string, rest []byte, err error) error {
	if err != nil {
		return ErrTruncated
	}
	d.rest = rest
	d.out.WriteString(text)
	return nil
}

func (d *decoder) fraction(f float64, rest []byte, err error) error {
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		if !d.words {
			return fmt.Errorf("%w: %v", ErrNotJSON, f)
		}
		return d.scalar(word(f), rest, nil)
	}
	form := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-4 || size >= 1e16) {
		form = 'e'
	}
	text := strconv.FormatFloat(f, form, -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return d.scalar(text, rest, err)
}

func word(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case f < 0:
		return "-Infinity"
	}
	return "Infinity"
}

func (d *decoder) string() error {
	if overlong(d.rest) {
		return ErrTruncated
	}
	text, rest, err := msgp.ReadStringZC(d.rest)
	if err != nil {
		return ErrTruncated
	}
	if !utf8.Valid(text) {
		return ErrText
	}
	d.rest = rest
	if err := d.text.Encode(string(text)); err != nil {
		return err
	}
	d.out.Truncate(d.out.Len() - 1) // the encoder's line feed
	return nil
}

// overlong reports whether a string claims to be longer than the frame. The codec
// would take its length for a negative one where an int has 32 bits.
func overlong(frame []byte) bool {
	const str32, header = 0xdb, 5
	return len(frame) >= header && frame[0] == str32 && uint64(binary.BigEndian.Uint32(frame[1:])) > uint64(len(frame)-header)
}

func (d *decoder) array(depth int) error {
	count, rest, err := msgp.ReadArrayHeaderBytes(d.rest)
	if err := d.enter(depth, uint64(count), rest, err); err != nil {
		return err
	}
	d.out.WriteByte('[')
	for i := range count {
		if i > 0 {
			d.out.WriteByte(',')
		}
		if err := d.value(depth); err != nil {
			return err
		}
	}
	d.out.WriteByte(']')
	return nil
}

func (d *decoder) object(depth int) error {
	count, rest, err := msgp.ReadMapHeaderBytes(d.rest)
	if err := d.enter(depth, 2*uint64(count), rest, err); err != nil {
		return err
	}
	d.out.WriteByte('{')
	for i := range count {
		if i > 0 {
			d.out.WriteByte(',')
		}
		if len(d.rest) > 0 && msgp.NextType(d.rest) != msgp.StrType {
			return fmt.Errorf("%w: a key that is no text", ErrNotJSON)
		}
		if err := d.string(); err != nil {
			return err
		}
		d.out.WriteByte(':')
		if err := d.value(depth); err != nil {
			return err
		}
	}
	d.out.WriteByte('}')
	return nil
}

// enter enters an array or a map with this many values, each of at least one byte.
func (d *decoder) enter(depth int, values uint64, rest []byte, err error) error {
	switch {
	case err != nil || values > uint64(len(rest)):
		return ErrTruncated
	case depth > MaxDepth:
		return ErrTooDeep
	}
	d.rest = rest
	return nil
}
