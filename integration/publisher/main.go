// Command publisher publishes many messages while connections are reset, dials fail
// and the server answers 503, 400 and 403, and then holds what the futures say
// against what is stored. It prints a table and fails when a future has told a lie.
//
//	cd integration && GOWORK=off go run ./publisher
//	cd integration && GOWORK=off go run ./publisher -endpoint http://127.0.0.1:8888
//
// Without an endpoint the server is the embedded one, which injects the faults. A
// real server without authentication has its connections cut by this program.
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
	endpoint := flag.String("endpoint", "", "a real Zaqar without authentication; the embedded one when empty")
	n := flag.Int("n", 50_000, "how many messages are published in each run")
	seed := flag.Uint64("seed", 1, "what the faults are drawn from")
	flag.Parse()
	lies, err := publishAll(os.Stdout, *endpoint, *n, *seed)
	if err != nil {
		log.Fatal(err)
	}
	if len(lies) > 0 {
		log.Fatalf("%d lies, among them:\n%s", len(lies), strings.Join(lies[:min(len(lies), 20)], "\n"))
	}
	fmt.Println("Every future has ended; accepted is stored, refused is not, and all room was given back.")
}

// publishAll publishes n messages in each of several ways, prints a table, and returns
// what is not as a future said.
func publishAll(w io.Writer, endpoint string, n int, seed uint64) (lies []string, err error) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "run\tpublished\taccepted\trefused\tunknown\tof these stored\tstored\tduplicates\tposts\tfailed posts\tdials refused\tgoroutines\ttime\t\n")
	for _, r := range []*run{
		{name: "one batch at a time", config: zaqar.PublisherConfig{}},
		{name: "eight at a time", config: zaqar.PublisherConfig{Concurrency: 8}},
		{name: "little room", config: zaqar.PublisherConfig{OutstandingMessages: 500, OutstandingBytes: 20_000, Concurrency: 2}},
		{name: "duplicates allowed", config: zaqar.PublisherConfig{AllowDuplicates: true}},
	} {
		r.n, r.endpoint = n, endpoint
		r.config.RetryDelay, r.config.MaxRetryDelay = 2*time.Millisecond, 50*time.Millisecond
		r.random = rand.New(rand.NewPCG(seed, 0))
		if err := r.do(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		r.print(out)
		for _, lie := range r.lies {
			lies = append(lies, r.name+": "+lie)
		}
	}
	return lies, out.Flush()
}

// run is one publisher's life.
type run struct {
	name, endpoint string
	n              int
	config         zaqar.PublisherConfig
	random         *rand.Rand

	srv    *zaqartest.Server // nil with a real one
	chaos  *chaos
	posted posts

	accepted, refused, unknown, found, duplicates, stored int
	before, after                                         int // goroutines
	took                                                  time.Duration
	lies                                                  []string
}

func (r *run) lie(format string, args ...any) { r.lies = append(r.lies, fmt.Sprintf(format, args...)) }

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
	r.judge(futures, bodies)
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

// inject spreads faults over the posts to come.
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

// publish gives the messages to a publisher, bad ones and ones that are cancelled
// among them.
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
	if err := p.Close(ctx); err != nil {
		return nil, err
	}
	r.took = time.Since(start)
	if messages, bytes := p.Outstanding(); messages != 0 || bytes != 0 {
		r.lie("%d messages of %d bytes are outstanding", messages, bytes)
	}
	return futures, nil
}

// read returns what is stored, in its order.
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

// judge holds the futures against what is stored.
func (r *run) judge(futures []*zaqar.Future[string], bodies []int) {
	r.stored = len(bodies)
	times := map[int]int{}
	last := -1
	for _, body := range bodies {
		times[body]++
		if futures[body].Err() != nil {
			continue // what is unknown may arrive at any time
		}
		if r.config.Concurrency <= 1 && !r.config.AllowDuplicates && body <= last {
			r.lie("%d is stored behind %d", body, last)
		}
		last = body
	}
	for i, f := range futures {
		select {
		case <-f.Done():
		default:
			r.lie("%d has not ended", i)
			continue
		}
		n := times[i]
		r.duplicates += max(0, n-1)
		switch err := f.Err(); {
		case err == nil:
			r.accepted++
			if n == 0 {
				r.lie("%d was accepted and is not stored", i)
			}
		case zaqar.SafeToRetry(err):
			r.refused++
			if n > 0 {
				r.lie("%d was refused and is stored: %v", i, err)
			}
		default:
			r.unknown++
			r.found += min(n, 1)
		}
		if n > 1 && !r.config.AllowDuplicates {
			r.lie("%d is stored %d times", i, n)
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
		r.lie("%d goroutines before, %d after", r.before, r.after)
	}
}

func (r *run) print(out *tabwriter.Writer) {
	fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d, %d\t%v\t\n", r.name, r.n, r.accepted, r.refused, r.unknown, r.found,
		r.stored, r.duplicates, r.posted.all, r.posted.failed, r.chaos.refused.Load(), r.before, r.after, r.took.Round(10*time.Millisecond))
}
