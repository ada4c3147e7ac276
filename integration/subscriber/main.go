// Command subscriber listens to many queues of a real Zaqar 23, on Redis or with MongoDB's
// driver. Meanwhile other clients
// post, claim, and delete a tenth of the received messages, and the service is killed
// and restarted. Then it compares the received messages with the posted ones. It also
// counts the requests that it takes to listen to idle queues. It prints tables, and
// fails if a message is missing or out of order.
//
//	make real-up
//	cd integration && GOWORK=off go run ./subscriber
//	cd integration && GOWORK=off go run ./subscriber -store mongodb
//
// It kills only its own processes, which have their own ports. Only the store of the real
// servers is shared.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/integration/internal/process"
	"github.com/zaqar-go/zaqar/observe"
)

const project = "subscriber"

// plan is the size of the test.
type plan struct {
	queues, messages int
	over, idle       time.Duration
	kills            int
}

func main() {
	var p plan
	flag.IntVar(&p.queues, "queues", 10, "number of queues")
	flag.IntVar(&p.messages, "messages", 5000, "number of messages in all queues together")
	flag.DurationVar(&p.over, "over", time.Minute, "duration of the posting")
	flag.IntVar(&p.kills, "kills", 2, "number of times to kill and restart the service meanwhile")
	flag.DurationVar(&p.idle, "idle", 5*time.Minute, "duration of listening to idle queues")
	only := flag.String("only", "", "run only the ways whose names contain this text")
	store := flag.String("store", "redis", "redis or mongodb")
	scripts := flag.String("servers", "servers", "path of the folder integration/servers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := p.run(ctx, *scripts, *store, *only); err != nil {
		stop()
		log.Fatal(err)
	}
}

// way is a way to reach the service.
type way struct {
	name string
	// connect returns the listener's client. killed is the server that is killed.
	connect func(ctx context.Context, s *servers, options ...zaqar.ConnectOption) (*zaqar.Client, error)
	killed  func(s *servers) *process.Process
}

// servers are the processes of this program.
type servers struct{ posts, http, socket *process.Process }

func (s *servers) all() []*process.Process { return []*process.Process{s.posts, s.http, s.socket} }

var ways = []way{
	{
		name: "polling",
		connect: func(ctx context.Context, s *servers, options ...zaqar.ConnectOption) (*zaqar.Client, error) {
			return zaqar.Connect(ctx, s.http.URL("http"), options...)
		},
		killed: func(s *servers) *process.Process { return s.http },
	},
	{
		name: "push",
		connect: func(ctx context.Context, s *servers, options ...zaqar.ConnectOption) (*zaqar.Client, error) {
			return zaqar.Connect(ctx, s.socket.URL("ws"), options...)
		},
		killed: func(s *servers) *process.Process { return s.socket },
	},
	{
		name: "push, beside HTTP",
		connect: func(ctx context.Context, s *servers, options ...zaqar.ConnectOption) (*zaqar.Client, error) {
			return zaqar.Connect(ctx, s.http.URL("http"), append(options, zaqar.WithWebSocket(s.socket.URL("ws")))...)
		},
		killed: func(s *servers) *process.Process { return s.socket },
	},
}

func (p plan) run(ctx context.Context, scripts, store, only string) (err error) {
	site, err := findSite(ctx, scripts, store)
	if err != nil {
		return err
	}
	var s servers
	if s.posts, err = site.http(ctx, "posts"); err == nil {
		if s.http, err = site.http(ctx, "http"); err == nil {
			s.socket, err = site.websocket(ctx, "socket")
		}
	}
	if err != nil {
		return err
	}
	defer func() {
		if closing := site.close(err != nil, s.all()...); err == nil {
			err = closing
		}
	}()
	for _, srv := range s.all() {
		if err := srv.Start(ctx); err != nil {
			return err
		}
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%d queues, %d messages during %v\tkills\tdelivered\tmissing\tout of order\ttwice\trepeats known\tlooks\tfailed\trings\tconnections\tmedian\t99%%\tlongest\t\n", p.queues, p.messages, p.over)
	var faults []string
	defer func() { _ = out.Flush() }() // what was measured before a failure, too
	for _, w := range ways {
		if strings.Contains(w.name, only) {
			bad, err := p.busy(ctx, w, &s, out)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			faults = append(faults, bad...)
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if p.idle > 0 {
		if err := p.idles(ctx, &s, only); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s", strings.Join(faults, "; "))
	}
	return nil
}

// counter is an observer that counts connections and requests.
type counter struct{ connections, requests atomic.Int64 }

func (w *counter) Observe(_ context.Context, e observe.Event) {
	switch e.(type) {
	case observe.Connected:
		w.connections.Add(1)
	case observe.Request:
		w.requests.Add(1)
	}
}

// busy listens while other clients post and the service is killed.
func (p plan) busy(ctx context.Context, w way, s *servers, out *tabwriter.Writer) (faults []string, err error) {
	var counted counter
	listener, err := w.connect(ctx, s, zaqar.WithProject(project), zaqar.WithVersion(zaqar.V2), zaqar.WithObserver(&counted))
	if err != nil {
		return nil, err
	}
	others, err := zaqar.Connect(ctx, s.posts.URL("http"), zaqar.WithProject(project), zaqar.WithVersion(zaqar.V2))
	if err != nil {
		return nil, err
	}
	queues := queueNames(fmt.Sprintf("busy%d", time.Now().UnixNano()), p.queues)
	sub := listener.Subscriber(zaqar.SubscriberConfig{})
	if err := sub.Subscribe(queues...); err != nil { //nolint:contextcheck // the loop of Listen has the context
		return nil, err
	}
	got := &tally{got: map[string][]int{}, seen: map[string]bool{}, done: make(chan *zaqar.Message, p.messages)}
	listening, leave := context.WithCancel(ctx)
	defer leave()
	heard := make(chan error, 1)
	go func() {
		for m, err := range sub.Listen(listening) {
			if err == nil {
				err = got.take(m)
			}
			if err != nil {
				heard <- err
				return
			}
		}
	}()
	if !process.Pause(ctx, 5*time.Second) { // until it listens
		return nil, context.Cause(ctx)
	}
	each := p.messages / p.queues
	posting := &traffic{client: others, queues: queues, each: each, over: p.over, done: got.done}
	var all sync.WaitGroup
	var killing error
	all.Go(func() { killing = p.kill(ctx, w.killed(s)) })
	if err := posting.run(ctx); err != nil {
		return nil, err
	}
	all.Wait()
	if killing != nil {
		return nil, killing
	}
	for range 120 { // wait for messages on their way
		if got.count() == each*p.queues {
			break
		}
		if !process.Pause(ctx, time.Second) {
			return nil, context.Cause(ctx)
		}
	}
	leave()
	if err := <-heard; listening.Err() == nil {
		return nil, err
	}
	stats := sub.Stats()
	missing, disordered := got.compare(queues, each)
	fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t%v\t%v\t\n", w.name, p.kills, stats.Delivered, missing, disordered,
		got.doubled, stats.Repeats, stats.Looks, stats.Failures, stats.Rings, counted.connections.Load(),
		got.late(0.5), got.late(0.99), got.late(1))
	if missing+disordered > 0 {
		faults = append(faults, fmt.Sprintf("%s: %d messages are missing, %d out of order", w.name, missing, disordered))
	}
	for _, name := range queues {
		if err := others.Queue(name).Delete(ctx); err != nil {
			return nil, err
		}
	}
	if err := listener.Close(); err != nil {
		return nil, err
	}
	return faults, others.Close()
}

// kill kills and restarts a server at regular intervals.
func (p plan) kill(ctx context.Context, srv *process.Process) error {
	for range p.kills {
		if !process.Pause(ctx, p.over/time.Duration(p.kills+1)) {
			return context.Cause(ctx)
		}
		if err := srv.Kill(); err != nil {
			return err
		}
		if !process.Pause(ctx, 2*time.Second) {
			return context.Cause(ctx)
		}
		if err := srv.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// idles counts the requests of listeners to idle queues, for all ways at the same time.
func (p plan) idles(ctx context.Context, s *servers, only string) error {
	counts, errs := make([]int64, len(ways)), make([]error, len(ways))
	var all sync.WaitGroup
	for i, w := range ways {
		if strings.Contains(w.name, only) {
			all.Go(func() { counts[i], errs[i] = p.quiet(ctx, w, s) })
		}
	}
	all.Wait()
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%d idle queues during %v\trequests\ta minute\t\n", p.queues, p.idle)
	for i, w := range ways {
		if errs[i] != nil {
			return fmt.Errorf("%s: %w", w.name, errs[i])
		}
		if strings.Contains(w.name, only) {
			fmt.Fprintf(out, "%s\t%d\t%.1f\t\n", w.name, counts[i], float64(counts[i])/p.idle.Minutes())
		}
	}
	return out.Flush()
}

// quiet listens to idle queues, and returns the number of requests after a warm-up.
func (p plan) quiet(ctx context.Context, w way, s *servers) (n int64, err error) {
	var counted counter
	client, err := w.connect(ctx, s, zaqar.WithProject(project), zaqar.WithVersion(zaqar.V2), zaqar.WithObserver(&counted))
	if err != nil {
		return 0, err
	}
	defer func() { _ = client.Close() }()
	queues := queueNames(fmt.Sprintf("idle%d", time.Now().UnixNano()), p.queues)
	for _, name := range queues {
		if _, err := client.Queue(name).Post(ctx, "old"); err != nil {
			return 0, err
		}
		defer func() { _ = client.Queue(name).Delete(ctx) }()
	}
	sub := client.Subscriber(zaqar.SubscriberConfig{})
	if err := sub.Subscribe(queues...); err != nil { //nolint:contextcheck // the loop of Listen has the context
		return 0, err
	}
	listening, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	var failed error
	defer func() {
		leave()
		<-left
		err = errors.Join(err, failed)
	}()
	go func() {
		defer close(left)
		for _, err := range sub.Listen(listening) {
			if err != nil && listening.Err() == nil {
				failed = err
			}
		}
	}()
	if !process.Pause(ctx, min(time.Minute, p.idle)) {
		return 0, context.Cause(ctx)
	}
	before := counted.requests.Load()
	if !process.Pause(ctx, p.idle) {
		return 0, context.Cause(ctx)
	}
	return counted.requests.Load() - before, nil
}
