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

	Heap     float64 `json:"heap,omitempty"`     // MiB in use at most, where a task measures it
	Requests float64 `json:"requests,omitempty"` // a minute, likewise
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
	startClock()
	ops, err := do(ctx, w)
	if err != nil {
		return err
	}
	if reported.Wall == 0 {
		stopClock()
	}
	if ops != w.n {
		return fmt.Errorf("%s did %d of %d", name, ops, w.n)
	}
	reported.Ops = ops
	reported.Allocs /= float64(ops)
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	reported.RSS = float64(usage.Maxrss) / 1024
	return json.NewEncoder(os.Stdout).Encode(reported)
}

// begun is when the clock was started.
var begun struct {
	at     time.Time
	cpu    float64
	allocs uint64
}

// startClock starts to measure. A side that has to prepare something calls it again.
func startClock() {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	begun.allocs, begun.cpu, begun.at = stats.Mallocs, cpu(), time.Now()
}

// stopClock ends the measuring. A side that has to tidy up calls it before.
func stopClock() {
	var stats runtime.MemStats
	reported.Wall, reported.CPU = time.Since(begun.at).Seconds(), cpu()-begun.cpu
	runtime.ReadMemStats(&stats)
	reported.Allocs = float64(stats.Mallocs - begun.allocs)
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
func (t task) measure(ctx context.Context, on address, python string, rounds int, scale float64) (measured, error) {
	m := measured{Name: t.name, Unit: t.unit, N: max(20, int(float64(t.n)*scale)/20*20), Rounds: rounds}
	for _, s := range t.sides {
		if (s.work != nil || python != "") && (on.Socket != "" || !s.needsSocket()) {
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
			w := where{url: on.URL, socket: on.Socket, counter: on.Counter, queue: fmt.Sprintf("bench-%d-%d", time.Now().UnixNano(), m.N), n: m.N}
			if err := prepare(ctx, t, w); err != nil {
				return m, fmt.Errorf("prepare the queue: %w", err)
			}
			argv := []string{
				program, "-side", s.Name, "-task", t.name, "-url", w.url, "-queue", w.queue, "-n", strconv.Itoa(w.n),
				"-socket", w.socket, "-counter", w.counter,
			}
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
