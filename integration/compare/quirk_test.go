package compare

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// quirk is a row of the table of differences that are meant.
type quirk struct {
	number   int    // in docs/server-quirks.md
	scenario string // its purpose
	request  string // its first line, as written; "" for every request
	versions string // in which it shows; "" for all of the scenario's
	says     string // a regular expression that every line of the difference matches
	reason   string
}

// quirks is the table. A row that explains nothing any more is an error.
var quirks = []quirk{}

// book keeps which rows were used, and in which versions.
type book struct{ used map[int]map[string]bool }

// explain finds the row for a difference.
func (b *book) explain(s scenario, r request, version string, lines []string) (quirk, bool) {
	for i, row := range quirks {
		if row.scenario != s.purpose || row.request != "" && row.request != r.String() ||
			row.versions != "" && !slices.Contains(strings.Fields(row.versions), version) {
			continue
		}
		says := regexp.MustCompile("^(?:" + row.says + ")$")
		if slices.ContainsFunc(lines, func(line string) bool { return !says.MatchString(line) }) {
			continue
		}
		if b.used[i] == nil {
			b.used[i] = map[string]bool{}
		}
		b.used[i][version] = true
		return row, true
	}
	return quirk{}, false
}

// check complains of rows that explained nothing.
func (b *book) check(t *testing.T) {
	t.Helper()
	for i, row := range quirks {
		if b.used[i] == nil {
			t.Errorf("quirk %d does not show any more: %s, %s", row.number, row.scenario, row.request)
		}
		for version := range strings.FieldsSeq(row.versions) {
			if b.used[i] != nil && !b.used[i][version] {
				t.Errorf("quirk %d does not show in %s any more: %s, %s", row.number, version, row.scenario, row.request)
			}
		}
	}
}
