package msgpack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"github.com/zaqar-go/zaqar/internal/plainjson"
)

// FromJSON encodes one JSON value. Keys keep their order, because servers compute
// checksums of bodies as they came. An integer of more than 64 bits is an error, and so is
// text that is not valid Unicode. Numbers with a point or an exponent become float64.
func FromJSON(data []byte) ([]byte, error) {
	if !utf8.Valid(data) {
		return nil, ErrText
	}
	if !json.Valid(data) {
		return nil, errors.New("msgpack: the text is not JSON")
	}
	e := encoder{data: data, tokens: json.NewDecoder(bytes.NewReader(data)), out: make([]byte, 0, len(data))}
	e.tokens.UseNumber()
	if err := e.value(0); err != nil {
		return nil, err
	}
	return e.out, nil
}

type encoder struct {
	data   []byte
	tokens *json.Decoder
	out    []byte
}

func (e *encoder) value(depth int) error {
	before := e.tokens.InputOffset()
	token, err := e.tokens.Token()
	if err != nil {
		return fmt.Errorf("msgpack: %w", err)
	}
	switch v := token.(type) {
	case nil:
		e.out = msgp.AppendNil(e.out)
	case bool:
		e.out = msgp.AppendBool(e.out, v)
	case string:
		quote := int(before) + bytes.IndexByte(e.data[before:], '"')
		if _, whole := plainjson.StringEnd(e.data, quote); !whole {
			return ErrText
		}
		e.out = msgp.AppendString(e.out, v)
	case json.Number:
		return e.number(v.String())
	case json.Delim:
		if depth == MaxDepth {
			return ErrTooDeep
		}
		return e.container(v, depth+1)
	}
	return nil
}

// container encodes an array or a map. Its length comes first, but is known only at its
// end.
func (e *encoder) container(open json.Delim, depth int) error {
	start, count := len(e.out), uint32(0)
	for ; e.tokens.More(); count++ {
		if err := e.value(depth); err != nil {
			return err
		}
	}
	if _, err := e.tokens.Token(); err != nil {
		return fmt.Errorf("msgpack: %w", err)
	}
	var header []byte
	if open == '{' {
		header = msgp.AppendMapHeader(nil, count/2) // keys and values
	} else {
		header = msgp.AppendArrayHeader(nil, count)
	}
	e.out = slices.Insert(e.out, start, header...)
	return nil
}

func (e *encoder) number(text string) error {
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			e.out = msgp.AppendUint64(e.out, n)
			return nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%w: %.40s", ErrTooLarge, text)
		}
		e.out = msgp.AppendInt64(e.out, n)
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%w: %.40s", ErrTooLarge, text)
	}
	e.out = msgp.AppendFloat64(e.out, f)
	return nil
}
