package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar"
)

// secondAct is what a worker does with jobs that succeed, fail once, and always fail. In
// the code, "jobs" and "jobs-dead" stand for the names of its queues.
var secondAct = []step{
	{act: "Second act: a worker", title: "Twenty jobs, and a queue for those that cannot be done", lines: []line{
		{`jobs, err := client.CreateQueue(ctx, "jobs", zaqar.Content{"made_by": "TOUR"})`, func(ctx context.Context, t *tour) (_ any, err error) {
			t.jobs, err = t.createNamed(ctx, t.nameOf("jobs"))
			return t.jobs, err
		}},
		{`dead, err := client.CreateQueue(ctx, "jobs-dead", zaqar.Content{"made_by": "TOUR"})`, func(ctx context.Context, t *tour) (_ any, err error) {
			t.dead, err = t.createNamed(ctx, t.nameOf("jobs-dead"))
			return t.dead, err
		}},
		{`type job struct{ N int }`, nothing},
		{`for n := range 20 { bodies = append(bodies, job{n}) }`, nothing},
		{`ids, err = jobs.Post(ctx, bodies...)`, func(ctx context.Context, t *tour) (_ any, err error) {
			bodies := make([]any, jobCount)
			for n := range bodies {
				bodies[n] = job{n}
			}
			t.ids, err = t.jobs.Post(finish(ctx), bodies...)
			return fmt.Sprintf("%d ids", len(t.ids)), err
		}},
	}},
	{title: "A handler: its error says whether a job is worth another attempt", lines: []line{
		{`handler := zaqar.Handle(func(ctx context.Context, j job, _ *zaqar.Message) error {`, nothing},
		{`    if j.N == 7 && zaqar.Attempt(ctx) == 1 { return errors.New("no connection") }`, nothing},
		{`    if j.N == 13 && !repaired { return zaqar.Permanent(errors.New("poison")) }`, nothing},
		{`    return nil`, nothing},
		{`})`, nothing},
	}},
	{title: "Eight workers; what was done is deleted, what cannot be done is moved", lines: []line{
		{`worker := jobs.Consumer(zaqar.ConsumerConfig{Workers: 8, DeadLetter: "jobs-dead"})`, newWorker},
		{`go worker.Run(ctx, handler)`, nothing},
		{`err = worker.Stop(ctx) // when all jobs are settled: a clean stop leaves nothing open`, func(ctx context.Context, t *tour) (any, error) {
			return nil, t.work(ctx, jobCount)
		}},
		{`worker.Stats().Handled`, func(_ context.Context, t *tour) (any, error) { return t.worker.Stats().Handled, nil }},
		{`worker.Stats().Failed // attempts`, func(_ context.Context, t *tour) (any, error) { return t.worker.Stats().Failed, nil }},
		{`worker.Stats().DeadLettered`, func(_ context.Context, t *tour) (any, error) { return t.worker.Stats().DeadLettered, nil }},
	}},
	{title: "Look at the dead letter", lines: []line{
		{`for message, err = range dead.Messages(ctx) { break }`, firstDeadLetter},
		{`letter, err := zaqar.ReadDeadLetter(message)`, func(_ context.Context, t *tour) (_ any, err error) {
			t.letter, err = zaqar.ReadDeadLetter(t.message)
			return t.letter, err
		}},
		{`letter.Reason`, func(_ context.Context, t *tour) (any, error) { return t.letter.Reason, nil }},
		{`string(letter.Body)`, func(_ context.Context, t *tour) (any, error) { return string(t.letter.Body), nil }},
	}},
	{title: "The handler is repaired: post the job again, and delete the dead letter", lines: []line{
		{`repaired = true`, func(_ context.Context, t *tour) (any, error) {
			t.repaired = true
			return nil, nil
		}},
		{`ids, err = client.Queue(letter.Queue).Post(ctx, letter.Body)`, func(ctx context.Context, t *tour) (_ any, err error) {
			t.ids, err = t.client.Queue(t.letter.Queue).Post(finish(ctx), t.letter.Body)
			return fmt.Sprintf("%d ids", len(t.ids)), err
		}},
		{`err = message.Delete(ctx)`, func(ctx context.Context, t *tour) (any, error) { return nil, t.message.Delete(finish(ctx)) }},
		{`worker = jobs.Consumer(zaqar.ConsumerConfig{Workers: 8, DeadLetter: "jobs-dead"})`, newWorker},
		{`go worker.Run(ctx, handler)`, nothing},
		{`err = worker.Stop(ctx)`, func(ctx context.Context, t *tour) (any, error) { return nil, t.work(ctx, 1) }},
		{`worker.Stats().Handled`, func(_ context.Context, t *tour) (any, error) { return t.worker.Stats().Handled, nil }},
	}},
	{title: "Delete both queues", lines: []line{
		{`err = jobs.Delete(ctx)`, func(ctx context.Context, t *tour) (any, error) { return nil, t.delete(ctx, t.jobs) }},
		{`err = dead.Delete(ctx)`, func(ctx context.Context, t *tour) (any, error) { return nil, t.delete(ctx, t.dead) }},
	}},
}

const jobCount = 20

// job is the body of a message of the second act.
type job struct{ N int }

// nameOf returns the name of a queue of the second act. On a cloud somebody else may have
// one of that name.
func (t *tour) nameOf(name string) string {
	if t.target.lasting {
		name += "-" + t.number()
	}
	return name
}

func newWorker(_ context.Context, t *tour) (any, error) {
	t.worker = t.jobs.Consumer(zaqar.ConsumerConfig{
		Workers: 8, DeadLetter: t.dead.Name(), Backoff: 10 * time.Millisecond, MaxPoll: 100 * time.Millisecond,
	})
	return nil, nil
}

// handle is the handler that is printed.
func (t *tour) handle(ctx context.Context, j job, _ *zaqar.Message) error {
	if j.N == 7 && zaqar.Attempt(ctx) == 1 {
		return errors.New("no connection")
	}
	if j.N == 13 && !t.repaired {
		return zaqar.Permanent(errors.New("poison"))
	}
	return nil
}

const (
	// workTime is how long the tour waits for its worker.
	workTime = 30 * time.Second
	// stopTime limits the stop of the worker.
	stopTime = 10 * time.Second
)

// work runs the worker until it has settled a number of jobs, and stops it.
func (t *tour) work(ctx context.Context, jobs int) error {
	ended := make(chan error, 1)
	go func() { ended <- t.worker.Run(finish(ctx), zaqar.Handle(t.handle)) }()
	limit := time.NewTimer(workTime)
	defer limit.Stop()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	late := error(nil)
	for waiting := true; waiting; {
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			waiting = false
		case <-limit.C:
			waiting, late = false, fmt.Errorf("the worker has not settled its jobs within %v", workTime)
		case <-ticker.C:
			done := t.worker.Stats()
			waiting = done.Handled+done.DeadLettered < jobs
		}
	}
	stop, cancel := context.WithTimeout(finish(ctx), stopTime)
	defer cancel()
	return errors.Join(late, t.worker.Stop(stop), <-ended)
}

func firstDeadLetter(ctx context.Context, t *tour) (any, error) {
	for message, err := range t.dead.Messages(ctx) {
		t.message = message
		return message, err
	}
	return nil, errNoMessage
}
