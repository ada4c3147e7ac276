package main_test

import (
	"os"
	"path/filepath"
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
