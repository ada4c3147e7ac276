// Package badday runs a Publisher, Consumers and a Subscriber together on driven time, on
// an embedded server, while faults of all kinds happen at random. Then it checks that
// nothing was lost, that nothing stays claimed, that everything was heard, and that each
// duplicate has a reason. The seed of a day decides its faults; goroutines still run in any
// order, so a seed makes a similar day again, not the same one.
package badday

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/zaqartest"
)

const (
	workQueue = "work"
	newsQueue = "news"
	deadQueue = "work-dead"
)

// day is one run.
type day struct {
	*journal
	plan     plan
	srv      *zaqartest.Server
	project  string
	network  *network
	stranger *zaqar.Client

	published [worked + kept]*zaqar.Future[string]
}

// Run runs the day of a seed, and returns what happened.
func Run(t *testing.T, seed uint64) *Day {
	t.Helper()
	d := &day{journal: newJournal(), plan: draw(seed)}
	synctest.Test(t, d.run)
	return d.summary()
}

func (d *day) run(t *testing.T) {
	d.srv = zaqartest.RunInMemory(t, zaqartest.WithKeystone(), zaqartest.WithObserver(d.see))
	_, d.project = d.srv.AddUser(zaqartest.User{Name: "worker", Password: "secret", Project: "work"})
	d.srv.SetTokenTTL(10 * time.Minute)
	d.network = newNetwork(d.srv.HTTPClient(), d.plan, d.fault)
	d.stranger = d.connect(t, "a stranger", false)
	publisher := d.connect(t, "publisher", d.plan.sockets[0])
	subscriber := d.connect(t, "subscriber", d.plan.sockets[2])
	consumers := make([]*zaqar.Client, d.plan.consumers)
	for i := range consumers {
		consumers[i] = d.connect(t, consumerName(i), d.plan.sockets[1])
	}

	ctx := t.Context()
	faulty, calm := context.WithCancel(ctx)
	working, rest := context.WithCancel(ctx)
	listening, leave := context.WithCancel(ctx)
	var weather, publishing, consuming, hearing sync.WaitGroup
	hearing.Go(func() { d.listen(listening, subscriber) })
	publishing.Go(func() { d.publish(ctx, publisher) })
	for i, client := range consumers {
		consuming.Go(func() { d.consume(working, client, i) })
	}
	time.Sleep(quiet)
	weather.Go(func() { d.weather(faulty) })
	time.Sleep(storm)

	// The consumers stop while faults still happen. What they could not release is free
	// when its claim has ended.
	rest()
	consuming.Wait()
	calm()
	weather.Wait()
	d.network.calm()
	publishing.Wait()
	time.Sleep(longestClaim)
	for _, queue := range []string{workQueue, newsQueue, deadQueue} {
		for _, m := range d.srv.Messages(d.project, queue) {
			if m.ClaimID != "" {
				d.violate("%s of %s is claimed although every claim has ended", m.ID, queue)
			}
		}
	}

	working, rest = context.WithCancel(ctx)
	for i, client := range consumers {
		consuming.Go(func() { d.consume(working, client, i) })
	}
	d.drain()
	time.Sleep(5 * time.Minute)
	rest()
	consuming.Wait()
	leave()
	hearing.Wait()
	d.check(ctx)
	for _, client := range append(consumers, publisher, subscriber, d.stranger) {
		if err := client.Close(); err != nil {
			d.violate("Close: %v", err)
		}
	}
	d.network.web.CloseIdleConnections()
}

func consumerName(i int) string { return "consumer " + string(rune('A'+i)) }

func (d *day) connect(t *testing.T, who string, socket bool) *zaqar.Client {
	t.Helper()
	web := d.network.client()
	options := []zaqar.ConnectOption{
		zaqar.WithVersion(zaqar.V2), zaqar.WithHTTPClient(web), zaqar.WithObserver(d.observer(who)),
		zaqar.WithAuth(keystone.Password(d.srv.KeystoneURL(), "worker", "secret", keystone.Project("work"), keystone.HTTPClient(web))),
	}
	if socket {
		options = append(options, zaqar.WithWebSocket(d.srv.WebSocketURL()))
	}
	client, err := zaqar.Connect(t.Context(), d.srv.URL(), options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// drain waits until everything is handled.
func (d *day) drain() {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Minute) {
		if len(d.srv.Messages(d.project, workQueue)) == 0 {
			return
		}
	}
}

// publish publishes the messages of both queues.
func (d *day) publish(ctx context.Context, client *zaqar.Client) {
	r := d.plan.random(ofLoad)
	work, news := client.Queue(workQueue).Publisher(d.plan.publisher), client.Queue(newsQueue).Publisher(d.plan.publisher)
	jobs := d.plan.jobs
	for n := range d.published {
		time.Sleep(about(r, load/time.Duration(len(d.published))))
		if r.IntN(len(d.published)-n) < len(jobs) {
			d.published[jobs[0].N] = work.Publish(ctx, zaqar.Outgoing{Body: jobs[0], TTL: 24 * time.Hour})
			jobs = jobs[1:]
			continue
		}
		number := n + len(jobs) // behind all jobs
		d.published[number] = news.Publish(ctx, zaqar.Outgoing{Body: job{N: number}, TTL: 24 * time.Hour})
	}
	for _, p := range []*zaqar.Publisher{work, news} {
		if err := p.Close(ctx); err != nil {
			if _, failed := errors.AsType[*zaqar.PublishError](err); !failed {
				d.violate("Publisher.Close: %v", err)
			}
		}
	}
}

// consume runs consumers, one after the other: all but the first client's are stopped from
// time to time, and others begin.
func (d *day) consume(ctx context.Context, client *zaqar.Client, i int) {
	r := d.plan.random(ofConsumers + uint64(i)<<8)
	for ctx.Err() == nil {
		lasts := patience + storm
		if i > 0 {
			lasts = between(r, 2*time.Minute, 12*time.Minute)
		}
		life, end := context.WithTimeout(ctx, lasts)
		err := client.Queue(workQueue).Consumer(d.plan.consumer).Run(life, zaqar.Handle(d.handler(consumerName(i))))
		if life.Err() == nil || err != nil && !errors.Is(err, zaqar.ErrStopped) {
			d.violate("%s ended: %v", consumerName(i), err)
			end()
			return
		}
		end()
		if err != nil {
			d.stopHard(consumerName(i))
		}
		d.count("consumers stopped", 1)
		backoff.Wait(ctx, between(r, 0, 3*time.Minute))
	}
}

var errOnPurpose = errors.New("it fails on purpose")

// handler does what a job says.
func (d *day) handler(who string) func(context.Context, job, *zaqar.Message) error {
	return func(ctx context.Context, j job, m *zaqar.Message) error {
		a := d.begin(j.N, m, who)
		if j.Kind != waits && !backoff.Wait(ctx, j.Work) {
			return d.end(a, context.Cause(ctx))
		}
		switch {
		case j.Kind == permanent:
			return d.end(a, zaqar.Permanent(errOnPurpose))
		case j.Kind == hopeless:
			return d.end(a, errOnPurpose)
		case j.Kind == waits && d.fail(j.N, j.Bad):
			return d.end(a, zaqar.RetryAfter(j.Work, nil))
		case j.Kind == fails && d.fail(j.N, j.Bad):
			return d.end(a, errOnPurpose)
		case j.Kind == panics && d.fail(j.N, j.Bad):
			panic(d.end(a, errOnPurpose))
		}
		return d.end(a, nil)
	}
}

// listen hears both queues. It leaves the loop from time to time, and goes on with another
// Subscriber at the positions of the last one.
func (d *day) listen(ctx context.Context, client *zaqar.Client) {
	r := d.plan.random(ofSubscriber)
	positions := map[string]zaqar.Position{workQueue: {}, newsQueue: {}}
	for ctx.Err() == nil {
		sub := client.Subscriber(zaqar.SubscriberConfig{MaxInterval: 25 * time.Second})
		for queue, position := range positions {
			if err := sub.SubscribeAt(queue, position); err != nil { //nolint:contextcheck // the loop of Listen has the context
				d.violate("SubscribeAt: %v", err)
			}
		}
		leaveAt := time.Now().Add(about(r, 10*time.Minute))
		for m, err := range sub.Listen(ctx) {
			if err != nil {
				if ctx.Err() == nil {
					d.violate("Listen ended: %v", err)
				}
				return
			}
			var j job
			if err := m.Decode(&j); err != nil {
				d.violate("%s: %v", m, err)
			}
			d.hear(m.Queue().Name(), j.N, m.ID())
			if time.Now().After(leaveAt) {
				break
			}
		}
		for queue := range positions {
			positions[queue] = saved(d, sub.Position(queue))
		}
		d.count("subscribers replaced", 1)
	}
}

// saved is a position that was written and read.
func saved(d *day, p zaqar.Position) (read zaqar.Position) {
	text, err := p.MarshalText()
	if err := errors.Join(err, read.UnmarshalText(text)); err != nil {
		d.violate("%s: %v", text, err)
	}
	return read
}
