package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The folder of the documentation has the figures, the chart that shows them, and a page
// with their tables between two comments.
const (
	figuresFile = "performance.json"
	chartFile   = "performance.svg"
	pageFile    = "performance.md"
	tablesBegin = "<!-- The tables are made by make performance. -->\n"
	tablesEnd   = "<!-- The end of the tables. -->\n"
)

// document returns the chart and the page that belong to the figures.
func document(folder string) (chart, page []byte, err error) {
	figures := filepath.Join(folder, figuresFile)
	var drawn, tables bytes.Buffer
	if err := drawFile(&drawn, figures); err != nil {
		return nil, nil, err
	}
	if err := printFile(&tables, figures); err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(filepath.Join(folder, pageFile))
	if err != nil {
		return nil, nil, err
	}
	before, rest, found := strings.Cut(string(text), tablesBegin)
	_, after, ended := strings.Cut(rest, tablesEnd)
	if !found || !ended {
		return nil, nil, fmt.Errorf("%s has no place for the tables", pageFile)
	}
	return drawn.Bytes(), []byte(before + tablesBegin + "\n" + tables.String() + tablesEnd + after), nil
}

// write writes the chart and the page.
func write(folder string) error {
	chart, page, err := document(folder)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, chartFile), chart, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, pageFile), page, 0o644)
}
