package output_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/pflag"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/output"
)

var columns = []string{"ID", "Body", "TTL", "Claim ID", "Done"}

// rows returns testdata/rows.json.
func rows(t *testing.T) [][]any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "rows.json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var rows [][]any
	if err := decoder.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// options parses flags.
func options(t *testing.T, add func(*output.Options, *pflag.FlagSet) []string, args ...string) *output.Options {
	t.Helper()
	var o output.Options
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	add(&o, flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &o
}

func list(t *testing.T, args ...string) string {
	t.Helper()
	var b bytes.Buffer
	if err := options(t, (*output.Options).AddList, args...).List(&b, columns, rows(t)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func show(t *testing.T, args ...string) string {
	t.Helper()
	var b bytes.Buffer
	if err := options(t, (*output.Options).AddShow, args...).Show(&b, columns, rows(t)[0]); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The files in testdata are what cliff 4.17.0 writes for testdata/rows.json.
func TestWhatIsPrintedIsWhatCliffPrints(t *testing.T) {
	for name, got := range map[string]string{
		"list.json":     list(t, "-f", "json"),
		"list.value":    list(t, "-f", "value"),
		"list.csv":      list(t, "-f", "csv"),
		"list.yaml":     list(t, "-f", "yaml"),
		"csv.all":       list(t, "-f", "csv", "--quote", "all"),
		"csv.minimal":   list(t, "-f", "csv", "--quote", "minimal"),
		"csv.none":      list(t, "-f", "csv", "--quote", "none"),
		"json.noindent": list(t, "-f", "json", "--noindent"),
		"show.json":     show(t, "-f", "json"),
		"show.value":    show(t, "-f", "value"),
		"show.yaml":     show(t, "-f", "yaml"),
		"show.table":    show(t),
		"list.table":    list(t),
	} {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		// The letters stay readable in YAML; cliff writes \xE9 for é.
		if want = bytes.ReplaceAll(want, []byte(`\xE9`), []byte("é")); got != string(want) {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestValuesKeepTheirDigitsAndTheOrderOfTheirKeys(t *testing.T) {
	document := json.RawMessage(`{"z": 12345678901234567890123, "a": [1.0, 1e5, -0], "m": {"é": "\ud83d\ude00 <&>"}, "e": {}, "l": []}`)
	for format, want := range map[string]string{
		"json":  "{\n  \"Body\": {\n    \"z\": 12345678901234567890123,\n    \"a\": [\n      1.0,\n      1e5,\n      -0\n    ],\n    \"m\": {\n      \"\\u00e9\": \"\\ud83d\\ude00 <&>\"\n    },\n    \"e\": {},\n    \"l\": []\n  }\n}\n",
		"value": `{"z": 12345678901234567890123, "a": [1.0, 1e5, -0], "m": {"é": "😀 <&>"}, "e": {}, "l": []}` + "\n",
		"yaml":  "Body:\n  a:\n  - 1.0\n  - 1e5\n  - -0\n  e: {}\n  l: []\n  m:\n    é: \"\\U0001F600 <&>\"\n  z: 12345678901234567890123\n",
		"shell": `body="{\"z\": 12345678901234567890123, \"a\": [1.0, 1e5, -0], \"m\": {\"é\": \"😀 <&>\"}, \"e\": {}, \"l\": []}"` + "\n",
	} {
		var b bytes.Buffer
		if err := options(t, (*output.Options).AddShow, "-f", format).Show(&b, []string{"Body"}, []any{document}); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("as %s it is\n%s\nwant\n%s", format, b.String(), want)
		}
	}
}

func TestAValueCannotRunACommandInAShell(t *testing.T) {
	value := "$(touch x) `touch y` \"; touch z \\"
	var b bytes.Buffer
	if err := options(t, (*output.Options).AddShow, "-f", "shell", "--prefix", "P_").Show(&b, []string{"A b-c"}, []any{value}); err != nil {
		t.Fatal(err)
	}
	got, err := exec.CommandContext(t.Context(), "sh", "-c", b.String()+`printf %s "$P_a_b_c"`).Output()
	if err != nil || string(got) != value {
		t.Errorf("the shell reads %q from %s (%v)", got, b.String(), err)
	}
}

func TestATerminalIsNotSteeredByAValue(t *testing.T) {
	var b bytes.Buffer
	if err := options(t, (*output.Options).AddShow).Show(&b, []string{"Body"}, []any{"a\x1b]0;title\x07b\rc\u009bd"}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\r\u009b") {
		t.Errorf("it prints %q", b.String())
	}
}

func TestRowsAreSorted(t *testing.T) {
	for args, want := range map[string]string{
		"--sort-column TTL":                                     "d4 f6 c3 a1 b2 e5",
		"--sort-column ttl --sort-descending":                   "e5 b2 a1 c3 f6 d4",
		"--sort-column claim_id":                                "c3 f6 e5 b2 d4 a1",
		"--sort-column Done --sort-column ID --sort-descending": "d4 a1 e5 b2 c3 f6",
	} {
		got := strings.Fields(list(t, append([]string{"-f", "value", "-c", "ID"}, strings.Fields(args)...)...))
		if strings.Join(got, " ") != want {
			t.Errorf("with %s the rows are %v, want %s", args, got, want)
		}
	}
}

func TestATableFitsItsWidth(t *testing.T) {
	for _, width := range []string{"60", "70", "80"} {
		for line := range strings.Lines(list(t, "--max-width", width)) {
			if n := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); strconv.Itoa(n) > width {
				t.Errorf("a line of a table of %s columns has %d: %s", width, n, line)
			}
		}
	}
	o := options(t, (*output.Options).AddShow)
	o.Terminal = 40
	var b bytes.Buffer
	if err := o.Show(&b, []string{"Body"}, []any{strings.Repeat("word ", 30)}); err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(b.String(), "\n"); len(first) > 40 {
		t.Errorf("on a terminal of 40 columns it is\n%s", b.String())
	}
}

func TestAnEmptyListPrintsAsCliffPrintsIt(t *testing.T) {
	for args, want := range map[string]string{
		"": "\n", "-f json": "[]\n", "-f yaml": "[]\n", "-f value": "", "-f csv": "\"ID\"\n",
		"--print-empty": "+----+\n| ID |\n+----+\n+----+\n",
	} {
		var b bytes.Buffer
		if err := options(t, (*output.Options).AddList, strings.Fields(args)...).List(&b, []string{"ID"}, nil); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("with %q it is %q, want %q", args, b.String(), want)
		}
	}
}

func TestAWrongOptionIsRefusedBeforeAnythingIsDone(t *testing.T) {
	for args, want := range map[string]string{
		"-f xml":                             `--format is "xml"`,
		"-f shell":                           `--format is "shell"`,
		"-c Nope":                            `--column "Nope": there is no such column; the columns are ID, Body, TTL, Claim ID, Done`,
		"--sort-column no":                   `--sort-column "no"`,
		"--quote some":                       `--quote is "some"`,
		"--sort-ascending --sort-descending": "contradict each other",
	} {
		err := options(t, (*output.Options).AddList, strings.Fields(args)...).Check(columns...)
		if _, ok := errors.AsType[*output.OptionError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("with %s the error is %v, want %s", args, err, want)
		}
	}
	if err := options(t, (*output.Options).AddList, "-c", "claim_id", "-c", "TTL").Check(columns...); err != nil {
		t.Error(err)
	}
}
