package observe_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

func TestAnEventIsLoggedWithWhatIsSetInIt(t *testing.T) {
	t.Parallel()
	for want, event := range map[string]observe.Event{
		`level=DEBUG msg="zaqar: request" op=message_post queue=wot attempt=1 status=201 took=1s sent=5 received=7 request_id=req-1`: observe.Request{
			Op: "message_post", Queue: "wot", Attempt: 1, Status: 201, Took: time.Second, Sent: 5, Received: 7, RequestID: "req-1",
		},
		`level=DEBUG msg="zaqar: request" op=ping attempt=1 error=refused`:                 observe.Request{Op: "ping", Attempt: 1, Err: errors.New("refused")},
		`level=INFO msg="zaqar: retry" op=ping attempt=2 wait=1s status=401`:               observe.Retry{Op: "ping", Attempt: 2, Wait: time.Second, Status: 401},
		`level=INFO msg="zaqar: token renewed" project=p expires=2026-11-25T00:00:00.000Z`: observe.TokenRenewed{Project: "p", Expires: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)},
		`level=INFO msg="zaqar: token renewed" refused=true`:                               observe.TokenRenewed{Refused: true},
		`level=INFO msg="zaqar: connected" session=2 attempts=3`:                           observe.Connected{Session: 2, Attempts: 3},
		`level=WARN msg="zaqar: disconnected" session=2 error=gone`:                        observe.Disconnected{Session: 2, Err: errors.New("gone")},
		`level=WARN msg="zaqar: read failed" queue=wot failures=2 wait=1s error=gone`:      observe.ReadFailed{Queue: "wot", Failures: 2, Wait: time.Second, Err: errors.New("gone")},
		`level=INFO msg="zaqar: read recovered" queue=wot failures=2`:                      observe.ReadRecovered{Queue: "wot", Failures: 2},
		`level=DEBUG msg="zaqar: repeats" queue=wot count=3`:                               observe.Repeats{Queue: "wot", Count: 3},
		`level=INFO msg="zaqar: push unavailable" queue=wot error=refused`:                 observe.PushUnavailable{Queue: "wot", Err: errors.New("refused")},
		`level=DEBUG msg="zaqar: push" session=2 queue=wot size=9`:                         observe.Push{Session: 2, Queue: "wot", Size: 9},
	} {
		var out bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime}))
		observe.Log(logger).Observe(t.Context(), event)
		if got := strings.TrimSpace(out.String()); got != want {
			t.Errorf("%T is logged as\n%s, want\n%s", event, got, want)
		}
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func TestWhatIsBelowTheLevelIsNotLogged(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := observe.Log(slog.New(slog.NewTextHandler(&out, nil)))
	log.Observe(t.Context(), observe.Request{Op: "ping"})
	if out.Len() > 0 {
		t.Errorf("it logs %s", out.String())
	}
}

// tracer records events and marks contexts.
type tracer struct{ seen []any }

type mark struct{ *tracer }

func (r *tracer) Observe(ctx context.Context, e observe.Event) {
	r.seen = append(r.seen, e.Name(), ctx.Value(mark{r}))
}

func (r *tracer) Start(ctx context.Context, _ observe.Request) context.Context {
	return context.WithValue(ctx, mark{r}, "marked")
}

func TestAllAreToldAndThoseWhoTraceStart(t *testing.T) {
	t.Parallel()
	first, second := &tracer{}, &tracer{}
	plain := 0
	all := observe.All(nil, first, observe.Func(func(context.Context, observe.Event) { plain++ }), observe.All(second, nil))
	starter, ok := all.(observe.Starter)
	if !ok {
		t.Fatal("several observers cannot start")
	}
	ctx := starter.Start(t.Context(), observe.Request{})
	all.Observe(ctx, observe.Request{})
	for _, r := range []*tracer{first, second} {
		if !reflect.DeepEqual(r.seen, []any{"request", "marked"}) {
			t.Errorf("a tracer has seen %v", r.seen)
		}
	}
	if plain != 1 {
		t.Errorf("the plain one was told %d times", plain)
	}
	if observe.All(nil, nil) != nil {
		t.Error("no observers make one")
	}
}
