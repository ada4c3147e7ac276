package zaqar_test

import (
	"flag"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the files in testdata that tests compare with")

// TestEveryErrorTextIsListed keeps the wording of errors under review: each text in the
// source that becomes part of an error stands in testdata/error-texts.txt, by package.
// After a change of wording, run
//
//	go test -run EveryErrorTextIsListed -update .
//
// and read the difference aloud.
func TestEveryErrorTextIsListed(t *testing.T) {
	t.Parallel()
	const listing = "testdata/error-texts.txt"
	files := goFiles(t, func(path string) bool {
		return !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(path, "examples/") && !strings.HasPrefix(path, "tools/")
	})
	folders := map[string][]*ast.File{}
	for path, file := range files {
		folder := filepath.ToSlash(filepath.Dir(path))
		folders[folder] = append(folders[folder], file)
	}
	var lines []string
	for folder, files := range folders {
		for _, text := range errorTexts(files) {
			lines = append(lines, folder+": "+text)
		}
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	if *update {
		if err := os.WriteFile(listing, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	listed := strings.Split(strings.TrimSpace(read(t, listing)), "\n")
	for _, line := range lines {
		if _, found := slices.BinarySearch(listed, line); !found {
			t.Errorf("%s does not list %s", listing, line)
		}
	}
	for _, line := range listed {
		if _, found := slices.BinarySearch(lines, line); !found {
			t.Errorf("%s lists a text that no error has: %s", listing, line)
		}
	}
}

// errorTexts returns the texts of a package that become part of errors: those given to
// errors.New, fmt.Errorf and the package's own functions that make errors of texts, and
// the fields Rule of ArgumentError.
func errorTexts(files []*ast.File) []string {
	makers := map[string]bool{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				makers[n.Name.Name] = makers[n.Name.Name] || makesErrors(n.Type)
			case *ast.AssignStmt:
				for i, value := range n.Rhs {
					name, _ := n.Lhs[min(i, len(n.Lhs)-1)].(*ast.Ident)
					if literal, ok := value.(*ast.FuncLit); ok && name != nil {
						makers[name.Name] = makers[name.Name] || makesErrors(literal.Type)
					}
				}
			}
			return true
		})
	}
	var texts []string
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name := callee(n); name == "errors.New" || name == "fmt.Errorf" || makers[name] {
					for _, argument := range n.Args {
						texts = append(texts, textsOf(argument)...)
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Rule" {
					texts = append(texts, textsOf(n.Value)...)
				}
			}
			return true
		})
	}
	return texts
}

// makesErrors reports whether a function takes a text and returns an error.
func makesErrors(f *ast.FuncType) bool {
	if f.Results == nil {
		return false
	}
	texts := slices.ContainsFunc(f.Params.List, func(field *ast.Field) bool {
		name, ok := field.Type.(*ast.Ident)
		return ok && name.Name == "string"
	})
	result := f.Results.List[len(f.Results.List)-1].Type
	if star, ok := result.(*ast.StarExpr); ok {
		result = star.X
	}
	name, ok := result.(*ast.Ident)
	return texts && ok && strings.HasSuffix(strings.ToLower(name.Name), "error")
}

// callee names the function of a call: "errors.New", or "check" for a method check.
func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && (x.Name == "errors" || x.Name == "fmt") {
			return x.Name + "." + f.Sel.Name
		}
		return f.Sel.Name
	}
	return ""
}

// textsOf returns the texts of an expression, with its concatenated parts joined. A
// text without a space is a name.
func textsOf(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING && strings.Contains(strings.TrimSpace(text), " ") {
			return []string{strconv.Quote(text)}
		}
	case *ast.BinaryExpr:
		if joined, ok := concatenated(e); ok && strings.Contains(strings.TrimSpace(joined), " ") {
			return []string{strconv.Quote(joined)}
		}
	case *ast.CallExpr:
		if name := callee(e); name == "fmt.Sprintf" && len(e.Args) > 0 {
			return textsOf(e.Args[0])
		}
	}
	return nil
}

// concatenated joins the parts of a + b; what is no literal becomes "…".
func concatenated(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, okLeft := concatenated(e.X)
		right, okRight := concatenated(e.Y)
		return left + right, okLeft || okRight
	}
	return "…", false
}
