// Command coverage generates docs/coverage.md from the operation tables, the results of
// the conformance suite in docs/coverage, and the headings of docs/server-quirks.md. Run
// it in the repository's root; see make coverage-table.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := write("docs"); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func write(docs string) error {
	page, err := render(docs)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "coverage.md"), page, 0o644)
}
