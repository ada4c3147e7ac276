// Command consumer tests a Consumer with crashes, on a real Zaqar 23 with a Redis that
// writes to disk before it answers, or with MongoDB's driver on FerretDB. Handlers fail, panic, or take longer than a claim
// lasts; tokens live for 15 seconds; the consumer's process and Zaqar are killed with
// SIGKILL. It prints a table of what happened to the messages, and fails if one was
// lost.
//
//	make real-up
//	cd integration && GOWORK=off go run ./consumer -claim-size 1
//	cd integration && GOWORK=off go run ./consumer -claim-size 20
//	cd integration && GOWORK=off go run ./consumer -claim-size adaptive
//	cd integration && GOWORK=off go run ./consumer -claim-size 20 -processes 3
//	cd integration && GOWORK=off go run ./consumer -store mongodb
//
// With these handlers adaptive claims stay at one nearly always. To have them grow:
//
//	cd integration && GOWORK=off go run ./consumer -claim-size adaptive -messages 30000 -failing 0 -slow 0 -work 0
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/integration"
	"github.com/zaqar-go/zaqar/integration/internal/process"
)

type options struct {
	messages, workers        int
	claimSize                claimSize
	slow, processes, backlog int
	failing                  int
	work                     time.Duration
	policy                   zaqar.FailurePolicy
	limit                    time.Duration
	portBase                 int
	store, scripts           string

	child, queue, journal, endpoint, keystone string
	user, password, project                   string
}

// claimSize is the value of ConsumerConfig.ClaimSize.
type claimSize int

// String returns the number, or "adaptive".
func (s *claimSize) String() string {
	if *s == zaqar.Adaptive {
		return "adaptive"
	}
	return strconv.Itoa(int(*s))
}

// Set takes a number, or "adaptive".
func (s *claimSize) Set(text string) error {
	if text == "adaptive" {
		*s = zaqar.Adaptive
		return nil
	}
	n, err := strconv.Atoi(text)
	*s = claimSize(n)
	return err
}

func main() {
	var o options
	flag.IntVar(&o.messages, "messages", 5000, "number of messages")
	flag.IntVar(&o.workers, "workers", 8, "number of workers of each process")
	flag.IntVar(&o.processes, "processes", 1, "number of consumer processes")
	o.claimSize = 1
	flag.Var(&o.claimSize, "claim-size", "number of messages in a claim, or adaptive")
	flag.IntVar(&o.slow, "slow", 12, "number of messages that take longer than their claim")
	flag.IntVar(&o.failing, "failing", 5, "percentage of messages that fail on their first attempt; if it is not 0, 1 % panic")
	flag.DurationVar(&o.work, "work", 60*time.Millisecond, "longest time that another handler takes")
	flag.IntVar((*int)(&o.policy), "policy", 0, "failure policy: 0 the default, 1 GiveBack, 2 RetryHere, 3 LetExpire")
	flag.DurationVar(&o.limit, "limit", 20*time.Minute, "time limit")
	flag.IntVar(&o.backlog, "backlog", 5000, "number of messages to post ahead of what has been handled")
	flag.IntVar(&o.portBase, "ports", 18960, "first of three ports")
	flag.StringVar(&o.store, "store", "redis", "redis or mongodb")
	flag.StringVar(&o.scripts, "servers", "servers", "path of the folder integration/servers")
	flag.StringVar(&o.child, "child", "", "run as a consumer process with this journal")
	flag.StringVar(&o.queue, "queue", "soak", "name of the queue")
	flag.StringVar(&o.endpoint, "endpoint", "", "Zaqar's URL, for a consumer process")
	flag.Parse()
	if err := o.find(); err != nil {
		log.Fatal(err)
	}
	if o.child != "" {
		o.journal = o.child
		if err := consume(o); err != nil {
			log.Fatal(err)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := soak(ctx, o); err != nil {
		log.Fatal(err)
	}
}

// find reads the settings of the real servers.
func (o *options) find() error {
	real, err := integration.Find()
	if err != nil {
		return err
	}
	for key, value := range map[string]*string{
		"ZAQAR_REAL_KEYSTONE_SHORT_URL": &o.keystone, "ZAQAR_REAL_USERNAME": &o.user,
		"ZAQAR_REAL_PASSWORD": &o.password, "ZAQAR_REAL_PROJECT": &o.project,
	} {
		if *value, err = real.Need(key); err != nil {
			return err
		}
	}
	return nil
}

// soak posts, consumes, kills processes and counts.
func soak(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "zaqar-soak-")
	if err != nil {
		return err
	}
	s := &servers{dir: dir, storePort: o.portBase, zaqarPort: o.portBase + 1, mongodb: o.store == "mongodb"}
	defer s.stop()
	if err := s.prepare(ctx, o.scripts); err != nil {
		return err
	}
	if err := errors.Join(s.startStore(ctx), s.startZaqar(ctx), s.startPoster(ctx)); err != nil {
		return err
	}
	o.endpoint = s.url()
	client, err := connect(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	started := time.Now()
	t := &crashTest{options: o, servers: s, client: client, dir: dir}
	posted := make(chan error, 1)
	first := make(chan struct{})
	go func() { posted <- t.post(ctx, first) }()
	select {
	case <-first:
	case err := <-posted:
		return err
	}
	failed := t.run(ctx)
	if failed != nil {
		cancel()
	}
	if err := errors.Join(failed, <-posted); err != nil {
		return err
	}
	left, err := t.left(ctx)
	if err != nil {
		return err
	}
	dead, err := zaqar.Collect(client.Queue(o.queue + "-dead").Messages(ctx))
	if err != nil {
		return err
	}
	lines, err := read(t.journals)
	if err != nil {
		return err
	}
	policy := "the default policy"
	if o.policy != 0 {
		policy = o.policy.String()
	}
	fmt.Printf("%s; %d messages, at most about %d in the queue, processes: %d of %d workers, claim size %s, %s\n",
		s.describe(), o.messages, min(o.backlog, o.messages), o.processes, o.workers, o.claimSize.String(), policy)
	fmt.Printf("%d %% of the handlers fail at first, %d are slow, the others take up to %v\n", o.failing, o.slow, o.work)
	fmt.Printf("a consumer was killed %d times, Zaqar %d times; it took %v; journals in %s\n",
		len(t.killed), t.crashed, time.Since(started).Round(time.Second), dir)
	if !count(lines, t.killed).print(os.Stdout, o, left, len(dead)) {
		return errors.New("messages are lost or left, or were handled twice without an explanation: see the table")
	}
	return nil
}

// post posts the jobs, and closes first when the backlog is there.
func (t *crashTest) post(ctx context.Context, first chan struct{}) error {
	o := t.options
	o.endpoint = t.servers.posterURL()
	client, err := connect(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	begun := sync.OnceFunc(func() { close(first) })
	var batch []any
	for n := range o.messages {
		if len(batch) == 0 && n >= o.backlog {
			begun()
			if err := t.until(ctx, n-o.backlog+1); err != nil {
				return err
			}
		}
		j := job{N: n, Work: time.Duration(n%7) * o.work / 6}
		switch {
		case o.slow > 0 && n%(o.messages/o.slow) == o.messages/o.slow/2:
			j.Kind, j.Work = "slow", time.Duration(65+n%30)*time.Second
		case n*o.failing%100 < o.failing:
			j.Kind = "fails"
		case o.failing > 0 && n%100 == 50:
			j.Kind = "panics"
		}
		batch = append(batch, zaqar.Outgoing{Body: j, TTL: 24 * time.Hour})
		if len(batch) == min(100, max(1, o.backlog/2)) || n == o.messages-1 {
			if _, err := client.Queue(o.queue).Post(ctx, batch...); err != nil {
				return err
			}
			batch = nil
		}
	}
	begun()
	return nil
}

// crashTest runs the consumer processes, and kills them and Zaqar.
type crashTest struct {
	options
	servers *servers
	client  *zaqar.Client
	dir     string

	running  []*worker  // oldest first
	mu       sync.Mutex // guards journals
	journals []string
	killed   map[int]bool // processes, by number
	crashed  int          // how often Zaqar was killed
}

// worker is a consumer process, with the number of its journal.
type worker struct {
	number  int
	command *exec.Cmd
}

// crash is a process to kill once this percentage of the messages has been handled.
type crash struct {
	percent int
	zaqar   bool
}

var crashes = []crash{{15, false}, {30, true}, {45, false}, {60, true}, {75, false}}

func (t *crashTest) run(ctx context.Context) error {
	t.killed = map[int]bool{}
	for range t.processes {
		if err := t.begin(ctx); err != nil {
			return err
		}
	}
	for _, b := range crashes {
		if err := t.until(ctx, b.percent*t.messages/100); err != nil {
			return err
		}
		if b.zaqar {
			t.crashed++
			log.Printf("%d%% handled: killing Zaqar", b.percent)
			if err := t.servers.crashZaqar(ctx, 5*time.Second); err != nil {
				return err
			}
			continue
		}
		oldest := t.running[0]
		t.running, t.killed[oldest.number] = t.running[1:], true
		log.Printf("%d%% handled: killing a consumer", b.percent)
		if err := oldest.command.Process.Kill(); err != nil {
			return err
		}
		_ = oldest.command.Wait()
		if err := t.begin(ctx); err != nil {
			return err
		}
	}
	if err := t.until(ctx, t.messages); err != nil {
		return err
	}
	// Messages that a killed process had handled but not deleted are handled again.
	for {
		left, err := t.left(ctx)
		if err != nil || left == 0 {
			return errors.Join(err, t.end())
		}
		if !process.Pause(ctx, time.Second) {
			return fmt.Errorf("%d messages are left: %w", left, context.Cause(ctx))
		}
	}
}

func (t *crashTest) end() error {
	var failed error
	for _, p := range t.running {
		failed = errors.Join(failed, p.command.Process.Signal(syscall.SIGTERM), p.command.Wait())
	}
	return failed
}

// begin starts a consumer process.
func (t *crashTest) begin(ctx context.Context) error {
	p := &worker{number: len(t.journals)} // nobody else appends
	journal := filepath.Join(t.dir, fmt.Sprintf("journal-%d", p.number))
	p.command = exec.CommandContext(ctx, os.Args[0], "-child", journal, "-queue", t.queue, "-endpoint", t.endpoint,
		"-workers", fmt.Sprint(t.workers), "-claim-size", t.claimSize.String(), "-policy", fmt.Sprint(int(t.policy)))
	p.command.Stdout, p.command.Stderr = os.Stdout, os.Stderr
	t.running = append(t.running, p)
	t.mu.Lock()
	t.journals = append(t.journals, journal)
	t.mu.Unlock()
	return p.command.Start()
}

// until waits until n messages have been handled.
func (t *crashTest) until(ctx context.Context, n int) error {
	for {
		handled := t.handled()
		if handled >= n {
			return nil
		}
		if !process.Pause(ctx, 500*time.Millisecond) {
			return fmt.Errorf("%d of %d messages were handled: %w", handled, t.messages, context.Cause(ctx))
		}
	}
}

// handled counts the messages whose handlers returned without an error.
func (t *crashTest) handled() int {
	t.mu.Lock()
	journals := slices.Clone(t.journals)
	t.mu.Unlock()
	done := map[string]bool{}
	for _, path := range journals {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the process has not created it yet
		}
		for l := range bytes.Lines(text) {
			if words := bytes.Fields(l); len(words) > 3 && string(words[1]) == "done" {
				done[string(words[3])] = true
			}
		}
	}
	return len(done)
}

// left counts the messages in the queue, claimed or not.
func (t *crashTest) left(ctx context.Context) (int, error) {
	all, err := zaqar.Collect(t.client.Queue(t.queue).Messages(ctx, zaqar.IncludeClaimed(true)))
	return len(all), err
}
