package publisher_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// How the model of a server can treat a post.
const (
	succeeds    = "succeeds"
	isDown      = "cannot be reached"
	refuses     = "refuses"
	failsBefore = "fails before it stores"
	failsAfter  = "stores, then fails"
	cutsBefore  = "cuts the connection before it stores"
	cutsAfter   = "stores, then cuts the connection"
	answersHTML = "stores, and answers with HTML"
)

// model is a server that stores bodies and works off a list of faults. A message with
// a body below zero is bad: a request with such a message is refused.
type model struct {
	mu     sync.Mutex
	faults []string
	bodies []int
}

func (m *model) post(req *transport.Request) (*transport.Response, error) {
	answer := func(status int, body string) (*transport.Response, error) {
		return &transport.Response{Status: status, Header: http.Header{}, Body: []byte(body)}, nil
	}
	if req.Op != "message_post" {
		return answer(200, `{"_max_messages_post_size": 200}`)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	fault := succeeds
	if len(m.faults) > 0 {
		fault, m.faults = m.faults[0], m.faults[1:]
	}
	switch fault {
	case isDown:
		return nil, &transport.Error{Err: errUnreachable}
	case refuses:
		return answer(403, "")
	case failsBefore:
		return answer(503, "")
	case cutsBefore:
		return nil, &transport.Error{MaybeSent: true, Err: errUnreachable}
	}
	var request struct{ Messages []struct{ Body int } }
	if err := json.Unmarshal(req.Body, &request); err != nil || len(req.Body) > 200 {
		return answer(400, "")
	}
	var hrefs []string
	for _, message := range request.Messages {
		if message.Body < 0 {
			return answer(400, "")
		}
		hrefs = append(hrefs, fmt.Sprintf("/m/%d", message.Body))
	}
	for _, message := range request.Messages {
		m.bodies = append(m.bodies, message.Body)
	}
	switch fault {
	case failsAfter:
		return answer(503, "")
	case cutsAfter:
		return nil, &transport.Error{MaybeSent: true, Err: errUnreachable}
	case answersHTML:
		return answer(201, "<html>")
	}
	reply, err := json.Marshal(map[string]any{"resources": hrefs})
	if err != nil {
		return nil, err
	}
	return answer(201, string(reply))
}

// step is one action of a user.
type step struct {
	Does string
	N    int
}

// run takes a publisher through steps, closes it, and returns what was wrong.
func run(t *testing.T, server *model, config zaqar.PublisherConfig, steps []step) (problems []string) {
	synctest.Test(t, func(t *testing.T) {
		fail := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
		faults := len(server.faults)
		var heard atomic.Int64
		config.OnFailure = func(m zaqar.Outgoing, err error) {
			if _, ok := m.Body.(json.RawMessage); !ok || err == nil {
				fail("OnFailure heard %+v, %v", m, err)
			}
			heard.Add(1)
		}
		p := clienttest.Over(t, &clienttest.Scripted{Answer: server.post}).Queue("wot").Publisher(config)
		var futures []*zaqar.Future[string]
		bodies := map[int]*zaqar.Future[string]{}
		cancelled := map[int]bool{}
		publishOne := func(body int) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			bodies[body] = p.Publish(ctx, body)
			futures = append(futures, bodies[body])
		}
		unread := 0 // the failures that Flush and Close told
		told := func(err error, by string, mayEnd bool) {
			failures, ok := errors.AsType[*zaqar.PublishError](err)
			switch {
			case ok:
				unread += failures.Failed
			case err != nil && !mayEnd:
				fail("%s: %v", by, err)
			}
		}
		closedEarly := false
		for _, s := range steps {
			switch s.Does {
			case "publishes":
				for range s.N {
					publishOne(len(futures))
				}
			case "publishes a bad one":
				publishOne(-1 - len(futures))
			case "cancels":
				if len(futures) > 0 {
					i := s.N % len(futures)
					futures[i].Cancel()
					cancelled[i] = true
				}
			case "waits":
				time.Sleep(time.Duration(s.N) * time.Millisecond)
			case "flushes":
				before := slices.Clone(futures)
				told(p.Flush(t.Context()), "flush", false)
				for _, f := range before {
					if !isDone(f) {
						fail("flushed, and a future has not ended")
					}
				}
			case "closes early":
				closedEarly = true
			}
		}
		limit := 24 * time.Hour
		if closedEarly {
			limit = time.Millisecond
		}
		closing, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		told(p.Close(closing), "close", closedEarly)
		if messages, bytes := p.Outstanding(); messages != 0 || bytes != 0 {
			fail("%d messages of %d bytes are outstanding", messages, bytes)
		}
		times := map[int]int{}
		for _, body := range server.bodies {
			times[body]++
		}
		var accepted []int
		failed := 0
		for body, f := range bodies {
			if !isDone(f) {
				fail("%d: never ended", body)
				continue
			}
			id, err := f.Wait(t.Context())
			most := 1
			if config.AllowDuplicates {
				most += faults
			}
			switch n := times[body]; {
			case err == nil && (n == 0 || n > most || id != fmt.Sprint(body)):
				fail("%d: stored %d times as %q", body, n, id)
			case err == nil:
				accepted = append(accepted, body)
			case zaqar.SafeToRetry(err) && n != 0:
				fail("%d: stored %d times but the error is %v", body, n, err)
			case n > most:
				fail("%d: stored %d times", body, n)
			}
			if err != nil && !strings.Contains(err.Error(), "cancelled before it was sent") {
				failed++
			}
			if errors.Is(err, context.Canceled) && !cancelled[slices.Index(futures, f)] && !closedEarly {
				fail("%d: nobody cancelled it: %v", body, err)
			}
		}
		if unread != failed || int(heard.Load()) != failed {
			fail("%d failed, %d were told, %d heard", failed, unread, heard.Load())
		}
		if config.Concurrency == 1 && !config.AllowDuplicates && !slices.IsSorted(server.bodies) {
			fail("stored in the order %v", server.bodies)
		}
		for _, body := range accepted {
			if body < 0 {
				fail("%d: stored though it is bad", body)
			}
		}
	})
	return problems
}

func TestEveryFutureEndsOnceAndTellsTheTruth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		server := &model{faults: rapid.SliceOfN(rapid.SampledFrom([]string{
			succeeds, succeeds, succeeds, isDown, refuses, failsBefore, failsAfter, cutsBefore, cutsAfter, answersHTML,
		}), 0, 30).Draw(r, "faults")}
		config := zaqar.PublisherConfig{
			BatchMessages:       rapid.IntRange(1, 8).Draw(r, "BatchMessages"),
			BatchDelay:          time.Duration(rapid.IntRange(-1, 20).Draw(r, "BatchDelay")) * time.Millisecond,
			Concurrency:         rapid.SampledFrom([]int{1, 2, 3, zaqar.Adaptive}).Draw(r, "Concurrency"),
			OutstandingMessages: rapid.IntRange(1, 20).Draw(r, "OutstandingMessages"),
			OutstandingBytes:    rapid.IntRange(1, 300).Draw(r, "OutstandingBytes"),
			Overflow:            rapid.SampledFrom([]zaqar.Overflow{zaqar.OverflowBlock, zaqar.OverflowRefuse, zaqar.OverflowDrop}).Draw(r, "Overflow"),
			Attempts:            rapid.IntRange(1, 4).Draw(r, "Attempts"),
			AllowDuplicates:     rapid.Bool().Draw(r, "AllowDuplicates"),
		}
		steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
			return step{
				rapid.SampledFrom([]string{"publishes", "publishes", "publishes", "publishes a bad one", "cancels", "waits", "flushes", "closes early"}).Draw(r, "does"),
				rapid.IntRange(1, 12).Draw(r, "n"),
			}
		}), 1, 25).Draw(r, "steps")
		if problems := run(t, server, config, steps); len(problems) > 0 {
			r.Fatal(strings.Join(problems, "\n"))
		}
	})
}
