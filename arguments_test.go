package zaqar_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
)

func TestBadArgumentsAreRefusedBeforeTheWire(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(200, "{}")
	client := clienttest.Over(t, server)
	q := client.Queue("wot")
	ctx := t.Context()
	post := func(body any) error { _, err := q.Post(ctx, body); return err }
	claim := func(o zaqar.ClaimOption) error { _, err := q.Claim(ctx, o); return err }
	list := func(o zaqar.MessagesOption) error {
		for _, err := range q.Messages(ctx, o) {
			return err
		}
		return nil
	}
	create := func(o zaqar.CreateOption) error { _, err := client.CreateQueue(ctx, "wot", o); return err }
	second := func(_ any, err error) error { return err }
	var noMessage *zaqar.Outgoing
	_, nothing := q.Post(ctx)
	for argument, err := range map[string]error{
		"bodies":            nothing,
		"message 0 is nil":  post(nil),
		"a nil *Outgoing":   post(noMessage),
		"not a body":        post(&zaqar.Message{}),
		"message 0 cannot":  post(make(chan int)),
		"not valid UTF-8":   post(map[string]any{"\\ufffd �": []string{"\xff"}}),
		"encoded as JSON":   post(json.RawMessage("{")),
		"TTL must":          post(zaqar.Outgoing{TTL: time.Second}),
		"at least 1m0s":     post(zaqar.Outgoing{TTL: 90*time.Second + 1}),
		"Delay must":        post(zaqar.Outgoing{Delay: -time.Second}),
		"TTL must be":       claim(zaqar.TTL(59 * time.Second)),
		"Grace must":        claim(zaqar.Grace(time.Second)),
		"Limit must":        claim(zaqar.Limit(0)),
		"Limit must be":     list(zaqar.Limit(-1)),
		"PageSize must":     list(zaqar.PageSize(1)),
		"message id 1":      list(zaqar.IDs{"a", ""}),
		"ClaimID is empty":  list(zaqar.ClaimID("")),
		"n must":            second(q.Pop(ctx, 0)),
		"message id 0":      second(q.Message(ctx, "")),
		"claim id is empty": second(q.ClaimByID(ctx, "")),
		"given once":        q.DeleteMessage(ctx, "m", zaqar.ClaimID("a"), zaqar.ClaimID("b")),
		"metadata":          create(zaqar.Content{"a": make(chan int)}),
		"_default_message":  create(zaqar.Reserved{DefaultMessageTTL: time.Second}),
		"queue name":        client.Queue("a b").Delete(ctx),
		`start with "/"`:    second(client.Conn().Get(ctx, "v2/queues")),
	} {
		if e, ok := errors.AsType[*zaqar.ArgumentError](err); !ok || !strings.Contains(e.Error(), argument) {
			t.Errorf("%s: %v", argument, err)
		}
	}
	if server.Count() != 0 {
		t.Errorf("%d requests were sent, the last %v", server.Count(), server.Last(t))
	}
}
