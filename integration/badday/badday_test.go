// Package badday runs many of the days of internal/badday: on driven time, and with faults
// at random, a Publisher, Consumers and a Subscriber work together. It prints a table of
// all days, and fails if a promise was broken.
//
//	cd integration/badday && GOWORK=off go test -first 1 -days 500
package badday

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar/internal/badday" //nolint:depguard // the same days as in "go test work", and more of them
)

var (
	first = flag.Uint64("first", 11, "seed of the first day; the tests of the library run 1 to 10")
	days  = flag.Uint64("days", 20, "number of days")
)

func TestOnBadDaysNothingIsLostAndEachDuplicateHasAReason(t *testing.T) {
	var mu sync.Mutex
	var all []*badday.Day
	t.Run("days", func(t *testing.T) {
		for seed := *first; seed < *first+*days; seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				day := badday.Run(t, seed)
				mu.Lock()
				all = append(all, day)
				mu.Unlock()
				for _, v := range day.Violations {
					t.Error(v)
				}
				if t.Failed() {
					t.Logf("%+v", *day)
				}
			})
		}
	})
	fmt.Print(table(all))
}

// table sums up all days.
func table(all []*badday.Day) string {
	counts, faults, duplicates := map[string]int{}, map[string]int{}, map[string]int{}
	violations, broken := 0, 0
	for _, day := range all {
		add(counts, day.Counts)
		add(faults, day.Faults)
		add(duplicates, day.Duplicates)
		violations += len(day.Violations)
		broken += min(1, len(day.Violations))
	}
	var out strings.Builder
	row := func(name string, n int) { fmt.Fprintf(&out, "| %s | %d |\n", name, n) }
	part := func(title string, m map[string]int) {
		fmt.Fprintf(&out, "| **%s** | |\n", title)
		for _, name := range slices.Sorted(maps.Keys(m)) {
			row(name, m[name])
		}
	}
	fmt.Fprintf(&out, "\n| | |\n|---|---|\n")
	row("days", len(all))
	row("days with a broken promise", broken)
	row("broken promises", violations)
	part("what happened", counts)
	part("duplicates", duplicates)
	part("faults", faults)
	return out.String()
}

func add(to, from map[string]int) {
	for name, n := range from {
		to[name] += n
	}
}
