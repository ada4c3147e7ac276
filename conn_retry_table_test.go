package zaqar_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// faultColumns are the faults of the table, each of which happens once.
var faultColumns = []struct {
	name  string
	fault zaqartest.Fault
	fresh bool // on a new connection
}{
	{name: "503", fault: zaqartest.Fault{Status: 503}},
	{name: "503+", fault: zaqartest.Fault{Status: 503, After: true}},
	{name: "503@20", fault: zaqartest.Fault{Status: 503, Header: http.Header{"Retry-After": {"20"}}}},
	{name: "502+", fault: zaqartest.Fault{
		Status: 502, After: true, Body: "<html><title>502 Bad Gateway</title></html>", Header: http.Header{"Content-Type": {"text/html"}},
	}},
	{name: "504+", fault: zaqartest.Fault{Status: 504, After: true}},
	{name: "500+", fault: zaqartest.Fault{Status: 500, After: true}},
	{name: "408", fault: zaqartest.Fault{Status: 408}},
	{name: "425", fault: zaqartest.Fault{Status: 425}},
	{name: "429", fault: zaqartest.Fault{Status: 429}},
	{name: "429@20", fault: zaqartest.Fault{Status: 429, Header: http.Header{"Retry-After": {"20"}}}},
	{name: "cut", fault: zaqartest.Fault{Cut: true}, fresh: true},
	{name: "cut+", fault: zaqartest.Fault{Cut: true, After: true}, fresh: true},
	{name: "stale", fault: zaqartest.Fault{Cut: true}},
	{name: "hang", fault: zaqartest.Fault{Delay: time.Hour}},
	{name: "slow", fault: zaqartest.Fault{Delay: 100 * time.Second}},
}

// faultRows are the operations. An x in healed is a fault after which the call succeeds
// all the same, in the order of the columns.
var faultRows = []struct {
	kind   string
	healed string
	call   func(context.Context, *zaqar.Client, *zaqar.Queue, *zaqar.Claim) error
}{
	// 503 503+ 503@20 502+ 504+ 500+ 408 425 429 429@20 cut cut+ stale hang slow
	{"ping", "xxxxxxxxxxxxxxx", func(ctx context.Context, c *zaqar.Client, _ *zaqar.Queue, _ *zaqar.Claim) error {
		return c.Ping(ctx)
	}},
	{"queue_list", "xxxxxxxxxxxxxxx", func(ctx context.Context, c *zaqar.Client, _ *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := zaqar.Collect(c.Queues(ctx))
		return err
	}},
	{"queue_create", "xxxxx.xxxxxxxxx", func(ctx context.Context, c *zaqar.Client, _ *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := c.CreateQueue(ctx, "new")
		return err
	}},
	{"queue_get", "xxxxxxxxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := q.Metadata(ctx)
		return err
	}},
	{"queue_update", ".......xxx....x", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		m, err := q.Metadata(ctx)
		if err != nil {
			return err
		}
		return m.Set(ctx, "mood", "good")
	}},
	{"queue_delete", ".......xxx....x", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		return q.Delete(ctx)
	}},
	{"queue_purge", ".......xxx....x", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		return q.Purge(ctx)
	}},
	{"queue_get_stats", "xx.xxxxxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := q.Stats(ctx)
		return err
	}},
	{"message_post", ".......xxx....x", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := q.Post(ctx, "copy")
		return err
	}},
	{"message_list", "xxxxxxxxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := zaqar.Collect(q.Messages(ctx))
		return err
	}},
	{"message_get", "xxxxxxxxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, claim *zaqar.Claim) error {
		_, err := q.Message(ctx, claim.Messages()[0].ID())
		return err
	}},
	{"message_delete", "xxxxx.xxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, _ *zaqar.Queue, claim *zaqar.Claim) error {
		return claim.Messages()[0].Delete(ctx)
	}},
	{"message_delete_many", "xxxxx.xxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, claim *zaqar.Claim) error {
		return q.DeleteMessages(ctx, []string{claim.Messages()[0].ID()}, zaqar.ClaimID(claim.ID()))
	}},
	{"message_pop", ".......xxx....x", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := q.Pop(ctx, 1)
		return err
	}},
	{"claim_create", ".......xxx....x", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := q.Claim(ctx, zaqar.Limit(1))
		return err
	}},
	{"claim_get", "xxxxxxxxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, _ *zaqar.Queue, claim *zaqar.Claim) error {
		return claim.Reload(ctx)
	}},
	{"claim_update", "xxxxx.xxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, _ *zaqar.Queue, claim *zaqar.Claim) error {
		return claim.Update(ctx)
	}},
	{"claim_delete", "xxxxx.xxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, _ *zaqar.Queue, claim *zaqar.Claim) error {
		return claim.Release(ctx)
	}},
	{"subscription_create", "xxxxx.xxxxxxxxx", func(ctx context.Context, _ *zaqar.Client, q *zaqar.Queue, _ *zaqar.Claim) error {
		s, err := q.CreateSubscription(ctx, zaqar.SubscriptionConfig{Subscriber: "http://127.0.0.1:1/"})
		if err == nil && !s.Created() {
			return fmt.Errorf("it does not count as created")
		}
		return err
	}},
	{"raw GET", "xxxxxxxxxxxxxxx", func(ctx context.Context, c *zaqar.Client, _ *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := c.Conn().Get(ctx, "/v2/ping")
		return err
	}},
	{"raw DELETE ?pop=1", ".......xxx....x", func(ctx context.Context, c *zaqar.Client, _ *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := c.Conn().Delete(ctx, "/v2/queues/wot/messages?pop=1")
		return err
	}},
	{"raw PUT", ".......xxx....x", func(ctx context.Context, c *zaqar.Client, _ *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := c.Conn().Put(ctx, "/v2/queues/new", nil)
		return err
	}},
	{"raw PUT, repeatable", "xxxxx.xxxxxxxxx", func(ctx context.Context, c *zaqar.Client, _ *zaqar.Queue, _ *zaqar.Claim) error {
		_, err := c.Conn().Do(ctx, &transport.Request{Method: http.MethodPut, Path: "/v2/queues/new", Repeatable: true})
		return err
	}},
}

// faultKinds are the kinds of raw calls on the embedded server.
var faultKinds = map[string]string{
	"raw GET": "ping", "raw DELETE ?pop=1": "message_pop", "raw PUT": "queue_create", "raw PUT, repeatable": "queue_create",
}

// TestEachOperationIsRepeatedAfterAFaultOnlyIfThatDoesNoHarm prints the table with -v:
// whether the call succeeded, and for what may be done twice how often it was done. A +
// after a fault means that the server acts before it fails, @20 that it asks for 20 seconds.
// A slow one answers after 100 seconds.
func TestEachOperationIsRepeatedAfterAFaultOnlyIfThatDoesNoHarm(t *testing.T) {
	var table strings.Builder
	fmt.Fprint(&table, "\n| |")
	for _, column := range faultColumns {
		fmt.Fprintf(&table, " %s |", column.name)
	}
	fmt.Fprintf(&table, "\n|---|%s", strings.Repeat("---|", len(faultColumns)))
	for _, row := range faultRows {
		fmt.Fprintf(&table, "\n| %s |", row.kind)
		for i, column := range faultColumns {
			clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
				q := client.Queue("wot")
				clienttest.PostMany(t, q, 5)
				claim, err := q.Claim(t.Context(), zaqar.Limit(1))
				if err != nil {
					t.Fatal(err)
				}
				fault := column.fault
				if fault.Kind = faultKinds[row.kind]; fault.Kind == "" {
					fault.Kind = row.kind
				}
				if column.fresh {
					srv.HTTPClient().CloseIdleConnections()
				}
				srv.Inject(fault)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
				defer cancel()
				before := time.Now()
				err = row.call(ctx, client, q, claim)
				srv.ClearFaults()
				outcome := "healed"
				if err != nil {
					outcome = "error"
					if e := clienttest.AsError(t, err); e.Attempts < 1 || e.Attempts > 1 && e.SafeToRetry() && e.MayHaveActed() && row.healed[i] == 'x' {
						t.Errorf("%s after %s: %d attempts: %v", row.kind, column.name, e.Attempts, err)
					}
				}
				if healed := err == nil; healed != (row.healed[i] == 'x') {
					t.Errorf("%s after %s: %v", row.kind, column.name, err)
				}
				if wait := time.Since(before); err == nil && strings.HasSuffix(column.name, "@20") && (wait < 20*time.Second || wait > time.Minute) {
					t.Errorf("%s after %s took %v", row.kind, column.name, wait)
				}
				if times := onlyOnce(t, srv, row.kind, column.name, outcome); times >= 0 {
					outcome += fmt.Sprint(", ", times)
				}
				fmt.Fprintf(&table, " %s |", outcome)
			})
		}
	}
	t.Log(table.String())
}

// onlyOnce checks that no operation was carried out twice: of five messages one is
// claimed, and at most one more may be posted, claimed or popped. It returns how often that
// was done, and -1 for the other operations.
func onlyOnce(t *testing.T, srv *zaqartest.Server, kind, fault, outcome string) (times int) {
	t.Helper()
	stored, copies, claimed := srv.Messages("p", "wot"), 0, 0
	for _, m := range stored {
		if string(m.Body) == `"copy"` {
			copies++
		}
		if m.ClaimID != "" {
			claimed++
		}
	}
	if copies > 1 || claimed > 2 {
		t.Errorf("%s after %s: %d copies are stored, %d messages are claimed", kind, fault, copies, claimed)
	}
	switch kind {
	case "message_post":
		times = copies
	case "claim_create":
		times = max(0, claimed-1) // the first claim may have ended
	case "message_pop", "raw DELETE ?pop=1":
		times = 5 - len(stored)
	default:
		return -1
	}
	if times > 1 || outcome == "healed" && times != 1 || strings.HasSuffix(fault, "+") && times != 1 {
		t.Errorf("%s after %s: %s, and it was done %d times", kind, fault, outcome, times)
	}
	return times
}
