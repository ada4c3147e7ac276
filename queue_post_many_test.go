package zaqar_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestPostManyPostsEachMessageOfASlice(t *testing.T) {
	t.Parallel()
	srv, client := clienttest.InMemory(t, zaqar.WithProject("p"))
	q := client.Queue("wot")
	ids, err := q.PostMany(t.Context(), []zaqar.Outgoing{{Body: 1}, {Body: []int{2, 3}, TTL: 5 * time.Minute}, {}})
	messages := srv.Messages("p", "wot")
	if err != nil || len(messages) != 3 || string(messages[1].Body) != "[2,3]" || string(messages[2].Body) != "null" {
		t.Fatalf("it stored %v, %v", messages, err)
	}
	for i, m := range messages {
		if m.ID != ids[i] {
			t.Errorf("message %d: %s is stored as %s", i, ids[i], m.ID)
		}
	}
	if _, err := q.PostMany(t.Context(), nil); !errors.Is(err, zaqar.ErrInvalid) {
		t.Errorf("without messages: %v", err)
	}
}

func TestAListOfMessagesIsNoBody(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(http.StatusInternalServerError, "")
	q := clienttest.Over(t, server).Queue("wot")
	one := zaqar.Outgoing{Body: 1}
	message, err := zaqar.NewMessage(zaqar.MessageFields{})
	if err != nil {
		t.Fatal(err)
	}
	type list []zaqar.Outgoing
	for remedy, bodies := range map[string][]any{
		"use PostMany, or Publish them one by one": {
			[]zaqar.Outgoing{one},
			[]*zaqar.Outgoing{&one},
			[1]zaqar.Outgoing{one},
			&[]zaqar.Outgoing{one},
			list{one},
			[]zaqar.Outgoing{},
			map[string]zaqar.Outgoing{"a": one},
			[]any{1, one},
			[]any{1, []any{&one}},
			zaqar.Outgoing{Body: one},
			zaqar.Outgoing{Body: []zaqar.Outgoing{one}},
		},
		"post its Body()": {message, []*zaqar.Message{message}, []any{message}, zaqar.Outgoing{Body: message}, q, map[string]*zaqar.Queue{}},
	} {
		for _, body := range bodies {
			for by, err := range map[string]error{
				"Post":    errorOf(q.Post(t.Context(), body)),
				"Publish": q.Publisher(zaqar.PublisherConfig{}).Publish(t.Context(), body).Err(),
			} {
				if !errors.Is(err, zaqar.ErrInvalid) || !strings.Contains(err.Error(), remedy) {
					t.Errorf("%s(%T): %v", by, body, err)
				}
			}
		}
	}
	if server.Count() != 0 {
		t.Errorf("%d requests were sent", server.Count())
	}
}

func errorOf(_ []string, err error) error { return err }

func TestOrdinaryBodiesAreNotTakenForMessages(t *testing.T) {
	t.Parallel()
	type tree map[string]tree
	type forever []forever
	srv, client := clienttest.InMemory(t, zaqar.WithProject("p"))
	bodies := []any{tree{"a": {}}, forever{nil}, []any{nil, 1, []any{}}, [][][][][][][][][]int{}, struct{ Outgoing int }{1}, (*int)(nil)}
	if _, err := client.Queue("wot").Post(t.Context(), bodies...); err != nil || len(srv.Messages("p", "wot")) != len(bodies) {
		t.Errorf("%d are stored, %v", len(srv.Messages("p", "wot")), err)
	}
}

func TestA502AfterALargePostIsExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status, messages int
		explained        bool
	}{
		{502, zaqar.DefaultBatchMessages, false}, {502, zaqar.DefaultBatchMessages + 1, true}, {503, 1000, false},
	} {
		server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
			return &transport.Response{Status: c.status, Body: []byte("<html>502 Bad Gateway</html>")}, nil
		}}
		_, err := clienttest.Over(t, server).Queue("wot").Post(t.Context(), slices.Repeat([]any{1}, c.messages)...)
		e := clienttest.AsError(t, err)
		if !errors.Is(err, zaqar.ErrUnavailable) || !e.MayHaveActed() || strings.Contains(err.Error(), "most likely all messages are stored") != c.explained {
			t.Errorf("%d to %d messages: %v", c.status, c.messages, err)
		}
	}
}

func TestA502OverTheWebSocketIsNotExplainedByAProxy(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	for _, allowed := range []bool{false, true} {
		client, err := zaqar.Connect(t.Context(), srv.WebSocketURL(), zaqar.WithProject("p"),
			zaqar.WithRetry(zaqar.Retry{AllowDuplicates: allowed, Backoff: 1, MaxBackoff: 1}))
		if err != nil {
			t.Fatal(err)
		}
		srv.Inject(zaqartest.Fault{Kind: "message_post", Status: http.StatusBadGateway})
		_, err = client.Queue("wot").Post(t.Context(), slices.Repeat([]any{1}, 200)...)
		if !allowed && (!errors.Is(err, zaqar.ErrUnavailable) || strings.Contains(err.Error(), "proxy")) || allowed && err != nil {
			t.Errorf("duplicates allowed: %v; the error is %v", allowed, err)
		}
		_ = client.Close()
	}
}
