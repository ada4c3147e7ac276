package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/conformance"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// server is a column of the table.
type server struct{ name, title string }

var servers = []server{
	{"embedded", "embedded"},
	{"zaqar-15", "real 15"},
	{"zaqar-23", "real 23"},
}

var versions = []zaqar.Version{zaqar.V2, zaqar.V1_1, zaqar.V1}

// column is what is known of one server by one version.
type column struct {
	server
	conformance.Results
}

// load reads the results of all servers by a version. A server without results,
// and an operation that no case uses, are errors: the table has no empty cells.
func load(docs string, version zaqar.Version) ([]column, error) {
	var columns []column
	for _, s := range servers {
		name := conformance.FileName(s.name, version)
		data, err := os.ReadFile(filepath.Join(docs, "coverage", name))
		if err != nil {
			return nil, fmt.Errorf("the suite has no results of it: %w", err)
		}
		c := column{server: s}
		if err := json.Unmarshal(data, &c.Results); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := c.check(version); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// check finds results that are about something else than the tables.
func (c column) check(version zaqar.Version) error {
	if c.Server != c.name || c.Version != version {
		return fmt.Errorf("it is about %s by %s", c.Server, c.Version)
	}
	for subject := range c.Operations {
		if !has(version, subject) {
			return fmt.Errorf("API %s has no %s", version, subject)
		}
	}
	for _, op := range wire.Ops(wire.Version(version)) {
		if _, used := c.Operations[string(op)]; !used && !c.NotServed {
			return fmt.Errorf("no case of the suite uses %s with success", op)
		}
	}
	return nil
}

// has reports whether the client can do a subject by a version: an operation, or
// a parameter of one ("queue_list name").
func has(version zaqar.Version, subject string) bool {
	op, param, named := strings.Cut(subject, " ")
	if named {
		return wire.Takes(wire.Version(version), wire.Op(op), param)
	}
	return version.Supports(op)
}

// subjects are the rows: what any version has, by noun and name.
func subjects(all map[zaqar.Version][]column) []string {
	var rows []string
	for version, columns := range all {
		for _, op := range wire.Ops(wire.Version(version)) {
			rows = append(rows, string(op))
		}
		for _, c := range columns {
			for subject := range c.Operations {
				rows = append(rows, subject)
			}
		}
	}
	slices.SortFunc(rows, func(a, b string) int {
		return strings.Compare(rank(a)+a, rank(b)+b)
	})
	return slices.Compact(rows)
}

// rank is where an operation's noun comes: the service, queues, messages, claims,
// and what there is beside.
func rank(subject string) string {
	noun, _, qualified := strings.Cut(subject, "_")
	order := []string{"", "queue", "message", "claim", "subscription"}
	if !qualified {
		noun = ""
	}
	if at := slices.Index(order, noun); at >= 0 {
		return strconv.Itoa(at)
	}
	return strconv.Itoa(len(order))
}

var quirkHeading = regexp.MustCompile(`^## (\d+)\. (.*)$`)

// anchors are the places of the quirks in their page, by number.
func anchors(docs string) (map[int]string, error) {
	page, err := os.ReadFile(filepath.Join(docs, "server-quirks.md"))
	if err != nil {
		return nil, err
	}
	found := map[int]string{}
	for lines := bufio.NewScanner(bytes.NewReader(page)); lines.Scan(); {
		if heading := quirkHeading.FindStringSubmatch(lines.Text()); heading != nil {
			number, err := strconv.Atoi(heading[1])
			if err != nil {
				return nil, err
			}
			found[number] = anchor(heading[1] + ". " + heading[2])
		}
	}
	return found, nil
}

// anchor is the name that Markdown gives to a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(heading))
}
