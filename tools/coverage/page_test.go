package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/conformance"
)

const docs = "../../docs"

func TestThePageIsWhatTheResultsSay(t *testing.T) {
	want, err := render(docs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(docs, "coverage.md"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/coverage.md is stale: run make coverage-table (%v)", err)
	}
}

// kept copies what the page is made of, to be changed by a test.
func kept(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(docs)); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestAnOperationThatNoCaseUsesIsAnError(t *testing.T) {
	folder := kept(t)
	partial := conformance.Results{Server: "zaqar-15", Version: zaqar.V1, Operations: map[string][]int{"ping": {}}}
	if err := partial.Save(filepath.Join(folder, "coverage")); err != nil {
		t.Fatal(err)
	}
	if _, err := render(folder); err == nil || !strings.Contains(err.Error(), "no case of the suite uses") {
		t.Errorf("the error is %v", err)
	}
}

func TestAServerWithoutResultsIsAnError(t *testing.T) {
	folder := kept(t)
	if err := os.Remove(filepath.Join(folder, "coverage", "zaqar-23-v2.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := render(folder); err == nil || !strings.Contains(err.Error(), "zaqar-23-v2.json") {
		t.Errorf("the error is %v", err)
	}
}

func TestAQuirkThatIsNotDescribedIsAnError(t *testing.T) {
	folder := kept(t)
	if err := os.WriteFile(filepath.Join(folder, "server-quirks.md"), []byte("# Server quirks\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := render(folder); err == nil || !strings.Contains(err.Error(), "not in server-quirks.md") {
		t.Errorf("the error is %v", err)
	}
}
