package bodies_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/bodies"
)

func file(text string, format bodies.Format) bodies.Source {
	return bodies.Source{Name: "in", In: strings.NewReader(text), Format: format}
}

func split(s bodies.Source) bodies.Source {
	s.Split = true
	return s
}

// read returns the bodies, each with its place, and the text of the error.
func read(s bodies.Source) (got []string, problem string) {
	for body, err := range s.Read() {
		if err != nil {
			return got, err.Error()
		}
		got = append(got, string(body.JSON)+" @ "+body.Where)
	}
	return got, ""
}

func TestAnInputIsReadInItsFormat(t *testing.T) {
	for _, c := range []struct {
		name    string
		in      bodies.Source
		want    []string
		problem string
	}{
		{"NDJSON by default", file("{\"a\": 1}\n\n[1,2]\r\n\"x\"", bodies.Values), []string{`{"a": 1} @ line 1 of in`, `[1,2] @ line 3 of in`, `"x" @ line 4 of in`}, ""},
		{"one value on many lines by default", file("\n{\n \"a\": 1\n}\n", bodies.Values), []string{"{\n \"a\": 1\n} @ line 2 of in"}, ""},
		{"values without line feeds", file(`{}[] 1 null "a""b"`, bodies.Values), []string{"{} @ line 1 of in", "[] @ line 1 of in", "1 @ line 1 of in", "null @ line 1 of in", `"a" @ line 1 of in`, `"b" @ line 1 of in`}, ""},
		{"nothing", file(" \n", bodies.Values), nil, ""},
		{"a byte order mark", file("\ufeff1", bodies.Values), []string{"1 @ line 1 of in"}, ""},
		{"all digits stay", file("12345678901234567890123 1.10e+5 \"\\u00e9<\"", bodies.Values), []string{"12345678901234567890123 @ line 1 of in", "1.10e+5 @ line 1 of in", `"\u00e9<" @ line 1 of in`}, ""},
		{"text by mistake", file("1\n2\nhello\n", bodies.Values), []string{"1 @ line 1 of in", "2 @ line 2 of in"}, "line 3 of in is not JSON: invalid character 'h' looking for beginning of value; to post each line as text, add --lines"},
		{"an end too early", file("1\n{\"a\":\n\n", bodies.Values), []string{"1 @ line 1 of in"}, "line 3 of in is not JSON: it ends in the middle of a value; to post each line as text, add --lines"},
		{"broken text", file("\"a\"\n\"\xff\"", bodies.Values), []string{`"a" @ line 1 of in`}, "line 2 of in is not UTF-8, as JSON has to be"},

		{"one value", file("{\n}\n", bodies.One), []string{"{\n} @ line 1 of in"}, ""},
		{"one value, and another", file("{}\n{}", bodies.One), []string{"{} @ line 1 of in"}, "line 2 of in has a second JSON value; several values on lines of their own need --ndjson, texts need --lines"},
		{"no value", file("", bodies.One), nil, "in is empty, not JSON; several values on lines of their own need --ndjson, texts need --lines"},

		{"lines of JSON", file("\ufeff1\n\n {} \r\n", bodies.NDJSON), []string{"1 @ line 1 of in", "{} @ line 3 of in"}, ""},
		{"a value that does not fit its line", file("1\n{\n}\n", bodies.NDJSON), []string{"1 @ line 1 of in"}, "line 2 of in is not JSON: it ends in the middle of a value; to post each line as text, add --lines"},
		{"two values on a line", file("1 2", bodies.NDJSON), []string{"1 @ line 1 of in"}, "line 1 of in has a second JSON value; to post each line as text, add --lines"},

		{"lines of text", file("a\n\n\"q\" <&>\r\n12", bodies.Lines), []string{`"a" @ line 1 of in`, `"" @ line 2 of in`, `"\"q\" <&>" @ line 3 of in`, `"12" @ line 4 of in`}, ""},
		{"lines of broken text", file("a\n\xff\n", bodies.Lines), []string{`"a" @ line 1 of in`}, "line 2 of in is not UTF-8 text, and JSON has no other; encode it, for example with base64"},

		{"an argument", bodies.Argument(1, ` {"a":1} `, bodies.Values, false), []string{`{"a":1} @ argument 1`}, ""},
		{"an argument that is text", bodies.Argument(2, "hello", bodies.Values, false), nil, "argument 2 is not JSON: invalid character 'h' looking for beginning of value; to post it as text, add --lines"},
		{"an argument with two values", bodies.Argument(1, "1 2", bodies.Values, false), []string{"1 @ argument 1"}, "argument 1 has more than one JSON value; pass each as an argument of its own, or add --lines to post the text itself"},
		{"an empty argument", bodies.Argument(1, "", bodies.Values, false), nil, "argument 1 is empty, not JSON; to post it as text, add --lines"},
		{"an argument as text", bodies.Argument(1, "12\n", bodies.Lines, false), []string{`"12\n" @ argument 1`}, ""},
		{"an empty argument as text", bodies.Argument(1, "", bodies.Lines, false), []string{`"" @ argument 1`}, ""},

		{"arrays split", split(file("[1,\n[2],\n{\"a\":3}]\n[4]", bodies.Values)), []string{"1 @ element 1 of the array in line 1 of in", "[2] @ element 2 of the array in line 2 of in", `{"a":3} @ element 3 of the array in line 3 of in`, "4 @ element 1 of the array in line 4 of in"}, ""},
		{"an empty array split", split(file("[]", bodies.Values)), nil, ""},
		{"something else split", split(file("[1]\n{}", bodies.Values)), []string{"1 @ element 1 of the array in line 1 of in"}, "line 2 of in is not an array, which --split needs"},
		{"a long number split", split(file("1e999", bodies.Values)), nil, "line 1 of in is not an array, which --split needs"},
		{"an array without an end", split(file("[1,\n\"2", bodies.Values)), []string{"1 @ element 1 of the array in line 1 of in"}, "line 2 of in is not JSON: it ends in the middle of a value; to post each line as text, add --lines"},
		{"an array with a mistake", split(file("[1,\nx]", bodies.Values)), []string{"1 @ element 1 of the array in line 1 of in"}, "line 2 of in is not JSON: invalid character 'x' looking for beginning of value; to post each line as text, add --lines"},
		{"an argument split", bodies.Argument(1, "[1,2]", bodies.Values, true), []string{"1 @ element 1 of the array in argument 1", "2 @ element 2 of the array in argument 1"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, problem := read(c.in)
			if strings.Join(got, "|") != strings.Join(c.want, "|") || problem != c.problem {
				t.Errorf("read %q, %q\nwant %q, %q", got, problem, c.want, c.problem)
			}
		})
	}
}

func TestABodyFromAPipeIsReadAsSoonAsItIsComplete(t *testing.T) {
	for _, format := range []bodies.Format{bodies.Values, bodies.NDJSON, bodies.Lines} {
		in, out := io.Pipe()
		sent := []string{"1\n", "[1]\n", "\"x\"\n"}
		go func() { _, _ = io.WriteString(out, sent[0]) }()
		read := 0
		for _, err := range (bodies.Source{Name: "in", In: in, Format: format}).Read() {
			if err != nil {
				t.Fatal(err)
			}
			// The next value is written only after this one was read.
			if read++; read < len(sent) {
				go func() { _, _ = io.WriteString(out, sent[read]) }()
			} else {
				_ = out.Close()
			}
		}
		if read != len(sent) {
			t.Errorf("read %d of %d bodies", read, len(sent))
		}
	}
}

func TestAReaderThatFailsIsNamed(t *testing.T) {
	broken := errors.New("the disk is on fire")
	for _, format := range []bodies.Format{bodies.Values, bodies.One, bodies.NDJSON, bodies.Lines} {
		in := io.MultiReader(strings.NewReader("1\n"), failing{broken})
		_, problem := read(bodies.Source{Name: "in", In: in, Format: format})
		if problem != "in: the disk is on fire" {
			t.Errorf("format %d: %q", format, problem)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestALoopCanBeLeft(t *testing.T) {
	for _, in := range []bodies.Source{file("1\n2\n", bodies.Values), file("1\n2\n", bodies.NDJSON), file("1\n2\n", bodies.Lines), split(file("[1,2]", bodies.Values))} {
		count := 0
		for _, err := range in.Read() {
			if err != nil {
				t.Error(err)
			}
			count++
			break
		}
		if count != 1 {
			t.Errorf("%d bodies", count)
		}
	}
}
