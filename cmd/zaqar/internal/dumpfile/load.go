package dumpfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/flush"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/progress"
)

// The errors of a load that is not begun.
var (
	// ErrStarted: the dump was loaded in part before, and Resume is not set.
	ErrStarted = errors.New("the dump was loaded in part before")
	// ErrNothingToResume: there is no state.
	ErrNothingToResume = errors.New("there is nothing to resume")
	// ErrOther: the state is that of another dump or of another queue.
	ErrOther = errors.New("the state does not fit")
)

// LoadConfig says how to load.
type LoadConfig struct {
	// Name is the name of the input for errors.
	Name string
	// TTL, unless 0, replaces the TTL of each message.
	TTL time.Duration
	// State is the file that keeps how far the dump was loaded, or "" for none. It is
	// written after each batch and removed when all lines are stored.
	State string
	// Resume continues where the state says.
	Resume bool
	// Meter shows the progress in bytes, unless it is nil.
	Meter *progress.Meter
	// Report, unless nil, is called with each line that is not certainly stored, and why.
	Report func(line int, err error)
}

// Loaded counts what became of the lines.
type Loaded struct {
	// Before were stored before this load, Stored by it.
	Before, Stored int
	// NotStored lines were refused, Unknown lines may be stored or not.
	NotStored, Unknown int
}

const (
	// batchLines and batchBytes bound a batch. It fits one request, unless the queue has a
	// lower limit than Zaqar's default.
	batchLines = zaqar.DefaultBatchMessages
	batchBytes = 240 << 10
	// batchDelay is how long a line waits for others.
	batchDelay = 100 * time.Millisecond
)

// Load posts the lines of a dump to a queue, in their order. One batch is under way at a
// time, and the state is saved before the next one is posted. So at most one batch is
// posted twice after a crash.
//
// Load stops behind the first batch with a line that is not certainly stored. That line
// is posted first when the load is resumed.
func Load(ctx context.Context, client *zaqar.Client, queue string, in io.Reader, config LoadConfig) (Loaded, error) {
	l := &loader{
		config: config,
		// A batch is sent when it is complete, not before.
		publisher: client.Queue(queue).Publisher(zaqar.PublisherConfig{BatchDelay: time.Minute}),
		target:    TargetOf(ctx, client, queue),
	}
	defer func() { _ = l.publisher.Close(context.WithoutCancel(ctx)) }() // it holds nothing
	if err := l.begin(); err != nil {
		return l.result, err
	}
	err := l.load(ctx, in)
	nothing := l.state.Lines == 0 && l.result.Unknown == 0
	if err == nil || nothing {
		err = cmp.Or(err, l.state.remove(config.State))
	}
	if ctx.Err() != nil && err != nil {
		err = context.Cause(ctx)
	}
	return l.result, err
}

type loader struct {
	config    LoadConfig
	target    Target
	publisher *zaqar.Publisher
	state     state
	held      *numbered // a line that did not fit into the last batch
	result    Loaded
}

// begin reads or makes the state.
func (l *loader) begin() error {
	l.state = state{Target: l.target}
	if l.config.State == "" {
		return nil
	}
	found, err := readState(l.config.State)
	switch {
	case errors.Is(err, fs.ErrNotExist) && l.config.Resume:
		return fmt.Errorf("%w: %s does not exist", ErrNothingToResume, l.config.State)
	case errors.Is(err, fs.ErrNotExist):
		return l.state.write(l.config.State)
	case err != nil:
		return err
	case !l.config.Resume:
		return fmt.Errorf("%w: %s has counted %s of it in %s", ErrStarted, l.config.State, progress.Messages(found.Stored), found.Target)
	case found.Target != l.target:
		return fmt.Errorf("%w: %s is about %s, not %s", ErrOther, l.config.State, found.Target, l.target)
	}
	l.state = found
	l.result.Before = found.Stored
	return nil
}

func (l *loader) load(ctx context.Context, in io.Reader) error {
	lines := readLines(ctx, in)
	open, err := l.skip(ctx, lines)
	if err != nil {
		return err
	}
	if err := l.post(ctx, open); err != nil {
		return err
	}
	for {
		batch, err := l.next(ctx, lines)
		if len(batch) > 0 {
			if err := l.post(ctx, batch); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// skip passes over the lines that are stored, and returns those of them that are open.
func (l *loader) skip(ctx context.Context, lines <-chan numbered) (open []numbered, err error) {
	var sum checksum
	for number := 1; number <= l.state.Lines; number++ {
		line, err := l.receive(ctx, lines, nil)
		switch {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: %s has fewer lines than are stored", ErrOther, l.config.Name)
		case err != nil:
			return nil, err
		case l.state.isOpen(number):
			if line.Line, err = ParseLine(line.text); err != nil {
				return nil, fmt.Errorf("line %d of %s: %w", number, l.config.Name, err)
			}
			open = append(open, line)
			continue
		case !line.blank():
			sum.add(line)
		}
		l.config.Meter.Add(0, int64(len(line.text)+1))
	}
	if sum != l.state.Sum {
		return nil, fmt.Errorf("%w: the lines of %s are not those that are stored", ErrOther, l.config.Name)
	}
	return open, nil
}

// errLate ends the wait for another line.
var errLate = errors.New("no line has come")

// receive returns the next line, or the error that ends the lines, such as io.EOF.
func (l *loader) receive(ctx context.Context, lines <-chan numbered, late <-chan time.Time) (numbered, error) {
	if held := l.held; held != nil {
		l.held = nil
		return *held, nil
	}
	select {
	case <-ctx.Done():
		return numbered{}, context.Cause(ctx)
	case <-late:
		return numbered{}, errLate
	case line := <-lines:
		if line.err != nil && !errors.Is(line.err, io.EOF) {
			line.err = fmt.Errorf("%s: %w", l.config.Name, line.err)
		}
		return line, line.err
	}
}

// next returns the next batch. The error, such as io.EOF at the end, is that of what
// follows the batch.
func (l *loader) next(ctx context.Context, lines <-chan numbered) (batch []numbered, err error) {
	size := 0
	var late <-chan time.Time
	for len(batch) < batchLines {
		line, err := l.receive(ctx, lines, late)
		switch {
		case errors.Is(err, errLate):
			return batch, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx) // nothing new is begun
		case err != nil:
			return batch, err
		case line.blank():
			continue
		case len(batch) == 0:
			late = time.After(batchDelay)
		case size+len(line.text) > batchBytes:
			l.held = &line
			return batch, nil
		}
		if line.Line, err = ParseLine(line.text); err != nil {
			return batch, fmt.Errorf("line %d of %s: %w", line.number, l.config.Name, err)
		}
		batch = append(batch, line)
		size += len(line.text)
	}
	return batch, nil
}

// post posts lines, waits until it is known what became of them, and saves that.
func (l *loader) post(ctx context.Context, lines []numbered) error {
	flushing, cancel := flush.Context(ctx)
	defer cancel()
	futures := make([]*zaqar.Future[string], len(lines))
	for i, line := range lines {
		message := zaqar.Outgoing{Body: line.Body, TTL: line.TTL}
		if l.config.TTL != 0 {
			message.TTL = l.config.TTL
		}
		futures[i] = l.publisher.Publish(flushing, message)
	}
	_ = l.publisher.Flush(flushing) // the futures tell the same
	if flushing.Err() != nil {
		_ = l.publisher.Close(flushing) // what is under way is given up: every future ends
	}
	var first error
	for i, line := range lines {
		_, err := futures[i].Wait(context.WithoutCancel(ctx))
		l.state.settle(line, err == nil)
		l.config.Meter.Add(1, int64(len(line.text)+1))
		switch {
		case err == nil:
			l.result.Stored++
			continue
		case zaqar.SafeToRetry(err):
			l.result.NotStored++
		default:
			l.result.Unknown++
		}
		if l.config.Report != nil {
			l.config.Report(line.number, err)
		}
		if first == nil {
			first = err
		}
	}
	l.state.forget()
	if err := l.state.write(l.config.State); err != nil {
		return fmt.Errorf("saving what is stored: %w", err)
	}
	return first
}
