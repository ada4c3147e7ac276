package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// report is what a side's process prints.
type report struct {
	Ops    int     `json:"ops"`
	Wall   float64 `json:"wall"`   // seconds
	CPU    float64 `json:"cpu"`    // seconds, user and system
	Allocs float64 `json:"allocs"` // for each operation; 0 is unknown
	RSS    float64 `json:"rss"`    // MiB at most
	P50    float64 `json:"p50"`    // seconds, where a task measures latency
	P99    float64 `json:"p99"`
}

// reported is what the side of this process adds to its report.
var reported report

// runSide is the process of one side. What it does before the clock starts, starting up
// and compiling nothing, is not measured.
func runSide(ctx context.Context, name, taskName string, w where) error {
	do := find(taskName, name)
	if do == nil {
		return fmt.Errorf("there is no side %q of %q", name, taskName)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	startCPU, start := cpu(), time.Now()
	ops, err := do(ctx, w)
	if err != nil {
		return err
	}
	reported.Wall, reported.CPU = time.Since(start).Seconds(), cpu()-startCPU
	runtime.ReadMemStats(&after)
	if ops != w.n {
		return fmt.Errorf("%s did %d of %d", name, ops, w.n)
	}
	reported.Ops = ops
	reported.Allocs = float64(after.Mallocs-before.Mallocs) / float64(ops)
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	reported.RSS = float64(usage.Maxrss) / 1024
	return json.NewEncoder(os.Stdout).Encode(reported)
}

// cpu returns the CPU time of this process.
func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

//go:embed peer.py
var pythonPeer string

// measure runs all sides of a task, in turns.
func (t task) measure(ctx context.Context, url, python string, rounds int, scale float64) (measured, error) {
	m := measured{Name: t.name, Unit: t.unit, N: max(20, int(float64(t.n)*scale)/20*20), Rounds: rounds}
	for _, s := range t.sides {
		if s.work != nil || python != "" {
			m.Sides = append(m.Sides, measuredSide{Name: s.name})
		}
	}
	program, err := os.Executable()
	if err != nil {
		return m, err
	}
	for round := range rounds {
		for i := range m.Sides {
			s := &m.Sides[(i+round)%len(m.Sides)] // another one begins each round
			w := where{url: url, queue: fmt.Sprintf("bench-%d", time.Now().UnixNano()), n: m.N}
			if err := prepare(ctx, t, w); err != nil {
				return m, fmt.Errorf("prepare the queue: %w", err)
			}
			argv := []string{program, "-side", s.Name, "-task", t.name, "-url", w.url, "-queue", w.queue, "-n", strconv.Itoa(w.n)}
			if s.Name == pythonSide {
				argv = []string{python, "-W", "ignore", "-c", pythonPeer, t.name, w.url, w.queue, strconv.Itoa(w.n)}
			}
			r, err := runProcess(ctx, argv)
			if err != nil {
				return m, fmt.Errorf("%s: %w", s.Name, err)
			}
			s.Reports = append(s.Reports, r)
			fmt.Fprintf(os.Stderr, "\r\x1b[K%s: round %d of %d, %s", t.name, round+1, rounds, s.Name)
			if err := newBare(w).remove(ctx); err != nil {
				return m, err
			}
		}
	}
	fmt.Fprint(os.Stderr, "\r\x1b[K")
	return m, nil
}

func runProcess(ctx context.Context, argv []string) (r report, err error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	data, err := cmd.Output()
	if ctx.Err() != nil {
		return r, errors.New("interrupted")
	}
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(data, &r)
}

// prepare creates the queue, and fills it if the task wants that.
func prepare(ctx context.Context, t task, w where) error {
	b := newBare(w)
	defer b.http.CloseIdleConnections()
	if _, err := b.call(ctx, "PUT", "", map[string]any{}, nil); err != nil {
		return err
	}
	if !t.filled {
		return nil
	}
	return inBatches(w.n, 80, func(from, to int) error { return b.post(ctx, from, to) })
}

func (b *bare) remove(ctx context.Context) error {
	defer b.http.CloseIdleConnections()
	_, err := b.call(ctx, "DELETE", "", nil, nil)
	return err
}
