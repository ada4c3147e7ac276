package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
	"github.com/zaqar-go/zaqar/conformance"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// server is a column of the table.
type server struct{ name, title string }

var servers = []server{
	{"embedded", "embedded"},
	{"zaqar-15", "real 15"},
	{"zaqar-23", "real 23"},
	{"zaqar-15-mongodb", "15, MongoDB's driver (on FerretDB)"},
	{"zaqar-23-mongodb", "23, MongoDB's driver (on FerretDB)"},
}

var versions = []zaqar.Version{zaqar.V2, zaqar.V1_1, zaqar.V1}

// column contains the results of one server with one version, including those of its
// features.
type column struct {
	server
	conformance.Results
	// tried are the features that the server was set up with.
	tried map[conformance.Feature]bool
	// behind maps operations to features that the server was not set up with.
	behind map[string]conformance.Feature
}

// load reads the results of all servers for a version. A server without results and an
// operation without cases are errors: the table has no empty cells.
func load(docs string, version zaqar.Version) ([]column, error) {
	var columns []column
	// The embedded server, which comes first, has every feature.
	behind := map[string]conformance.Feature{}
	for _, s := range servers {
		c := column{server: s, tried: map[conformance.Feature]bool{}, behind: map[string]conformance.Feature{}}
		common, err := read(docs, s.name, "", version)
		if err != nil {
			return nil, fmt.Errorf("the suite has no results of it: %w", err)
		}
		c.Results = common
		for _, feature := range conformance.Features {
			special, err := read(docs, s.name, feature, version)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			c.join(feature, special, behind)
		}
		for op, feature := range behind {
			if _, used := c.Operations[op]; !used && !c.tried[feature] {
				c.behind[op] = feature
			}
		}
		if err := c.check(version); err != nil {
			return nil, fmt.Errorf("%s by %s: %w", s.name, version, err)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// read reads the results of one server.
func read(docs, server string, feature conformance.Feature, version zaqar.Version) (conformance.Results, error) {
	var r conformance.Results
	name := conformance.FileName(server, feature, version)
	data, err := os.ReadFile(filepath.Join(docs, "coverage", name))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	if r.Server != server || r.Version != version || r.Feature != feature {
		return r, fmt.Errorf("%s: it is about %s by %s", name, r.Server, r.Version)
	}
	return r, nil
}

// join adds the results of a feature. behind records the operations that are known only
// from a feature.
func (c *column) join(feature conformance.Feature, r conformance.Results, behind map[string]conformance.Feature) {
	c.tried[feature] = true
	for subject, numbers := range r.Operations {
		known, used := c.Operations[subject]
		if !used && c.name == servers[0].name {
			behind[subject] = feature
		}
		both := append(slices.Clone(known), numbers...)
		slices.Sort(both)
		c.Operations[subject] = slices.Compact(both)
	}
	c.Unprovable = append(c.Unprovable, r.Unprovable...)
}

// check refuses results about operations that are not in the tables.
func (c column) check(version zaqar.Version) error {
	for subject := range c.Operations {
		if !has(version, subject) {
			return fmt.Errorf("API %s has no %s", version, subject)
		}
	}
	for _, op := range operations(version) {
		_, used := c.Operations[op]
		if _, behind := c.behind[op]; !used && !behind && !c.NotServed {
			return fmt.Errorf("no case of the suite uses %s with success", op)
		}
	}
	return nil
}

// operations returns all operations of the library in a version.
func operations(version zaqar.Version) []string {
	ops := admin.Operations(version)
	for _, op := range wire.Ops(wire.Version(version)) {
		ops = append(ops, string(op))
	}
	return ops
}

// has reports whether the client supports a subject in a version. A subject is an
// operation, or a parameter of one ("queue_list name").
func has(version zaqar.Version, subject string) bool {
	op, param, named := strings.Cut(subject, " ")
	if named {
		return wire.Takes(wire.Version(version), wire.Op(op), param)
	}
	return version.Supports(op) || admin.Supports(version, op)
}

// subjects returns the rows: the subjects of all versions, by noun and name.
func subjects(all map[zaqar.Version][]column) []string {
	var rows []string
	for version, columns := range all {
		rows = append(rows, operations(version)...)
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

// rank returns the position of an operation's noun: the service, queues, messages,
// claims, and then the rest.
func rank(subject string) string {
	noun, _, qualified := strings.Cut(subject, "_")
	order := []string{"", "queue", "message", "claim", "subscription", "pool", "flavor", "topic"}
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
