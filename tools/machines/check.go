package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	ImportMap       map[string]string // what an import stands for, if not for itself
	Module          *struct {
		Main      bool
		GoVersion string
	}
}

// ours reports whether a package belongs to a module of the workspace.
func (p *listed) ours() bool { return p.Module != nil && p.Module.Main }

// isMain reports whether it is a main package of tests, which go test writes.
func (p *listed) isMain() bool { return strings.HasSuffix(p.ImportPath, ".test") }

// check checks the packages of a pattern in a folder for a machine. It returns how many
// they are, tests counted by themselves, and their mistakes.
func check(ctx context.Context, dir, machine, pattern string) (int, []error, error) {
	system, processor, _ := strings.Cut(machine, "/")
	sizes := types.SizesFor("gc", processor)
	if sizes == nil {
		return 0, nil, fmt.Errorf("there is no machine %q", machine)
	}
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-test", "-json=ImportPath,Dir,GoFiles,ImportMap,Module", pattern)
	list.Dir, list.Stderr = dir, os.Stderr
	list.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		return 0, nil, fmt.Errorf("go list: %w", err)
	}
	c := checker{sizes: sizes, files: token.NewFileSet(), done: map[string]*types.Package{"unsafe": types.Unsafe}}
	for packages := json.NewDecoder(bytes.NewReader(out)); ; { // what is imported comes first
		var p listed
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			return c.count, c.mistakes, nil
		} else if err != nil {
			return 0, nil, err
		}
		if c.done[p.ImportPath] == nil && !p.isMain() {
			c.check(&p)
		}
	}
}

type checker struct {
	sizes    types.Sizes
	files    *token.FileSet
	done     map[string]*types.Package
	count    int
	mistakes []error
}

// check checks one package. Of a package of others only the declarations are read.
func (c *checker) check(p *listed) {
	report := func(err error) {
		if p.ours() {
			c.mistakes = append(c.mistakes, err)
		}
	}
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(c.files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			report(err)
			continue
		}
		files = append(files, file)
	}
	config := types.Config{Sizes: c.sizes, IgnoreFuncBodies: !p.ours(), Error: report, Importer: imports{c.done, p.ImportMap}}
	if p.ours() {
		c.count++
		config.GoVersion = "go" + p.Module.GoVersion
	}
	c.done[p.ImportPath], _ = config.Check(p.ImportPath, c.files, files, nil) // its error was reported
}

// imports finds the packages that were checked before.
type imports struct {
	done     map[string]*types.Package
	standsIn map[string]string
}

// Import implements [types.Importer].
func (i imports) Import(path string) (*types.Package, error) {
	if other, ok := i.standsIn[path]; ok {
		path = other
	}
	if p := i.done[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("go list did not list %s", path)
}
