package wire

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// OneLine returns a text as it can be printed in one line. Control characters, line
// breaks and other characters that are not visible are escaped as in Go source, so a
// server cannot write to a terminal or forge a line of a log. A text that is longer than
// most bytes is cut and ends with an ellipsis; 0 means no limit.
func OneLine(text string, most int) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		shown := text[i : i+size]
		switch {
		case r == utf8.RuneError && size == 1:
			shown = fmt.Sprintf(`\x%02x`, text[i])
		case !strconv.IsPrint(r):
			quoted := strconv.QuoteRune(r)
			shown = quoted[1 : len(quoted)-1]
		}
		if most > 0 && out.Len()+len(shown) > most {
			return out.String() + "…"
		}
		out.WriteString(shown)
		i += size
	}
	return out.String()
}
