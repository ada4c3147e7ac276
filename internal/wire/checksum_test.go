package wire

import (
	"encoding/json"
	"testing"
)

// The right side is what Python 3.11 prints for json.dumps(json.loads(left)).
func TestABodyIsSpelledAsPythonSpellsIt(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"b":1,"a":[true,null,false]}`:        `{"b": 1, "a": [true, null, false]}`,
		" {\n\t\"a\" : [ ] , \"b\" : { } } ":   `{"a": [], "b": {}}`,
		`"é☃😀"`:                                `"\u00e9\u2603\ud83d\ude00"`,
		`"\/\u0041\u007f\u0001\b\f\n\r\t\"\\"`: `"/A\u007f\u0001\b\f\n\r\t\"\\"`,
		`"a, b: c"`:                            `"a, b: c"`,
		`[1.0,1.50,-0.0,1e2,1E+2,100.0]`:       `[1.0, 1.5, -0.0, 100.0, 100.0, 100.0]`,
		`[1e15,1e16,123456789012345680.0]`:     `[1000000000000000.0, 1e+16, 1.2345678901234568e+17]`,
		`[0.0001,0.00001,1.5e-7]`:              `[0.0001, 1e-05, 1.5e-07]`,
		`[9223372036854775807,-0,-1]`:          `[9223372036854775807, 0, -1]`,
	} {
		if got := string(respell([]byte(body))); got != want {
			t.Errorf("%s is spelled %s, want %s", body, got, want)
		}
	}
}

func TestTheChecksumIsTheOneOfARealServer(t *testing.T) {
	t.Parallel()
	// As Zaqar 23 answered.
	if got := Checksum([]byte(`3`)); got != "MD5:eccbc87e4b5ce2fe28308fd9f2a7baf3" {
		t.Errorf("the checksum is %s", got)
	}
}

func FuzzChecksum(f *testing.F) {
	fuzz(f, func(t *testing.T, data []byte) {
		once := respell(data)
		if !json.Valid(data) {
			return
		}
		if again := respell(once); !json.Valid(once) || string(again) != string(once) {
			t.Errorf("%q is spelled %q, then %q", data, once, again)
		}
	})
}
