package dumpfile_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/dumpfile"
)

func message(t *testing.T, body string) *zaqar.Message {
	t.Helper()
	m, err := zaqar.NewMessage(zaqar.MessageFields{ID: "50b68a50", Body: json.RawMessage(body), TTL: 2 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestALineKeepsTheBytesOfTheBody(t *testing.T) {
	for _, body := range []string{
		`null`, `{}`, `[]`, `""`, `false`, `9223372036854775807`, `12345678901234567890123`, `1.10e+05`, `-0`,
		`"\u00e9 é 😀 <>&\u2028\u0000"`, `{"b":1,"a":{"b":null},"b":2}`,
	} {
		line := dumpfile.AppendMessage(nil, message(t, body), false)
		if want := `{"ttl":120,"body":` + body + "}\n"; string(line) != want {
			t.Errorf("the line is %s, want %s", line, want)
		}
		read, err := dumpfile.ParseLine(line)
		if err != nil || string(read.Body) != body || read.TTL != 2*time.Minute || read.ID != "" {
			t.Errorf("%s is read as %s, %v, %v", line, read.Body, read.TTL, err)
		}
		withID := dumpfile.AppendMessage(nil, message(t, body), true)
		if read, err := dumpfile.ParseLine(withID); err != nil || read.ID != "50b68a50" || string(read.Body) != body {
			t.Errorf("%s is read as %+v, %v", withID, read, err)
		}
	}
}

func TestALineThatIsNoMessageSaysWhy(t *testing.T) {
	for text, want := range map[string]string{
		`{"ttl":120}`:                       `it has no "body"; lines that are bodies themselves are posted with zaqar post --ndjson`,
		`{"event":"x"}`:                     `its "event" is wrong: no dump has it`,
		`{"ttl":0,"body":1}`:                `its "ttl" is wrong: 0 is not a positive number of seconds`,
		`{"ttl":1.5,"body":1}`:              `its "ttl" is wrong: 1.5 is not a positive number of seconds`,
		`{"ttl":"120","body":1}`:            `its "ttl" is wrong: "120" is not a positive number of seconds`,
		`{"body":1,"body_text":"1"}`:        `it has both "body" and "body_text"`,
		`{"body_text":"[NaN]"}`:             `its "body_text" is wrong: no JSON becomes this body, so no server takes it`,
		`{"body_text":1}`:                   `its "body_text" is wrong: 1 is not a text`,
		`{"id":1,"body":1}`:                 `its "id" is wrong: 1 is not a text`,
		`[1]`:                               `it is JSON, but not an object; lines that are bodies themselves are posted with zaqar post --ndjson`,
		`{"body":1`:                         `it is not a JSON object: unexpected end of JSON input`,
		`hello`:                             `it is not a JSON object: invalid character 'h' looking for beginning of value`,
		"{\"body\":\"\xff\"}":               `it is not UTF-8, as JSON has to be`,
		`{"error":"the dump is not whole"}`: `it says "the dump is not whole"`,
	} {
		if _, err := dumpfile.ParseLine([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
	if _, err := dumpfile.ParseLine(dumpfile.AppendIncomplete(nil, errors.New("no \"route\""))); err == nil {
		t.Error("the end of an incomplete dump can be loaded")
	}
}

func TestWhatServersMakeOfLargeNumbersIsPostedAsLargeNumbers(t *testing.T) {
	for text, want := range map[string]string{
		`{"body_text":"Infinity"}`:                            `1e400`,
		`{"body_text":"[-Infinity,\"Infinity \\\\\\\" x\"]"}`: `[-1e400,"Infinity \\\" x"]`,
	} {
		if line, err := dumpfile.ParseLine([]byte(text)); err != nil || string(line.Body) != want {
			t.Errorf("%s is read as %s, %v; want %s", text, line.Body, err, want)
		}
	}
}

func TestALineOfTailCanBeLoaded(t *testing.T) {
	line, err := dumpfile.ParseLine([]byte(`{"queue":"wot","id":"a","age":3,"ttl":60,"claim_id":"c","body":[1]}`))
	if err != nil || string(line.Body) != "[1]" || line.TTL != time.Minute {
		t.Errorf("%+v, %v", line, err)
	}
}
