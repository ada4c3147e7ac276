package dumpfile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/clitest"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/dumpfile"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// numbers is a dump of the numbers from 1 to n.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"ttl\":3600,\"body\":%d}\n", i+1)
	}
	return b.String()
}

// dump returns the dump of a queue.
func dump(t *testing.T, client *zaqar.Client, queue string) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := dumpfile.Dump(context.WithoutCancel(t.Context()), client, queue, &out, dumpfile.DumpConfig{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestALoadedDumpIsDumpedAsTheSameBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		for _, body := range []any{
			nil, "", "é 😀 <>&\u2028\x00", map[string]any{"a": nil, "b": []any{}}, int64(math.MaxInt64), int64(math.MinInt64), 1.5, json.RawMessage(`[1e400,-1e400,"Infinity"]`), strings.Repeat("x", 200_000),
		} {
			if _, err := client.Queue("a").Post(t.Context(), zaqar.Outgoing{Body: body, TTL: 90 * time.Second}); err != nil {
				t.Fatal(err)
			}
		}
		first := dump(t, client, "a")
		result, err := dumpfile.Load(t.Context(), client, "b", strings.NewReader(first), dumpfile.LoadConfig{Name: "in"})
		if err != nil || result.Stored != strings.Count(first, "\n") {
			t.Errorf("%+v, %v", result, err)
		}
		if second := dump(t, client, "b"); second != first {
			t.Errorf("dumped %.500q\nof      %.500q", second, first)
		}
	})
}

func TestALoadKeepsTheOrderInFewRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := clitest.Connect(t)
		state := filepath.Join(t.TempDir(), "state")
		in := numbers(100) + "\n \r\n" + strings.TrimSuffix(numbers(100), "\n")
		result, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(in), dumpfile.LoadConfig{Name: "in", State: state})
		if err != nil || result != (dumpfile.Loaded{Stored: 200}) {
			t.Errorf("%+v, %v", result, err)
		}
		if got := dump(t, client, "wot"); got != numbers(100)+numbers(100) {
			t.Errorf("loaded %q", got)
		}
		if posts := len(server.Requests("message_post")); posts != 3 {
			t.Errorf("%d requests", posts)
		}
		if _, err := os.Stat(state); !os.IsNotExist(err) {
			t.Errorf("the state is still there: %v", err)
		}
	})
}

func TestALineOfASlowPipeIsNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		in, out := io.Pipe()
		go func() {
			_, _ = io.WriteString(out, numbers(1))
			time.Sleep(time.Second)
			if got := dump(t, client, "wot"); got != numbers(1) {
				t.Errorf("stored %q", got)
			}
			_ = out.Close()
		}()
		if _, err := dumpfile.Load(t.Context(), client, "wot", in, dumpfile.LoadConfig{Name: "in"}); err != nil {
			t.Error(err)
		}
	})
}

func TestATTLReplacesThatOfTheDump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		if _, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(1)), dumpfile.LoadConfig{Name: "in", TTL: time.Minute}); err != nil {
			t.Error(err)
		}
		if got := dump(t, client, "wot"); got != "{\"ttl\":60,\"body\":1}\n" {
			t.Errorf("loaded %q", got)
		}
	})
}

// faults that end a load in its third batch, and how many messages may be there twice.
func TestALoadThatFailedGoesOnWhereItWas(t *testing.T) {
	const all = 400
	for name, c := range map[string]struct {
		fault zaqartest.Fault
		kind  error
		twice int
	}{
		"refused":                {zaqartest.Fault{Status: 403}, zaqar.ErrForbidden, 0},
		"unavailable":            {zaqartest.Fault{Status: 503}, zaqar.ErrUnavailable, 0},
		"unavailable but stored": {zaqartest.Fault{Status: 503, After: true}, zaqar.ErrUnavailable, 80},
		"cut":                    {zaqartest.Fault{Cut: true}, nil, 0},
		"cut but stored":         {zaqartest.Fault{Cut: true, After: true}, nil, 80},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := clitest.Connect(t)
				c.fault.Kind, c.fault.Skip = "message_post", 2
				server.Inject(c.fault)
				config := dumpfile.LoadConfig{Name: "in", State: filepath.Join(t.TempDir(), "state")}
				result, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(all)), config)
				if err == nil || c.kind != nil && !errors.Is(err, c.kind) || result.Stored != 160 || result.NotStored+result.Unknown != 80 {
					t.Fatalf("%+v, %v", result, err)
				}
				if _, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(all)), config); !errors.Is(err, dumpfile.ErrStarted) {
					t.Errorf("without Resume: %v", err)
				}
				config.Resume = true
				result, err = dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(all)), config)
				if err != nil || result != (dumpfile.Loaded{Before: 160, Stored: all - 160}) {
					t.Fatalf("%+v, %v", result, err)
				}
				got := strings.SplitAfter(strings.TrimSuffix(dump(t, client, "wot"), "\n"), "\n")
				if len(got) != all+c.twice {
					t.Errorf("%d messages, want %d", len(got), all+c.twice)
				}
				slices.Sort(got)
				if len(slices.Compact(got)) != all {
					t.Errorf("some are missing")
				}
				if _, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(all)), config); !errors.Is(err, dumpfile.ErrNothingToResume) {
					t.Errorf("after the end: %v", err)
				}
			})
		})
	}
}

func TestALineThatIsRefusedIsPostedFirstWhenItWasMended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := zaqartest.DefaultLimits()
		limits.MaxMessageTTL = 3600
		_, client := clitest.Connect(t, zaqartest.WithLimits(limits))
		var told []int
		config := dumpfile.LoadConfig{
			Name: "in", State: filepath.Join(t.TempDir(), "state"),
			Report: func(line int, _ error) { told = append(told, line) },
		}
		in := strings.Replace(numbers(200), `{"ttl":3600,"body":7}`, `{"ttl":7200,"body":7}`, 1)
		result, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(in), config)
		if !errors.Is(err, zaqar.ErrInvalid) || result != (dumpfile.Loaded{Stored: 79, NotStored: 1}) || !slices.Equal(told, []int{7}) {
			t.Errorf("%+v, %v, %v", result, told, err)
		}
		config.Resume = true
		if result, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(in), config); err == nil || result != (dumpfile.Loaded{Before: 79, NotStored: 1}) {
			t.Errorf("%+v, %v", result, err)
		}
		result, err = dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(200)), config)
		if err != nil || result != (dumpfile.Loaded{Before: 79, Stored: 121}) {
			t.Errorf("%+v, %v", result, err)
		}
		got, want := strings.SplitAfter(dump(t, client, "wot"), "\n"), strings.SplitAfter(numbers(200), "\n")
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("loaded %q", got)
		}
	})
}

func TestAMistakeInALineStopsBehindTheLinesBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		config := dumpfile.LoadConfig{Name: "in", State: filepath.Join(t.TempDir(), "state")}
		result, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(3)+"hello\n"), config)
		if err == nil || !strings.HasPrefix(err.Error(), "line 4 of in: ") || result != (dumpfile.Loaded{Stored: 3}) {
			t.Errorf("%+v, %v", result, err)
		}
		config.Resume = true
		result, err = dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(5)), config)
		if err != nil || result != (dumpfile.Loaded{Before: 3, Stored: 2}) || dump(t, client, "wot") != numbers(5) {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

func TestALoadOfWhichNothingIsStoredLeavesNoState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := clitest.Connect(t)
		config := dumpfile.LoadConfig{Name: "in", State: filepath.Join(t.TempDir(), "state")}
		server.Inject(zaqartest.Fault{Kind: "message_post", Status: 403})
		if _, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(3)), config); !errors.Is(err, zaqar.ErrForbidden) {
			t.Errorf("%v", err)
		}
		result, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(3)), config)
		if err != nil || result != (dumpfile.Loaded{Stored: 3}) {
			t.Errorf("%+v, %v", result, err)
		}

		// But if something may be stored, that is not forgotten.
		server.Inject(zaqartest.Fault{Kind: "message_post", Status: 503})
		if _, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(3)), config); !errors.Is(err, zaqar.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		if _, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(3)), config); !errors.Is(err, dumpfile.ErrStarted) {
			t.Errorf("%v", err)
		}
	})
}

func TestAnotherDumpOrAnotherQueueIsNotResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		config := dumpfile.LoadConfig{Name: "in", State: filepath.Join(t.TempDir(), "state")}
		if _, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(3)+"hello\n"), config); err == nil {
			t.Fatal("no error")
		}
		config.Resume = true
		for name, c := range map[string]struct{ queue, in string }{
			"another queue":  {"other", numbers(5)},
			"another dump":   {"wot", strings.Replace(numbers(5), ":2}", ":22}", 1)},
			"another order":  {"wot", "{\"ttl\":3600,\"body\":2}\n{\"ttl\":3600,\"body\":1}\n{\"ttl\":3600,\"body\":3}\n"},
			"a shorter dump": {"wot", numbers(2)},
		} {
			result, err := dumpfile.Load(t.Context(), client, c.queue, strings.NewReader(c.in), config)
			if !errors.Is(err, dumpfile.ErrOther) || result.Stored != 0 {
				t.Errorf("%s: %+v, %v", name, result, err)
			}
		}
		if got := dump(t, client, "wot"); got != numbers(3) {
			t.Errorf("stored %q", got)
		}
		if err := os.WriteFile(config.State, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(5)), config); err == nil || !strings.Contains(err.Error(), "is not the state") {
			t.Errorf("%v", err)
		}
	})
}

func TestAnInterruptedLoadSavesTheBatchThatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := clitest.Connect(t)
		server.Inject(zaqartest.Fault{Kind: "message_post", Skip: 1, Delay: 5 * time.Second})
		interrupted := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(interrupted) })
		config := dumpfile.LoadConfig{Name: "in", State: filepath.Join(t.TempDir(), "state")}
		result, err := dumpfile.Load(ctx, client, "wot", strings.NewReader(numbers(400)), config)
		if !errors.Is(err, interrupted) || result != (dumpfile.Loaded{Stored: 160}) {
			t.Errorf("%+v, %v", result, err)
		}
		config.Resume = true
		result, err = dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(400)), config)
		if err != nil || result != (dumpfile.Loaded{Before: 160, Stored: 240}) || dump(t, client, "wot") != numbers(400) {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

func TestAnInterruptedLoadDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := clitest.Connect(t)
		server.Inject(zaqartest.Fault{Kind: "message_post", Skip: 1, Times: -1, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		result, err := dumpfile.Load(ctx, client, "wot", strings.NewReader(numbers(400)), dumpfile.LoadConfig{Name: "in", State: filepath.Join(t.TempDir(), "state")})
		if !errors.Is(err, context.DeadlineExceeded) || result != (dumpfile.Loaded{Stored: 80, Unknown: 80}) {
			t.Errorf("%+v, %v", result, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestADumpHasTheClaimedAndTheDelayedMessagesToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		queue, err := client.CreateQueue(t.Context(), "wot", zaqar.Reserved{DefaultMessageDelay: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []zaqar.Outgoing{{Body: 1}, {Body: 2}, {Body: 3, Delay: time.Minute}} {
			if _, err := queue.Post(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		if _, err := queue.Claim(t.Context(), zaqar.Limit(1)); err != nil {
			t.Fatal(err)
		}
		if got := dump(t, client, "wot"); got != numbers(3) {
			t.Errorf("dumped %q", got)
		}
		var free bytes.Buffer
		count, err := dumpfile.Dump(t.Context(), client, "wot", &free, dumpfile.DumpConfig{FreeOnly: true, IDs: true})
		if err != nil || count != 1 || !strings.HasPrefix(free.String(), `{"id":"`) || !strings.HasSuffix(free.String(), `,"ttl":3600,"body":2}`+"\n") {
			t.Errorf("%d, %q, %v", count, &free, err)
		}
	})
}

func TestADumpThatFailsSaysSoInItsLastLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := clitest.Connect(t)
		if _, err := dumpfile.Load(t.Context(), client, "wot", strings.NewReader(numbers(50)), dumpfile.LoadConfig{Name: "in"}); err != nil {
			t.Fatal(err)
		}
		server.Inject(zaqartest.Fault{Kind: "message_list", Skip: 1, Times: -1, Status: 403})
		var out bytes.Buffer
		count, err := dumpfile.Dump(t.Context(), client, "wot", &out, dumpfile.DumpConfig{MarkIncomplete: true})
		if !errors.Is(err, zaqar.ErrForbidden) || count != 20 {
			t.Errorf("%d, %v", count, err)
		}
		result, err := dumpfile.Load(t.Context(), client, "copy", &out, dumpfile.LoadConfig{Name: "in"})
		if err == nil || !strings.Contains(err.Error(), "line 21 of in: it says \"the dump is not complete") || result.Stored != 20 {
			t.Errorf("%+v, %v", result, err)
		}
	})
}
