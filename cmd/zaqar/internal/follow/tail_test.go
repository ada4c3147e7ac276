package follow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/clitest"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/dumpfile"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/follow"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func post(t *testing.T, client *zaqar.Client, queue string, bodies ...any) {
	t.Helper()
	if _, err := client.Queue(queue).Post(t.Context(), bodies...); err != nil {
		t.Fatal(err)
	}
}

// buffer is what was printed.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns the lines, joined by spaces.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(strings.Fields(b.b.String()), " ")
}

func TestTheLastMessagesArePrinted(t *testing.T) {
	for last, want := range map[int]string{0: "", 1: "5", 2: "4 5", 3: "3 4 5", 5: "1 2 3 4 5", 9: "1 2 3 4 5", follow.All: "1 2 3 4 5"} {
		synctest.Test(t, func(t *testing.T) {
			_, client := clitest.Connect(t)
			post(t, client, "wot", 1, 2, 3, 4, 5)
			var out buffer
			tail := follow.Tail{Client: client, Queues: []string{"wot"}, Printer: &follow.Printer{W: &out}, Last: last}
			if err := tail.Run(t.Context()); err != nil || out.String() != want {
				t.Errorf("the last %d are %q, %v; want %q", last, &out, err, want)
			}
		})
	}
}

func TestWhatArrivesIsPrintedOnceBehindTheLastMessages(t *testing.T) {
	for last, want := range map[int]string{0: "3 4", 1: "2 3 4", follow.All: "1 2 3 4"} {
		synctest.Test(t, func(t *testing.T) {
			_, client := clitest.Connect(t)
			post(t, client, "wot", 1, 2) // the age of these is 0 when they are listed
			var out buffer
			interrupted := errors.New("interrupted")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(10*time.Second, func() { post(t, client, "wot", 3) })
			time.AfterFunc(20*time.Second, func() { post(t, client, "wot", 4) })
			time.AfterFunc(30*time.Second, func() { cancel(interrupted) })
			tail := follow.Tail{Client: client, Queues: []string{"wot"}, Printer: &follow.Printer{W: &out}, Last: last, Follow: true}
			if err := tail.Run(ctx); !errors.Is(err, interrupted) || out.String() != want {
				t.Errorf("from the last %d: %q, %v; want %q", last, &out, err, want)
			}
		})
	}
}

func TestWhatIsPostedAsTheLastMessageIsPrintedIsPrintedToo(t *testing.T) {
	for offset := time.Duration(0); offset < 5*time.Second; offset += 370 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			_, client := clitest.Connect(t)
			time.Sleep(offset / 2)
			post(t, client, "wot", 1)
			time.Sleep(offset)
			var out buffer
			printer := &follow.Printer{W: writer(func(p []byte) (int, error) {
				if out.String() == "" {
					post(t, client, "wot", 2)
				}
				return out.Write(p)
			})}
			tail := follow.Tail{Client: client, Queues: []string{"wot"}, Printer: printer, Last: 10, Follow: true, Idle: 10 * time.Second}
			if err := tail.Run(t.Context()); err != nil || out.String() != "1 2" {
				t.Errorf("%v later: printed %q, %v", offset, &out, err)
			}
		})
	}
}

// writer is a function that is called with what is written.
type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestEachOfSeveralQueuesIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		post(t, client, "a", 1)
		post(t, client, "b", 2)
		time.Sleep(5 * time.Second)
		time.AfterFunc(time.Second, func() { post(t, client, "a", 3) })
		var out buffer
		tail := follow.Tail{
			Client: client, Queues: []string{"a", "b"}, Printer: &follow.Printer{W: &out, Prefix: true}, Last: 10, Follow: true, Idle: 5 * time.Second,
		}
		if err := tail.Run(t.Context()); err != nil || out.String() != "a: 1 b: 2 a: 3" {
			t.Errorf("printed %q, %v", &out, err)
		}
	})
}

func TestAnIdleTailWaitsForAServiceThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := clitest.Connect(t)
		post(t, client, "wot", 1)
		server.Inject(zaqartest.Fault{Kind: "message_list", Times: 5, Status: 503})
		var out buffer
		tail := follow.Tail{
			Client: client, Queues: []string{"wot"}, Printer: &follow.Printer{W: &out}, Last: follow.All, Follow: true, Idle: 50 * time.Millisecond,
		}
		if err := tail.Run(t.Context()); err != nil || out.String() != "1" {
			t.Errorf("printed %q, %v", &out, err)
		}
	})
}

func TestASavedPositionGoesOnBehindWhatWasPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		file := filepath.Join(t.TempDir(), "positions")
		run := func(last int) string {
			positions, err := follow.ReadPositions(file, dumpfile.TargetOf(t.Context(), client, ""))
			if err != nil {
				t.Fatal(err)
			}
			var out buffer
			tail := follow.Tail{
				Client: client, Queues: []string{"wot"}, Printer: &follow.Printer{W: &out}, Last: last, Follow: true, Idle: 5 * time.Second, Positions: positions,
			}
			if err := tail.Run(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
			return out.String()
		}
		post(t, client, "wot", 1, 2, 3)
		time.Sleep(time.Minute)
		if got := run(1); got != "3" {
			t.Errorf("first %q", got)
		}
		post(t, client, "wot", 4, 5)
		if got := run(1); got != "4 5" {
			t.Errorf("then %q", got)
		}
		if got := run(follow.All); got != "" {
			t.Errorf("at last %q", got)
		}
	})
}

func TestWhatComesBetweenTwoRunsWithoutMessagesIsNotMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		file := filepath.Join(t.TempDir(), "positions")
		for _, want := range []string{"", "1"} {
			positions, err := follow.ReadPositions(file, dumpfile.TargetOf(t.Context(), client, ""))
			if err != nil {
				t.Fatal(err)
			}
			var out buffer
			tail := follow.Tail{Client: client, Queues: []string{"wot"}, Printer: &follow.Printer{W: &out}, Follow: true, Idle: 5 * time.Second, Positions: positions}
			if err := tail.Run(t.Context()); err != nil || out.String() != want {
				t.Errorf("printed %q, %v; want %q", &out, err, want)
			}
			time.Sleep(time.Minute)
			post(t, client, "wot", 1)
			time.Sleep(time.Minute)
		}
	})
}

func TestPositionsAreSavedWhileTheTailRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		file := filepath.Join(t.TempDir(), "positions")
		positions, err := follow.ReadPositions(file, dumpfile.TargetOf(t.Context(), client, ""))
		if err != nil {
			t.Fatal(err)
		}
		post(t, client, "wot", 1)
		time.AfterFunc(3*time.Second, func() { // as if the process was killed now
			saved, err := follow.ReadPositions(file, dumpfile.TargetOf(t.Context(), client, ""))
			if err != nil {
				t.Error(err)
			}
			if at, ok := saved.Of("wot"); !ok || at.IsZero() {
				t.Errorf("saved %v, %v", at, ok)
			}
		})
		var out buffer
		tail := follow.Tail{
			Client: client, Queues: []string{"wot"}, Printer: &follow.Printer{W: &out}, Last: follow.All, Follow: true, Idle: 10 * time.Second, Positions: positions,
		}
		if err := tail.Run(t.Context()); err != nil || out.String() != "1" {
			t.Errorf("printed %q, %v", &out, err)
		}
	})
}

func TestAFileThatHoldsNoPositionsOfThisServerIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "positions")
	for text, want := range map[string]string{
		"hello": "does not hold the positions of zaqar tail",
		"{}":    "does not hold the positions of zaqar tail",
		`{"zaqar_positions":1,"endpoint":"http://elsewhere","queues":{}}`:              "holds positions at http://elsewhere, not at http://here, project demo; use another file",
		`{"zaqar_positions":1,"endpoint":"http://here","project":"other","queues":{}}`: "holds positions at http://here, project other, not at http://here, project demo; use another file",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := follow.ReadPositions(file, dumpfile.Target{Endpoint: "http://here", Project: "demo"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAPositionThatCannotBeSavedEndsTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := clitest.Connect(t)
		positions, err := follow.ReadPositions(filepath.Join(t.TempDir(), "none", "positions"), dumpfile.TargetOf(t.Context(), client, ""))
		if err != nil {
			t.Fatal(err)
		}
		tail := follow.Tail{Client: client, Queues: []string{"wot"}, Printer: &follow.Printer{W: io.Discard}, Follow: true, Positions: positions}
		if err := tail.Run(t.Context()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v", err)
		}
	})
}

func TestAReaderThatGoesAwayEndsTheTail(t *testing.T) {
	for _, following := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			_, client := clitest.Connect(t)
			post(t, client, "wot", 1, 2)
			tail := follow.Tail{Client: client, Queues: []string{"wot"}, Printer: &follow.Printer{W: closed{}}, Last: follow.All, Follow: following}
			if err := tail.Run(t.Context()); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%v", err)
			}
		})
	}
}

// closed is a writer whose reader has gone away.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAMessageIsOneLine(t *testing.T) {
	for _, c := range []struct{ format, body, want string }{
		{"body", "{\n \"a\":\t1 }", `{"a":1}`},
		{"body", `"two\nlines"`, `"two\nlines"`},
		{"raw", `"two words"`, `two words`},
		{"raw", `null`, `null`},
		{"raw", `12345678901234567890`, `12345678901234567890`},
		{"json", `[1.10]`, `{"queue":"queue","id":"message","age":0,"ttl":3600,"body":[1.10]}`},
		{"body", "\"\u202e \u009b31m é\"", `"\u202e \u009b31m é"`},
		{"raw", `"\u001b[31m\u0007"`, `\u001b[31m\u0007`},
	} {
		m, err := zaqar.NewMessage(zaqar.MessageFields{Body: json.RawMessage(c.body)})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		printer := follow.Printer{W: &out, Format: c.format, Terminal: true}
		if err := printer.Print(m); err != nil || out.String() != c.want+"\n" {
			t.Errorf("%s of %s is %s, %v; want %s", c.format, c.body, &out, err, c.want)
		}
	}
}
