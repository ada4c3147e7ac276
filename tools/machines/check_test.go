package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write makes a module of these files.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMistakesAreFoundOnTheMachineThatHasThem(t *testing.T) {
	t.Setenv("GOWORK", "off")
	dir := write(t, map[string]string{
		"go.mod":              "module example.org/m\n\ngo 1.26\n",
		"m.go":                "package m\n\nfunc M() string { return system }\n",
		"m_linux.go":          "package m\n\nconst system = \"linux\"\n",
		"m_windows.go":        "package m\n\nimport \"os\"\n",
		"narrow.go":           "package m\n\nvar Wide int = 1 << 40\n",
		"export_test.go":      "package m\n\nconst Exported = 1\n",
		"m_test.go":           "package m_test\n\nimport \"example.org/m\"\n\nconst exported = m.Exported\n",
		"out_windows_test.go": "package m_test\n\nvar absent = exported + missing\n",
	})
	for machine, want := range map[string][]string{
		"linux/386":     {"1 << 40"},
		"windows/amd64": {`"os" imported and not used`, "undefined: system", "undefined: missing"},
	} {
		count, mistakes, err := check(t.Context(), dir, machine, "./...")
		if err != nil || count != 3 {
			t.Errorf("%s: %d packages, %v; want the package, with its tests, and the tests outside of it", machine, count, err)
		}
		var found []string
		for _, mistake := range mistakes {
			at := slices.IndexFunc(want, func(text string) bool { return strings.Contains(mistake.Error(), text) })
			if at < 0 {
				t.Errorf("%s: %v", machine, mistake)
				continue
			}
			found = append(found, want[at])
		}
		slices.Sort(found)
		slices.Sort(want)
		if !slices.Equal(slices.Compact(found), want) {
			t.Errorf("%s: %q were found, want %q", machine, found, want)
		}
	}
	if _, _, err := check(t.Context(), dir, "pdp/11", "./..."); err == nil {
		t.Error("there is a machine pdp/11")
	}
}
