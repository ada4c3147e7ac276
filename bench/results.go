package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
)

// results are those of one run.
type results struct {
	Server string     `json:"server"`
	Tasks  []measured `json:"tasks"`
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

// ratio returns the median of the ratios to another side in the same rounds, so that
// what disturbs a round hits both.
func (s measuredSide) ratio(to measuredSide, figure func(report) float64) float64 {
	var ratios []float64
	for i := range min(len(s.Reports), len(to.Reports)) {
		ratios = append(ratios, figure(s.Reports[i])/figure(to.Reports[i]))
	}
	return median(ratios)
}

// print prints a table in Markdown.
func (m measured) print(w io.Writer) {
	fmt.Fprintf(w, "### %s: %d %s, medians of %d rounds\n\n", m.Name, m.N, m.Unit, m.Rounds)
	fmt.Fprintf(w, "| side | %s/s | × | CPU µs each | × | allocations each | memory MiB |", m.Unit)
	latency := m.Sides[0].median(p50) > 0
	if latency {
		fmt.Fprint(w, " p50 ms | p99 ms |")
	}
	fmt.Fprint(w, "\n|---|---:|---:|---:|---:|---:|---:|")
	if latency {
		fmt.Fprint(w, "---:|---:|")
	}
	fmt.Fprintln(w)
	for _, s := range m.Sides {
		base := m.Sides[0]
		allocations := "–"
		if a := s.median(allocs); a > 0 {
			allocations = fmt.Sprintf("%.0f", a)
		}
		fmt.Fprintf(w, "| %s | %.0f | %.2f | %.0f | %.2f | %s | %.0f |", s.Name,
			s.median(rate), s.ratio(base, rate), s.median(cpuPerOp), s.ratio(base, cpuPerOp), allocations, s.median(rss))
		if latency {
			fmt.Fprintf(w, " %.1f | %.1f |", s.median(p50), s.median(p99))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

func (r results) save(file string) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

func read(file string) (r results, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(data, &r)
}
