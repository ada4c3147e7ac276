package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/integration/internal/process"
)

const (
	jobs = "outage-jobs" // published, consumed and listened to
	news = "outage-news" // published and listened to
)

// job is the body of a message.
type job struct {
	N    int
	Work time.Duration
}

// workers are what nobody restarts.
type workers struct {
	options   options
	tokens    *tokenBook
	tally     *tally
	clients   []*zaqar.Client
	publisher *zaqar.Client
	consumers []*zaqar.Client
	listeners []*zaqar.Client

	work, leave       context.CancelFunc
	publishing        context.CancelFunc
	posting, handling sync.WaitGroup
	listening         sync.WaitGroup
	futures           map[string][]*zaqar.Future[string] // by queue
	left              int
}

// newWorkers connects the clients: two consumers, one subscriber that polls, and one that
// has the WebSocket beside HTTP.
func newWorkers(ctx context.Context, o options, s *servers) (*workers, error) {
	w := &workers{options: o, tokens: &tokenBook{}, tally: newTally(), futures: map[string][]*zaqar.Future[string]{}}
	connect := func(who string, more ...zaqar.ConnectOption) (*zaqar.Client, error) {
		auth := keystone.Password(s.keystone.URL("http")+"/v3", o.user, o.password, keystone.Project(o.project),
			keystone.HTTPClient(&http.Client{Transport: w.tokens}))
		more = append(more, zaqar.WithAuth(auth), zaqar.WithVersion(zaqar.V2), zaqar.WithObserver(w.tally.observer(who)))
		client, err := zaqar.Connect(ctx, s.zaqar.URL("http"), more...)
		if err == nil {
			w.clients = append(w.clients, client)
			err = client.Ping(ctx)
		}
		return client, err
	}
	var err error
	if w.publisher, err = connect("publisher"); err != nil {
		return nil, err
	}
	for _, who := range []string{"consumer A", "consumer B"} {
		client, err := connect(who)
		if err != nil {
			return nil, err
		}
		w.consumers = append(w.consumers, client)
	}
	for _, more := range [][]zaqar.ConnectOption{nil, {zaqar.WithWebSocket(s.sockets.URL("ws"))}} {
		client, err := connect("subscriber", more...)
		if err != nil {
			return nil, err
		}
		w.listeners = append(w.listeners, client)
	}
	return w, nil
}

// start starts all loops.
func (w *workers) start(ctx context.Context) {
	var publishing, working, listening context.Context
	publishing, w.publishing = context.WithCancel(ctx)
	working, w.work = context.WithCancel(ctx)
	listening, w.leave = context.WithCancel(ctx)
	for i, client := range w.consumers {
		w.handling.Go(func() { w.consume(working, client, i) })
	}
	for i, client := range w.listeners {
		w.listening.Go(func() { w.listen(listening, client, i) })
	}
	w.posting.Go(func() { w.publish(publishing) })
}

// publish publishes until ctx ends: five jobs, one of them long from time to time, and then
// one piece of news.
func (w *workers) publish(ctx context.Context) {
	work, told := w.publisher.Queue(jobs).Publisher(zaqar.PublisherConfig{}), w.publisher.Queue(news).Publisher(zaqar.PublisherConfig{})
	for n := 0; process.Pause(ctx, w.options.every); n++ {
		if n%6 == 5 {
			w.futures[news] = append(w.futures[news], told.Publish(ctx, zaqar.Outgoing{Body: job{N: len(w.futures[news])}, TTL: 24 * time.Hour}))
			continue
		}
		j := job{N: len(w.futures[jobs]), Work: time.Duration(n%7) * 50 * time.Millisecond}
		if n%80 == 0 {
			j.Work = time.Duration(30+n%120) * time.Second
		}
		w.futures[jobs] = append(w.futures[jobs], work.Publish(ctx, zaqar.Outgoing{Body: j, TTL: 24 * time.Hour}))
	}
	for _, p := range []*zaqar.Publisher{work, told} {
		err := p.Close(context.WithoutCancel(ctx))
		if _, failed := errors.AsType[*zaqar.PublishError](err); err != nil && !failed {
			w.tally.wrong("Publisher.Close: %v", err)
		}
	}
}

func (w *workers) consume(ctx context.Context, client *zaqar.Client, i int) {
	consumer := client.Queue(jobs).Consumer(zaqar.ConsumerConfig{DeadLetter: jobs + "-dead"})
	err := consumer.Run(ctx, zaqar.Handle(func(ctx context.Context, j job, m *zaqar.Message) error {
		if !process.Pause(ctx, j.Work) {
			return context.Cause(ctx)
		}
		w.tally.handle(i, j.N, m.ID())
		return nil
	}))
	if ctx.Err() == nil || err != nil {
		w.tally.wrong("the loop of consumer %d ended: %v", i, err)
	}
	w.tally.stats(consumer.Stats())
}

func (w *workers) listen(ctx context.Context, client *zaqar.Client, i int) {
	sub := client.Subscriber(zaqar.SubscriberConfig{})
	if err := sub.Subscribe(jobs, news); err != nil { //nolint:contextcheck // the loop of Listen has the context
		w.tally.wrong("Subscribe: %v", err)
		return
	}
	for m, err := range sub.Listen(ctx) {
		if err != nil {
			if ctx.Err() == nil {
				w.tally.wrong("the loop of subscriber %d ended: %v", i, err)
			}
			return
		}
		var j job
		if err := m.Decode(&j); err != nil {
			w.tally.wrong("%v", err)
		}
		w.tally.hear(i, m.Queue().Name(), j.N, m.ID())
	}
}

// finish ends the publishing, waits until everything is handled and heard, and then ends
// the other loops.
func (w *workers) finish(ctx context.Context) {
	w.publishing()
	w.posting.Wait()
	end := time.Now().Add(w.options.patience)
	for {
		all, err := zaqar.Collect(w.publisher.Queue(jobs).Messages(ctx, zaqar.IncludeClaimed(true)))
		w.left = len(all)
		if err == nil && w.left == 0 {
			break
		}
		if time.Now().After(end) || !process.Pause(ctx, time.Second) {
			w.tally.wrong("%d messages are left: %v", w.left, err)
			break
		}
	}
	process.Pause(ctx, time.Minute) // for the subscriber that polls seldom
	w.compare(ctx)
	w.work()
	w.handling.Wait()
	w.leave()
	w.listening.Wait()
	for _, client := range w.clients {
		if err := client.Close(); err != nil {
			w.tally.wrong("Close: %v", err)
		}
	}
}

// compare compares what was published with what was handled and heard.
func (w *workers) compare(ctx context.Context) {
	for queue, futures := range w.futures {
		for n, future := range futures {
			<-future.Done()
			handled := w.tally.handledJob(queue, n)
			handled = handled || queue == news // what is stored of the news is compared below
			switch err := future.Err(); {
			case err == nil:
				w.tally.count("accepted")
				if !handled {
					w.tally.wrong("job %d was accepted and not handled", n)
				}
			case zaqar.SafeToRetry(err):
				w.tally.count("refused")
				w.tally.note(fmt.Sprintf("refused: %v", err))
				if queue == jobs && handled {
					w.tally.wrong("job %d is said not to be stored, and was handled", n)
				}
			default:
				w.tally.count("with an unknown outcome")
				if queue == jobs && handled {
					w.tally.count("with an unknown outcome, and handled")
				}
			}
		}
	}
	for m, err := range w.publisher.Queue(news).Messages(ctx) {
		if err != nil {
			w.tally.wrong("news: %v", err)
			return
		}
		w.tally.count("news stored")
		for i := range w.listeners {
			if !w.tally.heardIt(i, m.ID()) {
				w.tally.wrong("subscriber %d has not heard %s of the news", i, m.ID())
			}
		}
	}
	dead, err := zaqar.Collect(w.publisher.Queue(jobs + "-dead").Messages(ctx))
	if err != nil || len(dead) > 0 {
		w.tally.wrong("%d dead letters: %v", len(dead), err)
	}
}

func (w *workers) wrong() []string { return w.tally.broken }
