package zaqar_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// manuals returns the paths of the documents that say how to do something, and of the
// programs whose first comment does.
func manuals(t *testing.T) []string {
	t.Helper()
	paths := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "bench/README.md", "bench/main.go"}
	for _, pattern := range []string{"docs/*.md", "integration/*/*.md", "integration/*/main.go", "integration/badday/*_test.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s finds %d files: %v", pattern, len(found), err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// inline is code between backticks. It may go on in the next line.
var inline = regexp.MustCompile("`([^`]+)`")

// codeOf returns the lines of code in a document, or in the first comment of a program:
// in fences, between backticks, and indented.
func codeOf(t *testing.T, path string) []string {
	t.Helper()
	var code []string
	for i, part := range strings.Split(read(t, path), "```") {
		if i%2 == 1 {
			code = append(code, strings.Split(part, "\n")...)
			continue
		}
		for line := range strings.Lines(part) {
			for _, indent := range []string{"    ", "//\t"} {
				if text, indented := strings.CutPrefix(line, indent); indented {
					code = append(code, text)
				}
			}
		}
		for _, text := range inline.FindAllStringSubmatch(part, -1) {
			code = append(code, strings.Join(strings.Fields(text[1]), " "))
		}
	}
	return code
}

func TestTheDocumentsNameTasksThatExist(t *testing.T) {
	tasks := map[string]bool{}
	for _, task := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(read(t, "Makefile"), -1) {
		tasks[task[1]] = true
	}
	made := regexp.MustCompile(`(?:^|&& )make (?:-C \S+ )?([a-z-]+)`)
	found := 0
	for _, path := range manuals(t) {
		for _, code := range codeOf(t, path) {
			for _, task := range made.FindAllStringSubmatch(code, -1) {
				if found++; !tasks[task[1]] {
					t.Errorf("%s: there is no task %s", path, task[1])
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("the documents name %d tasks; is the test looking for the right ones?", found)
	}
}

// The modules integration and bench are not part of the workspace, so there go needs
// GOWORK=off, in the same line or exported before.
func TestTheDocumentsRunProgramsThatExistWithFlagsThatTheyHave(t *testing.T) {
	run := regexp.MustCompile(`(GOWORK=off )?go run (\.[\w./-]*)([^|#]*)`)
	flag := regexp.MustCompile(`\s-([a-z][a-z-]*)`)
	found := 0
	for _, path := range manuals(t) {
		off := strings.Contains(read(t, path), "export GOWORK=off")
		for _, code := range codeOf(t, path) {
			command := run.FindStringSubmatch(code)
			if command == nil {
				continue
			}
			found++
			folder, inWorkspace := folderOf(t, path, command[2])
			if folder == "" {
				t.Errorf("%s: there is no program %s", path, command[2])
				continue
			}
			if !inWorkspace && !off && command[1] == "" {
				t.Errorf("%s: go finds no module without GOWORK=off: %s", path, code)
			}
			arguments, _, _ := strings.Cut(command[3], "  ")
			for _, name := range flag.FindAllStringSubmatch(arguments, -1) {
				if !strings.Contains(sourceOf(t, folder), `"`+name[1]+`"`) {
					t.Errorf("%s: %s has no flag -%s", path, folder, name[1])
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("the documents run %d programs; is the test looking for the right ones?", found)
	}
}

// folderOf returns the folder of a program, which a document names as seen from the root or
// from the module that it is about.
func folderOf(t *testing.T, path, named string) (folder string, inWorkspace bool) {
	t.Helper()
	if filepath.Clean(named) != "." && isFolder(named) {
		return named, true
	}
	for _, module := range []string{"bench", "integration"} {
		about := strings.HasPrefix(path, module) || strings.Contains(read(t, path), module)
		if folder := filepath.Join(module, named); about && len(sourceOf(t, folder)) > 0 && isFolder(folder) {
			return folder, false
		}
	}
	return "", false
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// sourceOf returns the Go files of a folder, one behind the other.
func sourceOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range files {
		source.WriteString(read(t, file))
	}
	return source.String()
}

func TestTheDocumentsRunTestsThatExist(t *testing.T) {
	run := regexp.MustCompile(`go test .*-run '?(\w+)`)
	name := regexp.MustCompile(`^(Test|Example|Benchmark|Fuzz)[A-Z]\w+$`)
	tests := namesOfTests(t)
	found := 0
	for _, path := range manuals(t) {
		for _, code := range codeOf(t, path) {
			if command := run.FindStringSubmatch(code); command != nil {
				if found++; !strings.Contains(tests, command[1]) {
					t.Errorf("%s: no test has %s in its name", path, command[1])
				}
			}
			if name.MatchString(code) && !strings.Contains(tests, " "+code+" ") {
				t.Errorf("%s: there is no %s", path, code)
			}
		}
	}
	if found < 2 {
		t.Errorf("the documents run %d tests; is the test looking for the right ones?", found)
	}
}

// namesOfTests returns the names of the tests of every module, with a space around each.
func namesOfTests(t *testing.T) string {
	t.Helper()
	var names strings.Builder
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Example|Benchmark|Fuzz)\w*)\(`)
	eachFile(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			for _, name := range declared.FindAllStringSubmatch(read(t, path), -1) {
				names.WriteString(" " + name[1] + " ")
			}
		}
	})
	return names.String()
}

func TestTheDocumentsNameVariablesThatExist(t *testing.T) {
	variable := regexp.MustCompile(`\bZAQAR_[A-Z0-9_]+`)
	known := map[string]bool{}
	add := func(path string) {
		for _, name := range variable.FindAllString(read(t, path), -1) {
			known[name] = true
		}
	}
	add("integration/servers/README.md") // those of the real servers are made of their names
	eachFile(t, func(path string) {
		if filepath.Ext(path) != ".md" && path != "docs_commands_test.go" {
			add(path)
		}
	})
	found := 0
	for _, path := range manuals(t) {
		for _, name := range variable.FindAllString(read(t, path), -1) {
			if found++; !known[name] || strings.HasSuffix(name, "_") {
				t.Errorf("%s: nothing reads %s", path, name)
			}
		}
	}
	if found < 20 {
		t.Errorf("the documents name %d variables; is the test looking for the right ones?", found)
	}
}

// eachFile visits the files of every module that are written by hand.
func eachFile(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (entry.Name()[0] == '.' || entry.Name() == "dist" || entry.Name() == "__pycache__"):
			return filepath.SkipDir
		case entry.Type().IsRegular():
			visit(filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
