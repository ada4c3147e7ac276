package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/conformance"
)

const head = `# Coverage

<!-- Made by "make coverage-table" of the operation tables and the results of the
conformance suite in docs/coverage. Do not edit. -->

What each version of the API can do, and what of it the conformance suite has seen
to work: with the embedded server of package ` + "`zaqartest`" + `, with real servers of releases
15 and 23 that store in Redis, and with the same releases on MongoDB's driver. For the
latter FerretDB stands in for MongoDB: it speaks the same protocol.

| | |
|---|---|
| passes | Cases of the suite use it with success, and all cases pass. In the column *client*: the library has it, and passes with the embedded server. |
| passes, quirk 5 | So it is, but for a difference of that server, which the suite asserts instead. The number leads to what the library does about it and what is left to you. |
| not on this store | The library sends it, but a server with this store ignores it or fails: the columns of MongoDB's driver show that it works. |
| not set up | It needs pooling, and no server of that release with pooling was there. |
| unsupported | The API version has no such operation; the library says so before anything is sent (` + "`zaqar.ErrUnsupported`" + `). |
| – | There is nothing to try: the operation is not in that version, or the server does not have the version. |
`

// render returns the page.
func render(docs string) ([]byte, error) {
	places, err := anchors(docs)
	if err != nil {
		return nil, err
	}
	all := map[zaqar.Version][]column{}
	for _, version := range versions {
		if all[version], err = load(docs, version); err != nil {
			return nil, err
		}
	}
	rows := subjects(all)
	page := bytes.NewBufferString(head)
	for _, version := range versions {
		fmt.Fprintf(page, "\n## API %s\n\n| operation | client |", version)
		for _, c := range all[version] {
			fmt.Fprintf(page, " %s |", c.title)
		}
		fmt.Fprintf(page, "\n|---|---|%s\n", strings.Repeat("---|", len(all[version])))
		for _, subject := range rows {
			fmt.Fprintf(page, "| %s | %s |", title(subject), client(version, subject))
			for _, c := range all[version] {
				text, err := c.cell(subject, places)
				if err != nil {
					return nil, err
				}
				fmt.Fprintf(page, " %s |", text)
			}
			fmt.Fprintln(page)
		}
	}
	features(page, all)
	fmt.Fprintln(page)
	for _, number := range named(all) {
		fmt.Fprintf(page, "[%d]: server-quirks.md#%s\n", number, places[number])
	}
	return page.Bytes(), nil
}

// features writes the table of features, and which servers were set up with them.
func features(page *bytes.Buffer, all map[zaqar.Version][]column) {
	fmt.Fprintf(page, "\n## Features\n\nWhat a server has only when its operators have switched it on has cases of its own.\n\n| feature | API |")
	for _, s := range servers {
		fmt.Fprintf(page, " %s |", s.title)
	}
	fmt.Fprintf(page, "\n|---|---|%s\n", strings.Repeat("---|", len(servers)))
	for _, feature := range conformance.Features {
		for _, version := range versions {
			if !all[version][0].tried[feature] {
				continue // the embedded server has every feature
			}
			fmt.Fprintf(page, "| %s | %s |", feature, version)
			for _, c := range all[version] {
				switch {
				case c.tried[feature]:
					fmt.Fprint(page, " passes |")
				case c.NotServed:
					fmt.Fprint(page, " – |")
				default:
					fmt.Fprint(page, " not set up |")
				}
			}
			fmt.Fprintln(page)
		}
	}
}

// named returns the numbers of the quirks in the cells.
func named(all map[zaqar.Version][]column) []int {
	var numbers []int
	for _, columns := range all {
		for _, c := range columns {
			for _, met := range c.Operations {
				numbers = append(numbers, met...)
			}
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// title returns the title of a row: an operation, or a parameter of one.
func title(subject string) string {
	op, param, named := strings.Cut(subject, " ")
	if named {
		return "`" + op + "` with `" + param + "`"
	}
	return "`" + op + "`"
}

func client(version zaqar.Version, subject string) string {
	if !has(version, subject) {
		return "unsupported"
	}
	return "passes"
}

// cell returns a server's result for a row.
func (c column) cell(subject string, places map[int]string) (string, error) {
	numbers, used := c.Operations[subject]
	if _, behind := c.behind[subject]; behind && !c.NotServed {
		return "not set up", nil
	}
	if !used {
		return "–", nil
	}
	text := "passes"
	if slices.Contains(c.Unprovable, subject) {
		text = "not on this store"
	}
	for i, number := range numbers {
		if places[number] == "" {
			return "", fmt.Errorf("quirk %d is not in server-quirks.md", number)
		}
		text += ", "
		if i == 0 {
			text += "quirk "
		}
		text += fmt.Sprintf("[%d]", number)
	}
	return text, nil
}
