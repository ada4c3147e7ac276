package posting_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/bodies"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/clitest"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/posting"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// connect returns a server in memory, and the queue wot on it.
func connect(t *testing.T, options ...zaqartest.Option) (*zaqartest.Server, *zaqar.Queue) {
	t.Helper()
	server, client := clitest.Connect(t, options...)
	return server, client.Queue("wot")
}

// stored returns the bodies in the queue.
func stored(t *testing.T, queue *zaqar.Queue) []string {
	t.Helper()
	messages, err := zaqar.Collect(queue.Messages(context.WithoutCancel(t.Context())))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range messages {
		got = append(got, string(m.Body()))
	}
	return got
}

func lines(text string) iter.Seq2[bodies.Body, error] {
	return bodies.Source{Name: "in", In: strings.NewReader(text)}.Read()
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, i)
	}
	return b.String()
}

func TestMessagesAreStoredInOrderAndInFewRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, queue := connect(t)
		var ids bytes.Buffer
		result, err := posting.Post(t.Context(), queue, lines(numbers(500)), posting.Config{IDs: &ids, TTL: 2 * time.Minute})
		if err != nil || result != (posting.Result{Stored: 500, Last: "line 500 of in"}) {
			t.Fatal(result, err)
		}
		if got := strings.Join(stored(t, queue), "\n") + "\n"; got != numbers(500) {
			t.Errorf("stored %q", got)
		}
		if posts := len(server.Requests("message_post")); posts > 20 {
			t.Errorf("%d requests", posts)
		}
		messages, err := zaqar.Collect(queue.Messages(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		for _, m := range messages {
			fmt.Fprintln(&want, m.ID())
		}
		if ids.String() != want.String() {
			t.Errorf("the ids are not those of the messages in their order")
		}
		if ttl := messages[0].TTL(); ttl != 2*time.Minute {
			t.Errorf("TTL %v", ttl)
		}
	})
}

func TestAMessageThatIsRefusedIsNamedAndTheOthersAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := zaqartest.DefaultLimits()
		limits.MaxMessagesPostSize = 1000
		_, queue := connect(t, zaqartest.WithLimits(limits))
		in := "1\n\"" + strings.Repeat("x", 1000) + "\"\n\"\\ud800\"\n2\n"
		var failures []string
		result, err := posting.Post(t.Context(), queue, lines(in), posting.Config{Report: func(f posting.Failure) { failures = append(failures, f.String()) }})
		if !errors.Is(err, zaqar.ErrTooLarge) || result != (posting.Result{Stored: 2, NotStored: 2, Last: "line 4 of in"}) {
			t.Errorf("%+v, %v", result, err)
		}
		if len(failures) != 2 || !strings.HasPrefix(failures[0], "line 2 of in is not stored: ") || !strings.HasPrefix(failures[1], "line 3 of in is not stored: ") {
			t.Errorf("failures %q", failures)
		}
		if got := stored(t, queue); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("stored %v", got)
		}
	})
}

func TestWhatMayBeStoredIsToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, queue := connect(t)
		server.Inject(zaqartest.Fault{Kind: "message_post", Skip: 1, Status: 503, After: true})
		result, err := posting.Post(t.Context(), queue, lines(numbers(1000)), posting.Config{})
		if !errors.Is(err, zaqar.ErrUnavailable) || result.Unknown == 0 || result.Unknown > zaqar.DefaultBatchMessages {
			t.Errorf("%+v, %v", result, err)
		}
		if got := len(stored(t, queue)); got != result.Stored+result.Unknown {
			t.Errorf("%d messages, want %+v", got, result)
		}
	})
}

func TestARefusalOfEverythingEndsTheReading(t *testing.T) {
	for name, fault := range map[string]zaqartest.Fault{
		"no right":    {Kind: "message_post", Times: -1, Status: 403},
		"bad request": {Kind: "message_post", Times: -1, Status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, queue := connect(t)
				server.Inject(fault)
				var read atomic.Int32
				endless := func(yield func(bodies.Body, error) bool) {
					for yield(bodies.Body{JSON: []byte("1"), Where: "somewhere"}, nil) {
						read.Add(1)
					}
				}
				result, err := posting.Post(t.Context(), queue, endless, posting.Config{})
				if err == nil || result.Stored != 0 || result.Unknown != 0 || result.NotStored < int(read.Load()) {
					t.Errorf("read %d: %+v, %v", read.Load(), result, err)
				}
			})
		})
	}
}

func TestAMistakeInTheInputLeavesWhatCameBeforeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, queue := connect(t)
		result, err := posting.Post(t.Context(), queue, lines("1\n2\nhello\n3\n"), posting.Config{})
		if err == nil || !strings.HasPrefix(err.Error(), "line 3 of in is not JSON") || result != (posting.Result{Stored: 2, Last: "line 2 of in"}) {
			t.Errorf("%+v, %v", result, err)
		}
		if got := stored(t, queue); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("stored %v", got)
		}
	})
}

func TestAnInterruptionStoresWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, queue := connect(t)
		server.Inject(zaqartest.Fault{Kind: "message_post", Delay: 5 * time.Second})
		in, out := io.Pipe()
		defer func() { _ = out.Close() }()
		interrupted := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			_, _ = io.WriteString(out, "1\n2\n") // and nothing more, but no end either
			synctest.Wait()
			cancel(interrupted)
		}()
		result, err := posting.Post(ctx, queue, bodies.Source{Name: "in", In: in}.Read(), posting.Config{})
		if !errors.Is(err, interrupted) || result != (posting.Result{Stored: 2, Last: "line 2 of in"}) {
			t.Errorf("%+v, %v", result, err)
		}
		if got := stored(t, queue); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("stored %v", got)
		}
	})
}

func TestWhatWasReadIsPostedAfterAnInterruption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, queue := connect(t)
		server.Inject(zaqartest.Fault{Kind: "message_post", Times: -1, Delay: 20 * time.Millisecond})
		ctx, interrupt := context.WithCancel(t.Context())
		go func() {
			time.Sleep(1500 * time.Millisecond) // the publisher is full, so a message waits for room
			interrupt()
		}()
		result, err := posting.Post(ctx, queue, lines(numbers(1_000_000)), posting.Config{})
		if !errors.Is(err, context.Canceled) || result.NotStored+result.Unknown > 0 || result.Last != fmt.Sprintf("line %d of in", result.Stored) {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

func TestAnInterruptionDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, queue := connect(t)
		server.Inject(zaqartest.Fault{Kind: "message_post", Times: -1, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		result, err := posting.Post(ctx, queue, lines(numbers(200)), posting.Config{})
		if !errors.Is(err, context.DeadlineExceeded) || result.Stored != 0 || result.Unknown == 0 || result.Unknown+result.NotStored != 200 {
			t.Errorf("%+v, %v", result, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestIDsThatNobodyReadsEndTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, queue := connect(t)
		in, out := io.Pipe()
		go func() { _, _ = io.WriteString(out, "1\n") }()
		result, err := posting.Post(t.Context(), queue, bodies.Source{Name: "in", In: in}.Read(), posting.Config{IDs: closed{}})
		_ = out.Close()
		if !errors.Is(err, io.ErrClosedPipe) || result.Stored != 1 {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

func TestMessagesThatAreCancelledForWantOfAReaderOfIDsAreNotNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, queue := connect(t)
		server.Inject(zaqartest.Fault{Kind: "message_post", Times: -1, Delay: 10 * time.Second})
		named := 0
		result, err := posting.Post(t.Context(), queue, lines(numbers(500)), posting.Config{
			IDs: closedAfter(time.Second), Report: func(posting.Failure) { named++ },
		})
		if !errors.Is(err, io.ErrClosedPipe) || result.NotStored == 0 || named != 0 {
			t.Errorf("%+v, %v; %d named", result, err, named)
		}
	})
}

// closed is a writer whose reader has gone away.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// closedAfter is a writer that takes this time to find that its reader has gone away.
type closedAfter time.Duration

func (d closedAfter) Write([]byte) (int, error) {
	time.Sleep(time.Duration(d)) // of the driven clock
	return 0, io.ErrClosedPipe
}
