// Command publisher publishes many messages while connections are reset, dials fail and
// the server answers 503, 400 and 403. Then it compares the results of the futures with
// the stored messages. It prints a table, and fails if a future's result is wrong.
//
//	cd integration && GOWORK=off go run ./publisher
//	cd integration && GOWORK=off go run ./publisher -endpoint http://127.0.0.1:8888
//
// Without an endpoint it uses the embedded server, which injects the faults. With a real
// server, which must run without authentication, this program cuts the connections.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

const project = "publisher"

func main() {
	endpoint := flag.String("endpoint", "", "URL of a real Zaqar without authentication; empty for the embedded server")
	n := flag.Int("n", 50_000, "number of messages in each run")
	seed := flag.Uint64("seed", 1, "seed of the random faults")
	only := flag.String("run", "", "do only the runs whose name begins with `this`: one, eight, as many, small or duplicates")
	flag.Parse()
	mismatches, err := publishAll(os.Stdout, *endpoint, *only, *n, *seed)
	if err != nil {
		log.Fatal(err)
	}
	if len(mismatches) > 0 {
		log.Fatalf("%d wrong results; the first ones:\n%s", len(mismatches), strings.Join(mismatches[:min(len(mismatches), 20)], "\n"))
	}
	fmt.Println("All futures are resolved: accepted messages are stored, refused ones are not, and the buffers are empty.")
}

// publishAll publishes n messages with each configuration whose name begins with only. It
// prints a table and returns the wrong results.
func publishAll(w io.Writer, endpoint, only string, n int, seed uint64) (mismatches []string, err error) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "run\tpublished\taccepted\trefused\tunknown\tof these stored\tstored\tduplicates\tposts\tfailed posts\tdials refused\tgoroutines\ttime\t\n")
	for _, r := range []*run{
		{name: "one batch at a time", config: zaqar.PublisherConfig{}},
		{name: "eight at a time", config: zaqar.PublisherConfig{Concurrency: 8}},
		{name: "as many as are best", config: zaqar.PublisherConfig{Concurrency: zaqar.Adaptive}},
		{name: "small buffer", config: zaqar.PublisherConfig{OutstandingMessages: 500, OutstandingBytes: 20_000, Concurrency: 2}},
		{name: "duplicates allowed", config: zaqar.PublisherConfig{AllowDuplicates: true}},
	} {
		if !strings.HasPrefix(r.name, only) {
			continue
		}
		r.n, r.endpoint = n, endpoint
		r.config.RetryDelay, r.config.MaxRetryDelay = 2*time.Millisecond, 50*time.Millisecond
		r.random = rand.New(rand.NewPCG(seed, 0))
		if err := r.do(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		r.print(out)
		for _, m := range r.mismatches {
			mismatches = append(mismatches, r.name+": "+m)
		}
	}
	return mismatches, out.Flush()
}

// run is the run of one publisher.
type run struct {
	name, endpoint string
	n              int
	config         zaqar.PublisherConfig
	random         *rand.Rand

	srv    *zaqartest.Server // nil with a real server
	chaos  *chaos
	posted posts

	accepted, refused, unknown, found, duplicates, stored int
	before, after                                         int // goroutines
	took                                                  time.Duration
	mismatches                                            []string
}

func (r *run) mismatch(format string, args ...any) {
	r.mismatches = append(r.mismatches, fmt.Sprintf(format, args...))
}

func (r *run) do() error {
	r.before = runtime.NumGoroutine()
	ctx := context.Background()
	clean := http.DefaultClient
	if r.endpoint == "" {
		srv, err := zaqartest.NewServer(zaqartest.WithRequestLog(0))
		if err != nil {
			return err
		}
		if err := srv.Listen("127.0.0.1:0"); err != nil {
			return err
		}
		r.srv, r.endpoint = srv, srv.URL()
		r.inject()
	}
	r.chaos = newChaos(rand.New(rand.NewPCG(r.random.Uint64(), 1)), r.srv == nil)
	client, err := zaqar.Connect(ctx, r.endpoint, zaqar.WithProject(project), zaqar.WithVersion(zaqar.V2),
		zaqar.WithHTTPClient(r.chaos.client()), zaqar.WithObserver(&r.posted))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("publisher-%d", time.Now().UnixNano())
	futures, err := r.publish(ctx, client.Queue(name))
	if err != nil {
		return err
	}
	bodies, err := r.read(ctx, clean, name)
	if err != nil {
		return err
	}
	r.compare(futures, bodies)
	if err := client.Close(); err != nil {
		return err
	}
	if r.srv != nil {
		if err := r.srv.Close(); err != nil {
			return err
		}
	}
	r.chaos.close()
	clean.CloseIdleConnections()
	r.settle()
	return nil
}

// inject makes some of the posts fail.
func (r *run) inject() {
	for i := range r.n / 500 {
		f := zaqartest.Fault{Kind: "message_post", Skip: i*4 + r.random.IntN(4)}
		switch r.random.IntN(7) {
		case 0:
			f.Cut = true
		case 1, 2:
			f.Cut, f.After = true, true
		case 3:
			f.Status = http.StatusServiceUnavailable
		case 4, 5:
			f.Status, f.After = http.StatusServiceUnavailable, true
		case 6:
			f.Status = http.StatusForbidden
		}
		r.srv.Inject(f)
	}
}

// publish publishes the messages. Some of them are invalid, and some are cancelled.
func (r *run) publish(ctx context.Context, q *zaqar.Queue) ([]*zaqar.Future[string], error) {
	start := time.Now()
	p := q.Publisher(r.config)
	futures := make([]*zaqar.Future[string], r.n)
	for i := range futures {
		m := zaqar.Outgoing{Body: i, TTL: time.Hour}
		if r.random.IntN(2000) == 0 {
			m.TTL = 1000 * 24 * time.Hour // above the server's limit
		}
		var body any = m
		if r.random.IntN(5000) == 0 {
			body = strings.Repeat("x", 300<<10)
		}
		futures[i] = p.Publish(ctx, body)
		if r.random.IntN(1000) == 0 {
			futures[i].Cancel()
		}
	}
	err := p.Close(ctx)
	if _, failed := errors.AsType[*zaqar.PublishError](err); err != nil && !failed { // the futures are read later
		return nil, err
	}
	r.took = time.Since(start)
	if messages, bytes := p.Outstanding(); messages != 0 || bytes != 0 {
		r.mismatch("%d messages of %d bytes are outstanding", messages, bytes)
	}
	return futures, nil
}

// read returns the stored messages, in order.
func (r *run) read(ctx context.Context, web *http.Client, name string) ([]int, error) {
	client, err := zaqar.Connect(ctx, r.endpoint, zaqar.WithProject(project), zaqar.WithVersion(zaqar.V2), zaqar.WithHTTPClient(web))
	if err != nil {
		return nil, err
	}
	var bodies []int
	for m, err := range client.Queue(name).Messages(ctx) {
		if err != nil {
			return nil, err
		}
		var body int
		if err := m.Decode(&body); err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, errors.Join(client.Queue(name).Delete(ctx), client.Close())
}

// compare compares the futures with the stored messages.
func (r *run) compare(futures []*zaqar.Future[string], bodies []int) {
	r.stored = len(bodies)
	times := map[int]int{}
	last := -1
	for _, body := range bodies {
		times[body]++
		if futures[body].Err() != nil {
			continue // a message with an unknown outcome may arrive at any time
		}
		if ordered := r.config.Concurrency == 0 || r.config.Concurrency == 1; ordered && !r.config.AllowDuplicates && body <= last {
			r.mismatch("%d is stored after %d", body, last)
		}
		last = body
	}
	for i, f := range futures {
		select {
		case <-f.Done():
		default:
			r.mismatch("future %d is not resolved", i)
			continue
		}
		n := times[i]
		r.duplicates += max(0, n-1)
		switch err := f.Err(); {
		case err == nil:
			r.accepted++
			if n == 0 {
				r.mismatch("%d was accepted but is not stored", i)
			}
		case zaqar.SafeToRetry(err):
			r.refused++
			if n > 0 {
				r.mismatch("%d was refused but is stored: %v", i, err)
			}
		default:
			r.unknown++
			r.found += min(n, 1)
		}
		if n > 1 && !r.config.AllowDuplicates {
			r.mismatch("%d is stored %d times", i, n)
		}
	}
}

// settle waits until the goroutines of closed connections are gone.
func (r *run) settle() {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for range 1000 {
		if r.after = runtime.NumGoroutine(); r.after <= r.before {
			break
		}
		<-again.C
	}
	if r.after > r.before {
		r.mismatch("%d goroutines before, %d after", r.before, r.after)
	}
}

func (r *run) print(out *tabwriter.Writer) {
	fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d, %d\t%v\t\n", r.name, r.n, r.accepted, r.refused, r.unknown, r.found,
		r.stored, r.duplicates, r.posted.all, r.posted.failed, r.chaos.refused.Load(), r.before, r.after, r.took.Round(10*time.Millisecond))
}
