package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryCommandLineOfTheREADMEIsRunByAScript looks for the README's commands in the
// scripts. A script may add flags that end a command which would run on.
func TestEveryCommandLineOfTheREADMEIsRunByAScript(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var run strings.Builder
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		run.Write(text)
	}
	found := 0
	for line := range strings.Lines(string(readme)) {
		command, _, _ := strings.Cut(line, " #")
		if !strings.HasPrefix(command, "zaqar ") {
			continue
		}
		found++
		command = strings.TrimSpace(command)
		words, rest, _ := strings.Cut(command, " --") // a script may put flags between
		between := strings.Contains(run.String(), words) && strings.Contains(run.String(), "--"+rest)
		if !between && !strings.Contains(run.String(), command) {
			t.Errorf("no script runs %q", command)
		}
	}
	if found < 10 {
		t.Errorf("the README has %d command lines; is the test looking for the right ones?", found)
	}
}

// TestTheREADMECountsTheModulesThatAreDownloaded takes the modules of the tour, and those that
// the tests need as well.
func TestTheREADMECountsTheModulesThatAreDownloaded(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	modules := func(arguments ...string) int {
		list := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps", "-f", "{{with .Module}}{{if .Version}}{{.Path}}{{end}}{{end}}"}, arguments...)...)
		list.Dir = root
		out, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		names := strings.Fields(string(out))
		slices.Sort(names)
		return len(slices.Compact(names))
	}
	tour := modules("./cmd/zaqar")
	all := modules("-test", "work")
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(fmt.Sprintf(`The tour downloads %d modules \(\d+ MB\), the tests %d more `, tour, all-tour))
	if text := strings.Join(strings.Fields(string(readme)), " "); !want.MatchString(text) {
		t.Errorf("the tour needs %d modules and the tests %d more, which the README does not say", tour, all-tour)
	}
}
