// Command borders proves the depguard rules of .golangci.yml: it writes imports that
// the rules must refuse, and some that they must allow, and checks what the linter says.
//
// It works in a temporary module with the same paths, in which every package is empty. So
// it never touches the repository, and an import that would be a cycle in the repository
// is none there. "make lint-borders" runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/zaqar-go/zaqar"

// plant is one import in one file.
type plant struct {
	dir    string // of the importing package, below the module
	path   string // what it imports; below the module if it starts with "."
	test   bool   // the import is in a test file
	refuse bool   // what the linter must do

	file string // the planted file, below the module
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: borders GOLANGCI-LINT")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "borders:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, linter string) (err error) {
	linter, err = filepath.Abs(linter)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "borders-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	for _, name := range []string{"go.mod", "go.sum", ".golangci.yml"} {
		content, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("run it in the root of the repository: %w", err)
		}
		if err := write(folder, name, string(content)); err != nil {
			return err
		}
	}
	all := plants()
	for _, dir := range packages(all) {
		if err := write(folder, path.Join(dir, "stub.go"), "package "+name(dir)+"\n"); err != nil {
			return err
		}
	}
	wrong := 0
	for _, batch := range batches(all) {
		reports, err := lint(ctx, linter, folder, batch)
		if err != nil {
			return err
		}
		for _, p := range batch {
			rule, refused := reports[p.file]
			verdict, outcome := "ok   ", "allowed"
			if refused {
				outcome = "refused by " + rule
			}
			if refused != p.refuse {
				verdict = "WRONG"
				wrong++
			}
			fmt.Printf("%s %-32s %-45s %s\n", verdict, importer(p), p.path, outcome)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d imports have the wrong outcome: mend the rules in .golangci.yml, or the table in tools/borders", wrong, len(all))
	}
	fmt.Printf("%d imports: %d refused and %d allowed, as they must be\n", len(all), count(all, true), count(all, false))
	return nil
}

// lint plants the imports, runs the linter once and returns, by file, the rule that
// refuses the import.
func lint(ctx context.Context, linter, folder string, batch []plant) (map[string]string, error) {
	for _, p := range batch {
		pkg := name(p.dir)
		if p.test {
			pkg += "_test"
		}
		if err := write(folder, p.file, fmt.Sprintf("package %s\n\nimport _ %q\n", pkg, target(p.path))); err != nil {
			return nil, err
		}
	}
	defer func() {
		for _, p := range batch {
			_ = os.Remove(filepath.Join(folder, p.file))
		}
	}()
	cmd := exec.CommandContext(ctx, linter, "run", "--enable-only=depguard", "--max-issues-per-linter=0",
		"--max-same-issues=0", "--output.text.print-issued-lines=false", "--output.text.colors=false",
		"--show-stats=false", "--issues-exit-code=0", "--allow-parallel-runners", "./...")
	cmd.Dir = folder
	// With a proxy: on a machine on which little was built the go command may have to read the
	// go.mod of a module that nothing here uses.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the linter failed: %w\n%s%s", err, out, problems.String())
	}
	reports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		file, rest, found := strings.Cut(strings.TrimSpace(line), ":")
		if !found {
			continue
		}
		if !strings.HasSuffix(rest, "(depguard)") {
			return nil, fmt.Errorf("the linter says something else: %s", line)
		}
		_, rule, _ := strings.Cut(rest, "from list ")
		rule, _, _ = strings.Cut(strings.TrimSuffix(rule, " (depguard)"), ":")
		reports[filepath.ToSlash(file)] = rule
	}
	return reports, nil
}

// batches splits the plants so that no batch has a cycle of imports.
func batches(all []plant) [][]plant {
	var result [][]plant
	for _, p := range all {
		at := slices.IndexFunc(result, func(batch []plant) bool { return !cyclic(append(slices.Clone(batch), p)) })
		if at < 0 {
			at = len(result)
			result = append(result, nil)
		}
		result[at] = append(result[at], p)
	}
	return result
}

// cyclic reports whether the imports of a batch form a cycle.
func cyclic(batch []plant) bool {
	edges := map[string][]string{}
	for _, p := range batch {
		if !p.test { // nothing imports an external test package
			edges[target("./"+p.dir)] = append(edges[target("./"+p.dir)], target(p.path))
		}
	}
	var reaches func(from, to string, seen map[string]bool) bool
	reaches = func(from, to string, seen map[string]bool) bool {
		for _, next := range edges[from] {
			if next == to {
				return true
			}
			if !seen[next] {
				seen[next] = true
				if reaches(next, to, seen) {
					return true
				}
			}
		}
		return false
	}
	for from := range edges {
		if reaches(from, from, map[string]bool{}) {
			return true
		}
	}
	return false
}

// packages returns the packages of the module that the plants need.
func packages(all []plant) []string {
	found := map[string]bool{"": true}
	for _, p := range all {
		found[p.dir] = true
		if below, ok := strings.CutPrefix(p.path, "."); ok {
			found[strings.TrimPrefix(below, "/")] = true
		}
	}
	var dirs []string
	for dir := range found {
		dirs = append(dirs, dir)
	}
	return dirs
}

// target returns the import path.
func target(p string) string {
	if below, ok := strings.CutPrefix(p, "."); ok {
		return path.Join(module, below)
	}
	return p
}

// name returns a package's name.
func name(dir string) string {
	if dir == "" {
		return "zaqar"
	}
	return path.Base(dir)
}

func importer(p plant) string {
	if p.test {
		return p.dir + " (test)"
	}
	return p.dir
}

func count(all []plant, refused bool) int {
	n := 0
	for _, p := range all {
		if p.refuse == refused {
			n++
		}
	}
	return n
}

func write(folder, name, content string) error {
	file := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(content), 0o644)
}
