package msgpack

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestJSONSurvivesTheWayThereAndBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-1`, `127`, `128`, `-32`, `-33`, `65536`, `""`, `"é☃😀\u0000\n\"\\"`, `"�"`,
		`9223372036854775807`, `-9223372036854775808`, `18446744073709551615`, `4294967295`, `-2147483649`,
		`0.5`, `-0.0`, `1.0`, `1e+16`, `1e-05`, `1.7976931348623157e+308`, `5e-324`, `123456789012345.0`,
		`[]`, `{}`, `[[],[[]],{}]`, `{"z":1,"a":{"z":[1,2.5,null]},"é":"<&>"}`,
		`[` + strings.Repeat(`1,`, 69999) + `1]`, `"` + strings.Repeat("x", 70000) + `"`,
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
	} {
		frame, err := FromJSON([]byte(text))
		if err != nil {
			t.Errorf("%.80s: %v", text, err)
			continue
		}
		back, err := ToJSON(frame)
		if err != nil || string(back) != text {
			t.Errorf("%.80s comes back as %.80s, %v", text, back, err)
		}
	}
}

// The right side is what Python's msgpack 1.0 packs.
func TestFramesAreThoseOfPython(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"action":"queue_list","body":{"limit":20}}`: "82a6616374696f6eaa71756575655f6c697374a4626f647981a56c696d697414",
		`[1,-1,300,1.5,null,true,"x"]`:                "9701ffcd012ccb3ff8000000000000c0c3a178",
		`[65535,65536,4294967296]`:                    "93cdffffce00010000cf0000000100000000",
		`[-128,-129,-32769]`:                          "93d080d1ff7fd2ffff7fff",
	} {
		frame, err := FromJSON([]byte(text))
		if got := hex.EncodeToString(frame); err != nil || got != want {
			t.Errorf("%s is packed as %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestWhatJSONCannotSayIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		frame string
		want  error
	}{
		"nothing":                          {"", ErrTruncated},
		"an array that claims 2^32-1":      {"\xdd\xff\xff\xff\xff", ErrTruncated},
		"a map that claims 2^32-1":         {"\xdf\xff\xff\xff\xff", ErrTruncated},
		"a string that claims 2^32-1":      {"\xdb\xff\xff\xff\xff", ErrTruncated},
		"a short string":                   {"\xa3ab", ErrTruncated},
		"a short number":                   {"\xcf\x00\x00", ErrTruncated},
		"a short float":                    {"\xcb\x00\x00", ErrTruncated},
		"a short array":                    {"\x92\x01", ErrTruncated},
		"a map without its last value":     {"\x81\xa1a", ErrTruncated},
		"an array without a whole header":  {"\xdc\x00", ErrTruncated},
		"two values":                       {"\x01\x02", ErrTrailing},
		"NaN":                              {"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", ErrNotJSON},
		"infinity":                         {"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", ErrNotJSON},
		"a short infinity":                 {"\xca\xff\x80\x00\x00", ErrNotJSON},
		"binary data":                      {"\xc4\x01a", ErrNotJSON},
		"an extension":                     {"\xd4\x05\x00", ErrNotJSON},
		"an extension of one byte":         {"\xc7\x00\x05", ErrNotJSON},
		"a time":                           {"\xd6\xff\x00\x00\x00\x00", ErrNotJSON},
		"the byte that is never used":      {"\xc1", ErrNotJSON},
		"a number as a key":                {"\x81\x01\x01", ErrNotJSON},
		"a binary key":                     {"\x81\xc4\x01a\x01", ErrNotJSON},
		"text that is not UTF-8":           {"\xa1\xff", ErrText},
		"a key that is not UTF-8":          {"\x81\xa1\xff\x01", ErrText},
		"arrays nested too deep":           {strings.Repeat("\x91", MaxDepth+1) + "\xc0", ErrTooDeep},
		"ten million arrays in each other": {strings.Repeat("\x91", 10_000_000), ErrTooDeep},
		"maps nested too deep":             {strings.Repeat("\x81\xa1a", MaxDepth+1) + "\xc0", ErrTooDeep},
	} {
		if got, err := ToJSON([]byte(test.frame)); !errors.Is(err, test.want) || got != nil {
			t.Errorf("%s: %.80q, %v, want %v", name, got, err, test.want)
		}
	}
}

func TestNumbersThatJSONLacksCanBeReadAsPythonWritesThem(t *testing.T) {
	t.Parallel()
	frame := "\x93\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00\xcb\xff\xf0\x00\x00\x00\x00\x00\x00\xca\x7f\xc0\x00\x00"
	if text, err := ToText([]byte(frame)); err != nil || string(text) != "[Infinity,-Infinity,NaN]" {
		t.Errorf("it is read as %s, %v", text, err)
	}
}

func TestWhatMessagePackCannotSayIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		`18446744073709551616`: ErrTooLarge,
		`-9223372036854775809`: ErrTooLarge,
		`[1e400]`:              ErrTooLarge,
		`"\ud800"`:             ErrText,
		`{"\udc00x":1}`:        ErrText,
		"\"\xff\"":             ErrText,
		`"\ufffd\ud800"`:       ErrText,
		`"\\ufffd\ud800"`:      ErrText,
		`["�", "\ud800"]`:      ErrText,
		strings.Repeat("[", MaxDepth+1) + `1` + strings.Repeat("]", MaxDepth+1): ErrTooDeep,
	} {
		if frame, err := FromJSON([]byte(text)); !errors.Is(err, want) || frame != nil {
			t.Errorf("%.40s: %x, %v, want %v", text, frame, err, want)
		}
	}
	for _, text := range []string{``, `{`, `1 2`, `[1,]`, `Infinity`, `{"a"}`, `nul`} {
		if frame, err := FromJSON([]byte(text)); err == nil {
			t.Errorf("%q is packed as %x", text, frame)
		}
	}
}

func FuzzToJSON(f *testing.F) {
	for _, seed := range []string{"\xc0", "\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff", "\x81\xa1a\x93\x01\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xc3", "\xc7\x00\x05", "\xa2\xc3\xa9"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		text, err := ToJSON(frame)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%x is read as %q, which is not JSON", frame, text)
		}
		// What was read can be written, and is read again as the same.
		again, err := FromJSON(text)
		if err != nil {
			t.Fatalf("%q cannot be packed: %v", text, err)
		}
		if back, err := ToJSON(again); err != nil || !bytes.Equal(back, text) {
			t.Errorf("%q is read again as %q, %v", text, back, err)
		}
	})
}

func FuzzFromJSON(f *testing.F) {
	for _, seed := range []string{`null`, `{"a":[1,-1,2.5,1e3,"é\u00e9",true]}`, `18446744073709551615`, `"\ud800"`, `[[[[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		frame, err := FromJSON(text)
		if err != nil {
			return
		}
		back, err := ToJSON(frame)
		if err != nil {
			t.Fatalf("%q is packed as %x, which cannot be read: %v", text, frame, err)
		}
		var want, got any
		if json.Unmarshal(text, &want) != nil || json.Unmarshal(back, &got) != nil {
			t.Fatalf("%q comes back as %q", text, back)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q comes back as %q", text, back)
		}
	})
}
