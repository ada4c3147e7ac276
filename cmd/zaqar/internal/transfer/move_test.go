package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/clitest"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/transfer"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func post(t *testing.T, queue *zaqar.Queue, bodies ...any) {
	t.Helper()
	if _, err := queue.Post(t.Context(), bodies...); err != nil {
		t.Fatal(err)
	}
}

// bodies returns the bodies in a queue, in their order.
func bodies(server *zaqartest.Server, queue string) string {
	var all []string
	for _, m := range server.Messages("demo", queue) {
		all = append(all, string(m.Body))
	}
	return strings.Join(all, " ")
}

func newMove(client *zaqar.Client) *transfer.Move {
	return &transfer.Move{From: client.Queue("a"), To: client.Queue("b"), Progress: func(int) {}}
}

func TestAMoveKeepsTheOrderAndTheRestOfTheLives(t *testing.T) {
	server, client := clitest.Connect(t)
	var want []string
	for i := range 50 {
		post(t, client.Queue("a"), zaqar.Outgoing{Body: i, TTL: time.Hour})
		want = append(want, fmt.Sprint(i))
	}
	server.Advance(10 * time.Minute)
	moved, err := newMove(client).Do(t.Context())
	if err != nil || moved != 50 {
		t.Fatal(moved, err)
	}
	if got := bodies(server, "b"); got != strings.Join(want, " ") {
		t.Errorf("the order is %s", got)
	}
	if left := bodies(server, "a"); left != "" {
		t.Errorf("left: %s", left)
	}
	for _, m := range server.Messages("demo", "b") {
		if m.TTL != 50*time.Minute {
			t.Errorf("a message lives for %v, want the 50 minutes that were left", m.TTL)
		}
	}
}

func TestAMoveLeavesWhatOthersHaveClaimedAndWhatIsBeyondItsLimit(t *testing.T) {
	server, client := clitest.Connect(t)
	post(t, client.Queue("a"), 1, 2, 3, 4)
	if _, err := client.Queue("a").Claim(t.Context(), zaqar.Limit(1)); err != nil {
		t.Fatal(err)
	}
	move := newMove(client)
	move.Limit, move.TTL = 2, 5*time.Minute
	if moved, err := move.Do(t.Context()); err != nil || moved != 2 {
		t.Fatal(moved, err)
	}
	if left, there := bodies(server, "a"), bodies(server, "b"); left != "1 4" || there != "2 3" {
		t.Errorf("a has %q, b has %q", left, there)
	}
	if ttl := server.Messages("demo", "b")[0].TTL; ttl != 5*time.Minute {
		t.Errorf("the TTL is %v", ttl)
	}
}

func TestAMoveThatIsRefusedGivesTheMessagesBack(t *testing.T) {
	limits := zaqartest.DefaultLimits()
	server, client := clitest.Connect(t, zaqartest.WithLimits(limits))
	post(t, client.Queue("a"), 1, 2)
	server.Inject(zaqartest.Fault{Kind: "message_post", Status: http.StatusForbidden})
	if moved, err := newMove(client).Do(t.Context()); !errors.Is(err, zaqar.ErrForbidden) || moved != 0 {
		t.Fatal(moved, err)
	}
	if free, err := transfer.Free(t.Context(), client.Queue("a"), 0); err != nil || free != 2 {
		t.Errorf("%d messages are free, %v", free, err)
	}
}

func TestMessagesThatAreTooLargeTogetherAreMovedInParts(t *testing.T) {
	server, client := clitest.Connect(t)
	for range 8 {
		post(t, client.Queue("a"), strings.Repeat("x", 100_000))
	}
	if moved, err := newMove(client).Do(t.Context()); err != nil || moved != 8 {
		t.Fatal(moved, err)
	}
	if n := len(server.Messages("demo", "b")); n != 8 {
		t.Errorf("b has %d messages", n)
	}
}

func TestAMoveThatIsInterruptedFinishesItsBatch(t *testing.T) {
	server, client := clitest.Connect(t)
	for i := range 50 {
		post(t, client.Queue("a"), i)
	}
	ctx, cancel := context.WithCancel(t.Context())
	move := newMove(client)
	move.Progress = func(int) { cancel() }
	moved, err := move.Do(ctx)
	if !errors.Is(err, context.Canceled) || moved != transfer.Batch {
		t.Fatal(moved, err)
	}
	if a, b := len(server.Messages("demo", "a")), len(server.Messages("demo", "b")); a != 30 || b != 20 {
		t.Errorf("a has %d messages, b has %d", a, b)
	}
}
