package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestWhatTheLibrarySaysInGoIsSaidInFlags(t *testing.T) {
	t.Parallel()
	var texts strings.Builder
	for _, file := range []string{"testdata/error-texts.txt", "subscription_create.go"} { // the list lacks those of existsError
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		texts.Write(text)
	}
	for i := 0; i < len(inTerminal); i += 2 {
		if !strings.Contains(texts.String(), inTerminal[i]) {
			t.Errorf("no error of the library says %q any more", inTerminal[i])
		}
		var out strings.Builder
		streams := NewStreams(strings.NewReader(""), &out, &out)
		report(streams, &cobra.Command{}, errors.New("zaqar: "+inTerminal[i]))
		if want := "zaqar: " + inTerminal[i+1] + "\n"; out.String() != want {
			t.Errorf("it prints %q, want %q", out.String(), want)
		}
	}
}
