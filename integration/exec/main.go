//go:build unix

// Command exec tests "zaqar consume --exec" with signals: a consumer works on a queue, and
// is killed with SIGKILL, stopped with SIGTERM, and interrupted with SIGINT, in turns, and
// started again each time. Some commands fail on their first attempt, and some for good.
// The program prints what happened to the messages, and fails if one was lost.
//
//	cd integration && GOWORK=off go run ./exec -embedded
//	make real-up && cd integration && GOWORK=off go run ./exec
package main

import (
	"bufio"
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
	"strings"
	"syscall"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/integration"
	"github.com/zaqar-go/zaqar/zaqartest"
)

type options struct {
	messages, rounds, workers int
	embedded                  bool
}

func main() {
	var o options
	flag.IntVar(&o.messages, "messages", 2000, "number of messages")
	flag.IntVar(&o.rounds, "rounds", 12, "how often the consumer is ended by a signal")
	flag.IntVar(&o.workers, "workers", 8, "number of commands at the same time")
	flag.BoolVar(&o.embedded, "embedded", false, "use the embedded server, not the real Zaqar 23")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal(err)
	}
}

// claimTTL is the shortest that servers take: it is how long the messages of a consumer
// that was killed are out of reach.
const claimTTL = time.Minute

// work is what a command does: it fails once, fails for good, or says that it was done.
const work = `n=$(cat)
case $n in
*7) [ "$ZAQAR_ATTEMPT" -gt 1 ] || exit 1 ;;
*13) exit 65 ;;
esac
echo "$n"`

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "zaqar-exec-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	t := &crashTest{options: o, dir: dir, done: map[int]int{}}
	if err := t.find(); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "zaqar"), "./cmd/zaqar")
	build.Dir, build.Env, build.Stderr = "..", append(os.Environ(), "GOWORK="), os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the command line: %w", err)
	}
	client, err := zaqar.Connect(ctx, t.endpoint, zaqar.WithProject(project))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	suffix := strconv.FormatInt(time.Now().Unix(), 36)
	t.queue, t.dead = client.Queue("exec-"+suffix), client.Queue("exec-dead-"+suffix)
	for _, q := range []*zaqar.Queue{t.queue, t.dead} {
		if _, err := client.CreateQueue(ctx, q.Name()); err != nil {
			return err
		}
		defer func() { _ = q.Delete(context.WithoutCancel(ctx)) }()
	}
	for chunk := range slices.Chunk(numbers(o.messages), 50) {
		if _, err := t.queue.Post(ctx, chunk...); err != nil {
			return err
		}
	}
	started := time.Now()
	if err := errors.Join(t.disturb(ctx), t.finish(ctx)); err != nil {
		return err
	}
	return t.report(ctx, time.Since(started))
}

const project = "demo"

func numbers(n int) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = i
	}
	return all
}

type crashTest struct {
	options
	dir, endpoint string
	server        *zaqartest.Server // nil for a real one
	queue, dead   *zaqar.Queue
	done          map[int]int // how often each message was done
	runs          map[string]int
}

// find finds the server.
func (t *crashTest) find() error {
	t.runs = map[string]int{}
	if t.embedded {
		server, err := zaqartest.NewServer()
		if err == nil {
			err = server.Listen("127.0.0.1:0")
		}
		if err != nil {
			return err
		}
		t.server, t.endpoint = server, server.URL()
		return nil
	}
	real, err := integration.Find()
	if err != nil {
		return err
	}
	t.endpoint, err = real.Need("ZAQAR_REAL_Z23_URL")
	return err
}

// signals end the consumers in turns, with the exit code that each of them leads to.
var signals = []struct {
	signal syscall.Signal
	code   int
}{{syscall.SIGKILL, -1}, {syscall.SIGTERM, 0}, {syscall.SIGINT, 130}}

// disturb runs consumers and ends each of them with a signal after some messages.
func (t *crashTest) disturb(ctx context.Context) error {
	for round := range t.rounds {
		end := signals[round%len(signals)]
		code, err := t.consume(ctx, end.signal, (round+1)*t.messages/(t.rounds+2))
		if err != nil {
			return err
		}
		if code != end.code {
			return fmt.Errorf("round %d: after %v the exit code is %d, want %d", round, end.signal, code, end.code)
		}
		t.runs[end.signal.String()]++
		if t.server != nil && end.signal == syscall.SIGKILL {
			t.server.Advance(3 * claimTTL)
		}
	}
	return nil
}

// finish runs consumers until nothing is left, also what those that were killed had
// claimed.
func (t *crashTest) finish(ctx context.Context) error {
	for deadline := time.Now().Add(5 * claimTTL); time.Now().Before(deadline); {
		if code, err := t.consume(ctx, 0, 0); err != nil || code != 0 {
			return errors.Join(err, fmt.Errorf("the last run: exit code %d", code))
		}
		t.runs["the end of the queue"]++
		_, left, err := zaqar.First(t.queue.Messages(ctx, zaqar.IncludeClaimed(true)))
		if err != nil || !left {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Second):
		}
	}
	return errors.New("messages are left that nobody can claim")
}

// consume runs a consumer, and ends it with a signal after so many messages were done in
// all. It returns the exit code, -1 after a SIGKILL.
func (t *crashTest) consume(ctx context.Context, end syscall.Signal, after int) (code int, err error) {
	cmd := exec.CommandContext(ctx, filepath.Join(t.dir, "zaqar"), "consume", t.queue.Name(), //nolint:gosec // built above
		"--endpoint", t.endpoint, "--project-id", project, "--once", "--claim-ttl", claimTTL.String(), "--backoff", "50ms",
		"--workers", strconv.Itoa(t.workers), "--dead-letter", t.dead.Name(), "--exec", work)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	// The pipe ends with the last command, which may outlive a consumer that was killed.
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			return 0, fmt.Errorf("a command printed %q", lines.Text())
		}
		t.done[n]++
		if end != 0 && len(t.done) >= after {
			if err := cmd.Process.Signal(end); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return 0, err
			}
			end = 0
		}
	}
	err = cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		return 0, err
	}
	if code := cmd.ProcessState.ExitCode(); code > 0 && code < 128 {
		return code, fmt.Errorf("zaqar consume: %s", complaints.String())
	}
	return cmd.ProcessState.ExitCode(), nil
}

// report prints what happened, and fails if a message was lost.
func (t *crashTest) report(ctx context.Context, took time.Duration) error {
	dead := map[int]bool{}
	letters := 0
	for m, err := range t.dead.Messages(ctx, zaqar.IncludeClaimed(true)) {
		if err != nil {
			return err
		}
		letter, err := zaqar.ReadDeadLetter(m)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(letter.Body))
		if err != nil {
			return err
		}
		dead[n] = true
		letters++
	}
	lost, again, permanent := 0, 0, 0
	for n := range t.messages {
		again += max(t.done[n]-1, 0)
		if n%100 == 13 {
			permanent++
		}
		if t.done[n] == 0 && !dead[n] {
			lost++
			fmt.Printf("message %d is lost\n", n)
		}
	}
	fmt.Printf("messages           %6d\n", t.messages)
	fmt.Printf("done               %6d, %d of them more than once\n", len(t.done), again)
	fmt.Printf("dead letters       %6d of %d that fail for good, %d of them twice\n", len(dead), permanent, letters-len(dead))
	fmt.Printf("lost               %6d\n", lost)
	for _, how := range []string{syscall.SIGKILL.String(), syscall.SIGTERM.String(), syscall.SIGINT.String(), "the end of the queue"} {
		fmt.Printf("ended by %-20s %d\n", how, t.runs[how])
	}
	fmt.Printf("it took            %6.0f s\n", took.Seconds())
	if lost > 0 || len(dead) != permanent {
		return errors.New("not every message was handled")
	}
	return nil
}
