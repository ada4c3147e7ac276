package zaqar_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// points is the number of points in the seed.
const points = 68

func TestTheSeedHasAllItsPoints(t *testing.T) {
	seen := 0
	for _, row := range rows(t, "docs/seed.md") {
		seen++
		if row[0] != strconv.Itoa(seen) {
			t.Fatalf("after point %d comes %s", seen-1, row[0])
		}
		inGo, shownBy := row[2], row[3]
		switch {
		case strings.HasPrefix(shownBy, "nothing to show: "):
		case !citation.MatchString(shownBy):
			t.Errorf("point %d cites nothing", seen)
		case !quoted.MatchString(inGo):
			t.Errorf("point %d has no Go name", seen)
		}
	}
	if seen != points {
		t.Errorf("there are %d points, want %d", seen, points)
	}
}

func TestTheSeedNamesWhatExists(t *testing.T) {
	names := exported(t)
	for _, row := range rows(t, "docs/seed.md") {
		for _, name := range quotedIn(row[2]) {
			if !names[name] {
				t.Errorf("point %s: there is no %s", row[0], name)
			}
		}
	}
	for _, name := range qualified(read(t, "docs/seed.md")) {
		if !names[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestTheSeedCitesWhatExists(t *testing.T) {
	functions, sentences := tests(t), sentences(t)
	for _, row := range rows(t, "docs/seed.md") {
		for _, name := range quotedIn(row[3]) {
			if !functions[name] {
				t.Errorf("point %s: there is no example or test %s", row[0], name)
			}
		}
		for _, sentence := range inQuotes(row[3]) {
			if !sentences[sentence] {
				t.Errorf("point %s: there is no conformance case %q", row[0], sentence)
			}
		}
	}
}

// links are relative links in Markdown, without their fragments.
var links = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)

func TestTheDocumentsLinkToWhatExists(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md") {
		for _, link := range links.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, link[1], err)
			}
		}
	}
}

// The numbers are used in comments and in the conformance suite.
func TestTheQuirksKeepTheirNumbers(t *testing.T) {
	page := read(t, "docs/server-quirks.md")
	headings := regexp.MustCompile(`(?m)^## (\d+)\. \S`).FindAllStringSubmatch(page, -1)
	for i, heading := range headings {
		if heading[1] != strconv.Itoa(i+1) {
			t.Errorf("heading %d has the number %s", i+1, heading[1])
		}
	}
	if len(headings) < 35 {
		t.Errorf("there are only %d quirks: numbers are never taken back", len(headings))
	}
	used := regexp.MustCompile(`\bquirks? (\d+)`)
	for path := range goFiles(t, func(string) bool { return true }) {
		for _, use := range used.FindAllStringSubmatch(read(t, path), -1) {
			if n, err := strconv.Atoi(use[1]); err != nil || n > len(headings) {
				t.Errorf("%s: quirk %s is not on the page", path, use[1])
			}
		}
	}
	for _, number := range quirkTable(t) {
		if number > len(headings) {
			t.Errorf("quirk %d of the conformance suite is not on the page", number)
		}
	}
}

func TestTheQuirksNameAndCiteWhatExists(t *testing.T) {
	page := read(t, "docs/server-quirks.md")
	names := exported(t)
	for _, name := range qualified(page) {
		if !names[name] {
			t.Errorf("there is no %s", name)
		}
	}
	functions, sentences := tests(t), sentences(t)
	for _, name := range quotedIn(page) {
		if (strings.HasPrefix(name, "Example") || strings.HasPrefix(name, "Test")) && !functions[name] {
			t.Errorf("there is no example or test %s", name)
		}
	}
	for _, sentence := range inQuotes(regexp.MustCompile("(?s)```.*?```|`[^`]*`").ReplaceAllString(page, "")) {
		if !sentences[sentence] {
			t.Errorf("there is no conformance case %q", sentence)
		}
	}
}

var (
	quoted   = regexp.MustCompile("`([^`\n]+)`")
	sentence = regexp.MustCompile(`"([^"]+)"`)
	citation = regexp.MustCompile("`[^`]+`|\"[^\"]+\"")
	// goName is Type.Method or package.Name, with or without a call after it.
	goName = regexp.MustCompile(`^((?:(?:zaqar|admin|auth|keystone|observe|transport|webhook|zaqartest)\.)?[A-Z]\w*(?:\.[A-Z]\w*)?)(?:\(.*\))?$`)
)

// quotedIn returns the names in backticks.
func quotedIn(text string) []string {
	var list []string
	for _, found := range quoted.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.TrimPrefix(found[1], "zaqar."))
	}
	return list
}

// qualified returns the names in backticks that must be Go's: they have a dot followed
// by a capital letter.
func qualified(text string) []string {
	var list []string
	for _, found := range quoted.FindAllStringSubmatch(text, -1) {
		if name := goName.FindStringSubmatch(found[1]); name != nil && strings.Contains(name[1], ".") {
			list = append(list, strings.TrimPrefix(name[1], "zaqar."))
		}
	}
	return list
}

func inQuotes(text string) []string {
	var list []string
	for _, found := range sentence.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.Join(strings.Fields(found[1]), " "))
	}
	return list
}

// rows returns the numbered rows of a page's tables.
func rows(t *testing.T, path string) [][]string {
	t.Helper()
	var table [][]string
	for line := range strings.Lines(read(t, path)) {
		if !regexp.MustCompile(`^\| \d+ \|`).MatchString(line) {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 {
			t.Fatalf("a row has %d cells, want 4: %s", len(cells), line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		table = append(table, cells)
	}
	return table
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// goFiles parses the library's Go files with the wanted paths. It skips folders with a
// go.mod, which are other modules.
func goFiles(t *testing.T, wanted func(path string) bool) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if err == nil || entry.Name()[0] == '.' || entry.Name() == "testdata" {
				return filepath.SkipDir
			}
		}
		if filepath.Ext(path) != ".go" || !wanted(filepath.ToSlash(path)) {
			return nil
		}
		files[path], err = parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// exported returns what the packages export: "Queue", "Queue.Claim" and
// "Error.Code" for the root package, "keystone.Password" and
// "keystone.Auth.Expires" for another.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	folders := map[string]string{
		".": "", "admin": "admin.", "auth": "auth.", "auth/keystone": "keystone.", "observe": "observe.",
		"transport": "transport.", "webhook": "webhook.", "zaqartest": "zaqartest.",
	}
	files := goFiles(t, func(path string) bool {
		_, ours := folders[filepath.ToSlash(filepath.Dir(path))]
		return ours && !strings.HasSuffix(path, "_test.go")
	})
	for path, file := range files {
		prefix := folders[filepath.ToSlash(filepath.Dir(path))]
		add := func(parts ...string) {
			for _, part := range parts {
				if !ast.IsExported(part) {
					return
				}
			}
			names[prefix+strings.Join(parts, ".")] = true
		}
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(d.Name.Name)
				} else {
					add(receiver(d.Recv.List[0].Type), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					addSpec(spec, add)
				}
			}
		}
	}
	return names
}

// addSpec adds what a type, const or var declares.
func addSpec(spec ast.Spec, add func(parts ...string)) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range s.Names {
			add(name.Name)
		}
	case *ast.TypeSpec:
		add(s.Name.Name)
		var members *ast.FieldList
		switch body := s.Type.(type) {
		case *ast.StructType:
			members = body.Fields
		case *ast.InterfaceType:
			members = body.Methods
		default:
			return
		}
		for _, member := range members.List {
			for _, name := range member.Names {
				add(s.Name.Name, name.Name)
			}
		}
	}
}

// receiver returns the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// tests returns the examples and tests of the whole library.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, file := range goFiles(t, func(path string) bool { return strings.HasSuffix(path, "_test.go") }) {
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Example") || strings.HasPrefix(f.Name.Name, "Test")) {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}

// sentences returns the cases of the conformance suite.
func sentences(t *testing.T) map[string]bool {
	t.Helper()
	list := map[string]bool{}
	for _, first := range elements(t, "behaviour") {
		if text, err := strconv.Unquote(first.Value); err == nil {
			list[text] = true
		}
	}
	if len(list) == 0 {
		t.Fatal("no cases were found in conformance/")
	}
	return list
}

// quirkTable returns the numbers in the conformance suite's table of quirks.
func quirkTable(t *testing.T) []int {
	t.Helper()
	numbers := map[int]bool{}
	for _, first := range elements(t, "quirk") {
		if n, err := strconv.Atoi(first.Value); err == nil {
			numbers[n] = true
		}
	}
	if len(numbers) == 0 {
		t.Fatal("no quirks were found in conformance/")
	}
	return slices.Sorted(maps.Keys(numbers))
}

// elements returns the first field of every element of the conformance suite's
// slices of a type.
func elements(t *testing.T, typeName string) []*ast.BasicLit {
	t.Helper()
	var firsts []*ast.BasicLit
	for _, file := range goFiles(t, func(path string) bool { return strings.HasPrefix(path, "conformance/") }) {
		for node := range ast.Preorder(file) {
			slice, ok := node.(*ast.CompositeLit)
			if !ok {
				continue
			}
			array, ok := slice.Type.(*ast.ArrayType)
			if !ok {
				continue
			}
			if of, ok := array.Elt.(*ast.Ident); !ok || of.Name != typeName {
				continue
			}
			for _, element := range slice.Elts {
				fields, ok := element.(*ast.CompositeLit)
				if !ok || len(fields.Elts) == 0 {
					continue
				}
				value := fields.Elts[0]
				if keyed, ok := value.(*ast.KeyValueExpr); ok {
					value = keyed.Value
				}
				if first, ok := value.(*ast.BasicLit); ok {
					firsts = append(firsts, first)
				}
			}
		}
	}
	return firsts
}
