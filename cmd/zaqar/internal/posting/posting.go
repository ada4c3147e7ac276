// Package posting posts bodies to a queue and knows what became of each.
package posting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/bodies"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/flush"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/progress"
)

// Config says how to post.
type Config struct {
	// TTL and Delay are those of each message; 0 means the queue's default.
	TTL, Delay time.Duration
	// IDs, unless nil, gets the id of each stored message on a line, in the order of the
	// input.
	IDs io.Writer
	// Meter shows the progress, unless it is nil.
	Meter *progress.Meter
	// Report, unless nil, is called for each message that is not certainly stored, in the
	// order of the input.
	Report func(Failure)
}

// Failure is a message that is not certainly stored.
type Failure struct {
	Where string // such as "line 3 of orders.ndjson"
	Err   error
}

// Unknown reports whether the message may be stored in spite of the error.
func (f Failure) Unknown() bool { return !zaqar.SafeToRetry(f.Err) }

func (f Failure) String() string {
	if f.Unknown() {
		return fmt.Sprintf("%s may be stored or not: %v", f.Where, f.Err)
	}
	return fmt.Sprintf("%s is not stored: %v", f.Where, f.Err)
}

// Result counts what became of the messages that were read.
type Result struct {
	Stored, NotStored, Unknown int
	// Last is where the last message that was read came from, or "".
	Last string
}

// fruitless is how many messages may be refused, with none stored, before it is plain that
// the reason is not in the messages.
const fruitless = 20

// Post reads bodies and posts them, in their order and in few requests. It returns
// when all are posted, when the input is wrong, when the service refuses more than single
// messages, or when ctx ends. In each case it first waits for the messages that it has
// read, at most 15 seconds once ctx has ended.
//
// The error is that of the input, the first error of a message, or the cause of ctx.
func Post(ctx context.Context, queue *zaqar.Queue, input iter.Seq2[bodies.Body, error], config Config) (Result, error) {
	reading, stopReading := context.WithCancelCause(ctx)
	defer stopReading(nil)
	// What was read is published, also after ctx has ended.
	flushing, cancel := flush.Context(ctx)
	defer cancel()
	publishing, stopPublishing := context.WithCancelCause(flushing)
	defer stopPublishing(nil)
	stop := func(cause error) { stopReading(cause); stopPublishing(cause) }
	publisher := queue.Publisher(zaqar.PublisherConfig{})
	s := &settler{config: config, stop: stop, accepted: make(chan accepted, zaqar.DefaultOutstandingMessages), done: make(chan struct{})}
	go s.run(context.WithoutCancel(ctx)) // every future ends, at the latest when the publisher is closed

	var last string
	inputErr := publishAll(reading, input, func(body bodies.Body) {
		last = body.Where
		message := zaqar.Outgoing{Body: body.JSON, TTL: config.TTL, Delay: config.Delay}
		s.accepted <- accepted{body.Where, len(body.JSON), publisher.Publish(publishing, message)}
	})
	close(s.accepted)
	closeErr := publisher.Close(flushing)
	<-s.done

	s.result.Last = last
	err := s.first
	switch {
	case s.written != nil:
		err = s.written
	case inputErr != nil && !errors.Is(inputErr, errStopped):
		err = inputErr
	case err == nil && closeErr != nil && s.result.NotStored+s.result.Unknown == 0:
		err = closeErr
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return s.result, err
}

// errStopped is the cause of a reading that ends early, because of a failed message.
var errStopped = errors.New("a message failed")

// publishAll calls publish for each body, until ctx ends. Since a reader such as a terminal
// can block for ever, it is left behind then.
func publishAll(ctx context.Context, input iter.Seq2[bodies.Body, error], publish func(bodies.Body)) error {
	type item struct {
		body bodies.Body
		err  error
	}
	items := make(chan item)
	go func() {
		defer close(items)
		for body, err := range input {
			select {
			case items <- item{body, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		select {
		case <-ctx.Done():
		case next, more := <-items:
			if !more || next.err != nil {
				return next.err
			}
			publish(next.body)
		}
	}
}

// accepted is a message that the publisher has.
type accepted struct {
	where  string
	bytes  int
	future *zaqar.Future[string]
}

// settler waits for the outcomes of messages, in their order.
type settler struct {
	config   Config
	stop     context.CancelCauseFunc
	accepted chan accepted
	done     chan struct{}

	result  Result
	stopped bool
	first   error // of a message
	written error // of writing an id
}

func (s *settler) run(ctx context.Context) {
	defer close(s.done)
	for message := range s.accepted {
		s.settle(ctx, message)
		if s.stopped {
			break
		}
	}
	// After a stop nothing more is sent, except for what is under way.
	var rest []accepted
	for message := range s.accepted {
		message.future.Cancel()
		rest = append(rest, message)
	}
	for _, message := range rest {
		s.settle(ctx, message)
	}
}

func (s *settler) settle(ctx context.Context, message accepted) {
	id, err := message.future.Wait(ctx)
	s.config.Meter.Add(1, int64(message.bytes)+1) // with its line feed
	if err != nil {
		s.failed(Failure{message.where, err})
		return
	}
	s.result.Stored++
	s.writeID(id)
}

func (s *settler) writeID(id string) {
	if s.config.IDs == nil || s.written != nil {
		return
	}
	if _, err := fmt.Fprintln(s.config.IDs, id); err != nil {
		s.written, s.stopped = err, true
		s.stop(errStopped)
	}
}

func (s *settler) failed(f Failure) {
	if f.Unknown() {
		s.result.Unknown++
	} else {
		s.result.NotStored++
	}
	if s.first == nil {
		s.first = f.Err
	}
	// Without a reader of the ids the rest is cancelled, which is no fault of a message.
	if s.config.Report != nil && s.written == nil {
		s.config.Report(f)
	}
	if !refused(f.Err) || s.result.Stored == 0 && s.result.NotStored >= fruitless {
		s.stopped = true
		s.stop(errStopped)
	}
}

// refused reports whether a message was refused for what it is, so that others may pass.
func refused(err error) bool {
	if e, ok := errors.AsType[*zaqar.Error](err); ok && e.Code == http.StatusRequestEntityTooLarge {
		return true
	}
	return errors.Is(err, zaqar.ErrInvalid)
}
