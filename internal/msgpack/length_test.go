package msgpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"
)

// forms are all forms that MessagePack has for lengths: the first byte, and of how many
// bytes the length behind it is.
var forms = []struct {
	name  string
	first byte
	bytes int
}{
	{"fixstr", 0xbf, 0},
	{"str8", 0xd9, 1},
	{"str16", 0xda, 2},
	{"str32", 0xdb, 4},
	{"bin8", 0xc4, 1},
	{"bin16", 0xc5, 2},
	{"bin32", 0xc6, 4},
	{"ext8", 0xc7, 1},
	{"ext16", 0xc8, 2},
	{"ext32", 0xc9, 4},
	{"fixext1", 0xd4, 0},
	{"fixext2", 0xd5, 0},
	{"fixext4", 0xd6, 0},
	{"fixext8", 0xd7, 0},
	{"fixext16", 0xd8, 0},
	{"fixarray", 0x9f, 0},
	{"array16", 0xdc, 2},
	{"array32", 0xdd, 4},
	{"fixmap", 0x8f, 0},
	{"map16", 0xde, 2},
	{"map32", 0xdf, 4},
}

// claims makes the beginnings of values that claim to be much longer than a frame.
func claims() map[string]string {
	all := map[string]string{}
	for _, form := range forms {
		if form.bytes == 0 {
			all[form.name] = string([]byte{form.first})
		}
		for _, length := range []uint32{math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32 - 1, math.MaxUint32} {
			var header [4]byte
			binary.BigEndian.PutUint32(header[:], length)
			if form.bytes > 0 { // a shorter length is cut: its first bits are the same
				all[fmt.Sprintf("%s of %x", form.name, header[:form.bytes])] = string(append([]byte{form.first}, header[:form.bytes]...))
			}
		}
	}
	return all
}

// Where an int has 32 bits, a length of 2^32-1 is -1 to careless arithmetic.
func TestALengthThatAFrameOnlyClaimsIsAnErrorAndReservesNoMemory(t *testing.T) {
	places := map[string]string{
		"alone": "", "in an array": "\x91", "last of an array": "\x93\x01\xa1a", "in a long array": "\xdd\x00\x00\x00\x01",
		"a value": "\x81\xa1a", "a key": "\x81", "a later key": "\x82\xa1a\x01", "in a long map": "\xdf\x00\x00\x00\x01",
		"deep": "\x91\x81\xa1a\x91\x81\xa1b", "too many": "\xdd\xff\xff\xff\xff",
	}
	rests := []string{"", "\x05", "\x05abc", "\xff\xff\xff\xff\xff", "\xc0\xc0\xc0\xc0\xc0\xc0\xc0"}
	var before, after runtime.MemStats
	for name, claim := range claims() {
		for place, opening := range places {
			for _, rest := range rests {
				frame := []byte(opening + claim + rest)
				runtime.ReadMemStats(&before)
				text, err := ToJSON(frame)
				runtime.ReadMemStats(&after)
				if !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrNotJSON) || text != nil {
					t.Errorf("%s, %s, %x: %q, %v", name, place, frame, text, err)
				}
				if used := after.TotalAlloc - before.TotalAlloc; used > 64<<10 {
					t.Errorf("%s, %s, %x: %d bytes were allocated", name, place, frame, used)
				}
				if _, err := ToText(frame); err == nil {
					t.Errorf("%s, %s, %x is text", name, place, frame)
				}
			}
		}
	}
}

func TestEveryPrefixOfAFrameIsCutShort(t *testing.T) {
	t.Parallel()
	frame := "\x86\xa1a\xd9\x01x\xa1b\xda\x00\x01y\xa1c\xdb\x00\x00\x00\x01z\xa1d\xdc\x00\x01\x01\xa1e\xdd\x00\x00\x00\x01\xc3\xa1f\xdf\x00\x00\x00\x01\xa1g\xca\x3f\x80\x00\x00"
	const want = `{"a":"x","b":"y","c":"z","d":[1],"e":[true],"f":{"g":1.0}}`
	if text, err := ToJSON([]byte(frame)); err != nil || string(text) != want {
		t.Fatalf("it is %s, %v", text, err)
	}
	for i := range len(frame) {
		if text, err := ToJSON([]byte(frame[:i])); !errors.Is(err, ErrTruncated) {
			t.Errorf("%x: %s, %v", frame[:i], text, err)
		}
	}
}
