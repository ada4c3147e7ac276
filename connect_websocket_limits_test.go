package zaqar_test

import (
	"errors"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestSubscriptionsWorkOverTheWebSocketAsFarAsItHasThem(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	client, err := zaqar.Connect(t.Context(), srv.WebSocketURL(), zaqar.WithProject("p"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	ctx, q := t.Context(), client.Queue("wot")
	config := zaqar.SubscriptionConfig{Subscriber: webhookURL, TTL: 2 * time.Hour, Options: zaqar.SubscriptionOptions{Subject: "s"}}
	s := subscribe(t, q, config)
	if !s.Created() || s.TTL() != 2*time.Hour || s.Subscriber() != webhookURL || s.Options().Subject != "s" {
		t.Errorf("made %v, created %v, TTL %v, to %s with %v", s, s.Created(), s.TTL(), s.Subscriber(), s.Options())
	}
	// Over the WebSocket an unconfirmed subscription is a conflict, too.
	again, err := q.CreateSubscription(ctx, config)
	if !errors.Is(err, zaqar.ErrExists) || !errors.Is(err, zaqar.ErrConflict) || again == nil || again.ID() != s.ID() {
		t.Errorf("again: %v, %v", again, err)
	}
	if listed, err := zaqar.Collect(q.Subscriptions(ctx)); err != nil || len(listed) != 1 || listed[0].ID() != s.ID() {
		t.Errorf("listed %v, %v", listed, err)
	}
	for name, err := range map[string]error{
		"update": s.Update(ctx, zaqar.TTL(time.Hour)), "confirm": s.Confirm(ctx, true), "share": second(q.Share(ctx, zaqar.ShareConfig{})),
	} {
		if !errors.Is(err, zaqar.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(ctx); !errors.Is(err, zaqar.ErrNotFound) {
		t.Errorf("deleted it is %v", err)
	}
}

func TestASignedURLWorksOverTheWebSocketForMessages(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithSecretKey("key"))
	signed, err := auth.Sign("key", auth.Grant{
		Endpoint: srv.URL(), Paths: []string{"/v2/queues/wot/messages", "/v2/queues/wot/claims"},
		Methods: []string{"GET", "POST", "DELETE"}, Project: "p", Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := zaqar.Connect(t.Context(), srv.WebSocketURL(), zaqar.WithAuth(signed))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	both, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signed), zaqar.WithWebSocket(srv.WebSocketURL()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = both.Close() }()
	for _, client := range []*zaqar.Client{socket, both} {
		q := client.Queue("wot")
		if _, err := q.Post(t.Context(), "a", "b"); err != nil {
			t.Fatal(err)
		}
		if popped, err := q.Pop(t.Context(), 1); err != nil || len(popped) != 1 {
			t.Fatal(popped, err)
		}
		if found, err := zaqar.Collect(q.Messages(t.Context())); err != nil || len(found) == 0 {
			t.Fatal(found, err)
		}
	}
	// The WebSocket accepts no signed URL for claims. HTTP does.
	if _, err := socket.Queue("wot").Claim(t.Context()); !errors.Is(err, zaqar.ErrUnsupported) {
		t.Errorf("a claim over the WebSocket: %v", err)
	}
	if claim, err := both.Queue("wot").Claim(t.Context()); err != nil || claim.Size() != 2 {
		t.Errorf("a claim over both: %v, %v", claim, err)
	}
}
