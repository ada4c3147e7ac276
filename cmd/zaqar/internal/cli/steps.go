package cli

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar"
)

// step is one step of the tour.
type step struct {
	title string
	lines []line
	act   string // printed before the step, if an act begins with it
}

// line is one call: the code that is printed, and the function that runs it. The
// function's value is printed unless it is nil. In the code, "wot" stands for the
// queue's name.
type line struct {
	code string
	run  func(context.Context, *tour) (any, error)
}

// steps are the steps of the tour after connecting.
var steps = slices.Concat(firstAct, secondAct)

var firstAct = []step{
	{title: "Ask the service what it offers", lines: []line{
		{`client.Home(ctx)`, func(ctx context.Context, t *tour) (any, error) {
			return t.client.Home(ctx)
		}},
	}},
	{title: "Create a queue, with metadata of our own", lines: []line{
		{`queue, err := client.CreateQueue(ctx, "wot", zaqar.Content{"made_by": "TOUR"})`, func(ctx context.Context, t *tour) (any, error) {
			return t.queue, t.create(ctx)
		}},
	}},
	{title: "Find it among all queues", lines: []line{
		{`for queue, err = range client.Queues(ctx) { if queue.Name() == "wot" { break } }`, findQueue},
	}},
	{title: "Post a message with a TTL of two minutes", lines: []line{
		{"event := json.RawMessage(`" + event + "`)", nothing},
		{`ids, err := queue.Post(ctx, zaqar.Outgoing{Body: event, TTL: 2 * time.Minute})`, post},
	}},
	{title: "Read the first message; it stays in the queue", lines: []line{
		{`for message, err = range queue.Messages(ctx) { break }`, firstMessage},
		{`string(message.Body())`, body},
		{`message.Status(ctx)`, status},
	}},
	{title: "Count the messages", lines: []line{
		{`queue.Stats(ctx)`, stats},
	}},
	{title: "Claim one message: for a minute nobody else can claim it", lines: []line{
		{`claim, err := queue.Claim(ctx, zaqar.Limit(1), zaqar.TTL(time.Minute))`, claim},
		{`message = claim.Messages()[0]`, claimed},
		{`message.Status(ctx)`, status},
	}},
	{title: "The work is done: delete the message, then release the claim", lines: []line{
		{`err = message.Delete(ctx)`, func(ctx context.Context, t *tour) (any, error) {
			return nil, t.message.Delete(ctx)
		}},
		{`err = claim.Release(ctx)`, func(ctx context.Context, t *tour) (any, error) {
			return nil, t.claim.Release(ctx)
		}},
		{`queue.Stats(ctx)`, stats},
	}},
	{title: "Replace the metadata; keys that start with _ are Zaqar's own", lines: []line{
		{`metadata, err := queue.Metadata(ctx)`, func(ctx context.Context, t *tour) (_ any, err error) {
			t.metadata, err = t.queue.Metadata(ctx)
			return t.metadata, err
		}},
		{`err = metadata.Update(ctx, map[string]any{"max_size": 1000})`, func(ctx context.Context, t *tour) (any, error) {
			return nil, t.metadata.Update(ctx, map[string]any{"max_size": 1000})
		}},
		{`err = metadata.Reload(ctx)`, func(ctx context.Context, t *tour) (any, error) {
			return nil, t.metadata.Reload(ctx)
		}},
		{`metadata.Content()["max_size"]`, func(_ context.Context, t *tour) (any, error) {
			return t.metadata.Content()["max_size"], nil
		}},
	}},
	{title: "Subscribe to a queue: every subscriber gets every message", lines: []line{
		{`sub := client.Subscriber(zaqar.SubscriberConfig{})`, func(_ context.Context, t *tour) (any, error) {
			t.sub = t.client.Subscriber(zaqar.SubscriberConfig{})
			return nil, nil
		}},
		{`err = sub.Subscribe("wot")`, func(_ context.Context, t *tour) (any, error) {
			return nil, t.sub.Subscribe(t.queue.Name())
		}},
		{`sub.Channels()`, channels},
		{`ids, err = queue.Post(ctx, "hello")`, func(ctx context.Context, t *tour) (_ any, err error) {
			t.ids, err = t.queue.Post(finish(ctx), "hello")
			return t.ids, err
		}},
		{`for message, err = range sub.Listen(ctx) { break }`, listen},
		{`string(message.Body())`, body},
		{`sub.Unsubscribe("wot")`, func(_ context.Context, t *tour) (any, error) {
			t.sub.Unsubscribe(t.queue.Name())
			return nil, nil
		}},
		{`sub.Channels()`, channels},
	}},
	{title: "Post asynchronously: a future holds the result", lines: []line{
		{`client.Async()`, func(_ context.Context, t *tour) (any, error) {
			return t.client.Async(), nil
		}},
		{`post := func(ctx context.Context) ([]string, error) { return queue.Post(ctx, "later") }`, nothing},
		{`posted := zaqar.Async(ctx, client, post)`, postAsync},
		{`ids, err = posted.Wait(ctx)`, func(ctx context.Context, t *tour) (_ any, err error) {
			t.ids, err = t.posted.Wait(finish(ctx))
			return t.ids, err
		}},
	}},
	{title: "Delete the queue", lines: []line{
		{`queue`, func(_ context.Context, t *tour) (any, error) {
			return t.queue, nil
		}},
		{`err = queue.Delete(ctx)`, func(ctx context.Context, t *tour) (any, error) {
			return nil, t.delete(ctx, t.queue)
		}},
	}},
	{title: "An error on purpose: the message was deleted with its queue", lines: []line{
		{`_, err = queue.Message(ctx, ids[0])`, failOnPurpose},
		{`errors.Is(err, zaqar.ErrNotFound)`, func(_ context.Context, t *tour) (any, error) {
			return errors.Is(t.failure, zaqar.ErrNotFound), nil
		}},
	}},
}

// event is the body of the tour's message.
const event = `{"event":{"data":"winning","score":10}}`

func nothing(context.Context, *tour) (any, error) { return nil, nil }

// findQueue finds the tour's own queue. It leaves other queues of the project alone.
func findQueue(ctx context.Context, t *tour) (any, error) {
	for queue, err := range t.client.Queues(ctx) {
		if err != nil {
			return nil, err
		}
		if queue.Name() == t.queue.Name() {
			t.queue = queue
			return queue, nil
		}
	}
	return nil, errors.New("the queue " + t.queue.Name() + " is not in the listing of the project's queues")
}

func post(ctx context.Context, t *tour) (_ any, err error) {
	t.ids, err = t.queue.Post(finish(ctx), zaqar.Outgoing{Body: json.RawMessage(event), TTL: 2 * time.Minute})
	return t.ids, err
}

func postAsync(ctx context.Context, t *tour) (any, error) {
	t.posted = zaqar.Async(finish(ctx), t.client, func(ctx context.Context) ([]string, error) {
		return t.queue.Post(ctx, "later")
	})
	return nil, nil
}

func firstMessage(ctx context.Context, t *tour) (any, error) {
	for message, err := range t.queue.Messages(ctx) {
		t.message = message
		return message, err
	}
	return nil, errNoMessage
}

func body(_ context.Context, t *tour) (any, error) { return string(t.message.Body()), nil }

func channels(_ context.Context, t *tour) (any, error) { return t.sub.Channels(), nil }

// listen returns the first message that arrives within listenTime.
func listen(ctx context.Context, t *tour) (any, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, listenTime, errNoMessage)
	defer cancel()
	for message, err := range t.sub.Listen(ctx) {
		t.message = message
		return message, err
	}
	return nil, errNoMessage
}

// listenTime is how long the tour waits for its own message.
const listenTime = 30 * time.Second

func status(ctx context.Context, t *tour) (any, error) { return t.message.Status(ctx) }

func stats(ctx context.Context, t *tour) (any, error) { return t.queue.Stats(ctx) }

func claim(ctx context.Context, t *tour) (_ any, err error) {
	t.claim, err = t.queue.Claim(ctx, zaqar.Limit(1), zaqar.TTL(time.Minute))
	return t.claim, err
}

func claimed(_ context.Context, t *tour) (any, error) {
	messages := t.claim.Messages()
	if len(messages) == 0 {
		return nil, errNoMessage
	}
	t.message = messages[0]
	return t.message, nil
}

// errNoMessage reports that the server has lost the message, or was so slow that the
// message has expired.
var errNoMessage = errors.New("the posted message is no longer in the queue")

func failOnPurpose(ctx context.Context, t *tour) (any, error) {
	if _, t.failure = t.queue.Message(ctx, t.ids[0]); t.failure == nil {
		return nil, errors.New("the message still exists, although its queue was deleted")
	}
	if !errors.Is(t.failure, zaqar.ErrNotFound) {
		return nil, t.failure
	}
	return t.failure, nil
}
