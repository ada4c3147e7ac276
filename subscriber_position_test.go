package zaqar_test

import (
	"encoding"
	"errors"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
)

var (
	_ encoding.TextMarshaler   = zaqar.Position{}
	_ encoding.TextUnmarshaler = (*zaqar.Position)(nil)
)

func TestTextThatIsNoPositionIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "1", "2;;;;", "1;;;;;", "1;x;;;", "1;;x;;", "1;;;%;", "1;;;;a,", "1;;;;%zz", "newest",
		"2;;;;", "2;;;;;;", "2;;;x;;", "3;;;;;", "2;;;;;a,,b",
		"1;;;" + strings.Repeat("x", 70_000) + ";",
	} {
		p := zaqar.FromNow()
		if err := p.UnmarshalText([]byte(text)); !errors.Is(err, zaqar.ErrInvalid) {
			t.Errorf("%.40q: %v", text, err)
		}
		if p.String() != "now" {
			t.Errorf("%.40q changed the position to %v", text, p)
		}
	}
}

func FuzzPosition(f *testing.F) {
	for _, text := range []string{"oldest", "now", "1;;;;", "1;1700000000000;1700000000001;a%3Bb;x,y%2Cz", "1;-1;;0;1", "2;;;;;", "2;1;2;3;m;a,b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p zaqar.Position
		if p.UnmarshalText([]byte(text)) != nil {
			if !p.IsZero() {
				t.Error("a refused text changed the position")
			}
			return
		}
		again := reread(t, p)
		if again.String() != p.String() {
			t.Errorf("%q becomes %q", p, again)
		}
		if strings.ContainsAny(p.String(), " \n\x00") {
			t.Errorf("%q has spaces", p)
		}
	})
}

func TestAPositionOfEarlierVersionsIsRead(t *testing.T) {
	t.Parallel()
	var p zaqar.Position
	if err := p.UnmarshalText([]byte("1;1700000000000;1700000000001;a%3Bb;x,y%2Cz")); err != nil || p.String() != "2;1700000000000;1700000000001;;a%3Bb;x,y%2Cz" {
		t.Errorf("%q, %v", p, err)
	}
}

func reread(t *testing.T, p zaqar.Position) zaqar.Position {
	t.Helper()
	var read zaqar.Position
	if err := read.UnmarshalText([]byte(p.String())); err != nil {
		t.Fatal(err)
	}
	return read
}
