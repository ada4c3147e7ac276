package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// results are those of all servers.
type results struct {
	Runs []series `json:"runs"`
}

// series is what was measured on one server.
type series struct {
	Name  string     `json:"name"`
	Where string     `json:"where"` // the machine of the clients
	Tasks []measured `json:"tasks"`
}

// here describes this machine, as far as figures depend on it.
func here() string {
	return fmt.Sprintf("%s, %s/%s, %d processors", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

// add adds what was measured on a server, in place of what was measured before.
func (r *results) add(name string, m measured) {
	i := slices.IndexFunc(r.Runs, func(one series) bool { return one.Name == name })
	if i < 0 {
		i, r.Runs = len(r.Runs), append(r.Runs, series{Name: name})
	}
	one := &r.Runs[i]
	one.Where = here()
	if j := slices.IndexFunc(one.Tasks, func(other measured) bool { return other.Name == m.Name }); j >= 0 {
		one.Tasks[j] = m
		return
	}
	one.Tasks = append(one.Tasks, m)
}

type measured struct {
	Name   string         `json:"name"`
	Unit   string         `json:"unit"`
	N      int            `json:"n"`
	Rounds int            `json:"rounds"`
	Sides  []measuredSide `json:"sides"`
}

type measuredSide struct {
	Name    string   `json:"name"`
	Reports []report `json:"reports"`
}

// median returns the median of a figure over all rounds.
func (s measuredSide) median(figure func(report) float64) float64 {
	var all []float64
	for _, r := range s.Reports {
		all = append(all, figure(r))
	}
	return median(all)
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	mid := len(all) / 2
	if len(all)%2 == 0 {
		return (all[mid-1] + all[mid]) / 2
	}
	return all[mid]
}

func rate(r report) float64     { return float64(r.Ops) / r.Wall }
func cpuPerOp(r report) float64 { return r.CPU / float64(r.Ops) * 1e6 }
func allocs(r report) float64   { return r.Allocs }
func rss(r report) float64      { return r.RSS }
func p50(r report) float64      { return r.P50 * 1e3 }
func p99(r report) float64      { return r.P99 * 1e3 }
func heap(r report) float64     { return r.Heap }

func requestsPerMinute(r report) float64 { return r.Requests }

// cpuPerMinute returns the milliseconds of CPU time in a minute of waiting.
func cpuPerMinute(r report) float64 {
	if r.Requests == 0 {
		return 0
	}
	return r.CPU / r.Wall * 60 * 1e3
}

// ratio returns the median of the ratios to another side in the same rounds, so that
// what disturbs a round hits both.
func (s measuredSide) ratio(to measuredSide, figure func(report) float64) float64 {
	var ratios []float64
	for i := range min(len(s.Reports), len(to.Reports)) {
		ratios = append(ratios, figure(s.Reports[i])/figure(to.Reports[i]))
	}
	return median(ratios)
}

// columns are the figures of a table. Those that are not always there are left out where
// no side has them.
var columns = []struct {
	title  string
	figure func(report) float64
	format string
	ratio  bool // the ratio to the first side follows
	always bool
}{
	{"%s/s", rate, "%.0f", true, true},
	{"CPU µs each", cpuPerOp, "%.0f", true, true},
	{"allocations each", allocs, "%.0f", false, true},
	{"memory MiB", rss, "%.0f", false, true},
	{"heap MiB", heap, "%.1f", false, false},
	{"p50 ms", p50, "%.2f", false, false},
	{"p99 ms", p99, "%.2f", false, false},
	{"requests a minute", requestsPerMinute, "%.0f", false, false},
	{"CPU ms a minute", cpuPerMinute, "%.0f", false, false},
}

// print prints a table in Markdown.
func (m measured) print(w io.Writer) {
	fmt.Fprintf(w, "### %s: %d %s, medians of %d rounds\n\n", m.Name, m.N, m.Unit, m.Rounds)
	head, line := "| side |", "|---|"
	lines := make([]string, len(m.Sides))
	for i, s := range m.Sides {
		lines[i] = "| " + s.Name + " |"
	}
	for _, c := range columns {
		if !c.always && !slices.ContainsFunc(m.Sides, func(s measuredSide) bool { return s.median(c.figure) > 0 }) {
			continue
		}
		head += " " + strings.ReplaceAll(c.title, "%s", m.Unit) + " |"
		line += "---:|"
		if c.ratio {
			head, line = head+" × |", line+"---:|"
		}
		for i, s := range m.Sides {
			figure := "–"
			if value := s.median(c.figure); value > 0 {
				figure = fmt.Sprintf(c.format, value)
			}
			lines[i] += " " + figure + " |"
			if c.ratio {
				lines[i] += fmt.Sprintf(" %.2f |", s.ratio(m.Sides[0], c.figure))
			}
		}
	}
	fmt.Fprintf(w, "%s\n%s\n%s\n\n", head, line, strings.Join(lines, "\n"))
}

// printFile prints the tables of a file of results.
func printFile(w io.Writer, file string) error {
	r, err := read(file)
	if err != nil {
		return err
	}
	for _, one := range r.Runs {
		fmt.Fprintf(w, "## On %s\n\n%s.\n\n", one.Name, one.Where)
		for _, m := range one.Tasks {
			m.print(w)
		}
	}
	return nil
}

func (r results) save(file string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	// A line for each side.
	data = bytes.ReplaceAll(data, []byte(`{"name":`), []byte("\n{\"name\":"))
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

// read reads a file that save wrote.
func read(file string) (r results, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(data, &r)
}
