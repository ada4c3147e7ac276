package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// line is one line of a child's journal.
type line struct {
	at    int64 // milliseconds
	child int
	words []string
}

// read reads the journals of all children, in order of time.
func read(paths []string) ([]line, error) {
	var lines []line
	for child, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		scan := bufio.NewScanner(file)
		scan.Buffer(nil, 1<<20)
		for scan.Scan() {
			words := strings.Fields(scan.Text())
			if len(words) < 2 {
				continue // cut off by a SIGKILL
			}
			at, err := strconv.ParseInt(words[0], 10, 64)
			if err != nil {
				continue
			}
			lines = append(lines, line{at, child, words[1:]})
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return int(a.at - b.at) })
	return lines, nil
}

// tally is the summary of the journals.
type tally struct {
	counts map[string]int
	done   map[string][]line // by number
	begun  map[string]int
	kills  []killReport
}

// killReport is what the kill of a child left behind: messages that it had handled, and was not
// told that they are deleted. Only these may be handled again because of it.
type killReport struct{ child, handled, again int }

// count summarizes the journals. killed are the children that were killed.
func count(lines []line, killed map[int]bool) *tally {
	t := &tally{counts: map[string]int{}, done: map[string][]line{}, begun: map[string]int{}}
	lost := map[string]bool{}     // by child and message
	beganAt := map[string]int64{} // by child and number: when the last handler began
	last := map[int]int64{}       // by child: when it wrote its last line
	// by child: what it has handled, and was not told that it is deleted
	pending := map[int]map[string]bool{}
	for _, l := range lines {
		kind := l.words[0]
		last[l.child] = l.at
		t.counts[kind]++
		switch kind {
		case "begun":
			t.begun[l.words[1]]++
			beganAt[fmt.Sprint(l.child, " ", l.words[1])] = l.at
		case "done":
			t.done[l.words[1]] = append(t.done[l.words[1]], l)
			if pending[l.child] == nil {
				pending[l.child] = map[string]bool{}
			}
			pending[l.child][l.words[2]] = true
		case "deleted":
			delete(pending[l.child], l.words[1])
		case "duplicate":
			if l.words[2] == "true" {
				t.counts["duplicate of a finished message"]++
			} else {
				t.counts["stolen within the process"]++
			}
		case "lost":
			if l.words[2] == "claim" {
				t.counts["claim lost"]++
			} else {
				t.counts["message lost"]++
				lost[fmt.Sprint(l.child, l.words[2])] = true
			}
		case "claimed":
			n, _ := strconv.Atoi(l.words[2])
			t.counts["messages claimed"] += n
			t.counts["largest claim"] = max(t.counts["largest claim"], n)
		case "token":
			if l.words[1] == "true" {
				t.counts["token refused"]++
			}
		}
	}
	again := map[int]int{} // by child: handled again because of its kill
	for number, done := range t.done {
		for i := 1; i < len(done); i++ {
			before := done[i-1]
			switch {
			case lost[fmt.Sprint(before.child, before.words[2])]:
				t.counts["handled twice: the claim was lost"]++
			case before.child != done[i].child && pending[before.child][before.words[2]] && killed[before.child] &&
				beganAt[fmt.Sprint(done[i].child, " ", number)] > last[before.child]:
				t.counts["handled twice: the process was killed before the deletion"]++
				again[before.child]++
			case before.child != done[i].child:
				t.counts["handled twice: a claim of another process stole it"]++
			default:
				t.counts["handled twice: unexplained"]++
			}
		}
	}
	for _, child := range slices.Sorted(maps.Keys(killed)) {
		t.kills = append(t.kills, killReport{child, len(pending[child]), again[child]})
		t.counts["handled and not yet deleted at a kill"] += len(pending[child])
	}
	for _, n := range t.begun {
		t.counts["begun more than once"] += n - 1
	}
	return t
}

// print prints the table, and reports whether the result is correct.
func (t *tally) print(out io.Writer, o options, left, dead int) bool {
	lost := o.messages - len(t.done)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, value any) { fmt.Fprintf(w, "| %s\t| %v\t|\n", name, value) }
	row("messages posted", o.messages)
	row("handled", len(t.done))
	row("lost", lost)
	row("left in the queue", left)
	row("dead letters", dead)
	for _, name := range []string{
		"begun", "begun more than once", "failed", "panicked", "deleted",
		"handled and not yet deleted at a kill",
		"handled twice: the process was killed before the deletion", "handled twice: the claim was lost",
		"handled twice: a claim of another process stole it", "handled twice: unexplained",
		"claimed", "messages claimed", "largest claim", "renewed", "renewal-failed", "released", "claim-failed", "claim lost", "message lost", "cut-off",
		"stolen within the process", "duplicate of a finished message", "token", "token refused", "dead-lettered",
	} {
		row(name, t.counts[name])
	}
	_ = w.Flush()
	for _, k := range t.kills {
		fmt.Fprintf(out, "process %d was killed with %d messages handled and not yet deleted; %d of them were handled again\n", k.child, k.handled, k.again)
	}
	return lost == 0 && left == 0 && dead == 0 && t.counts["handled twice: unexplained"] == 0
}
