package zaqar_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAClaimSendsBothTimesAndItsLimitInTheQuery(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(204, "")
	q := clienttest.Over(t, server).Queue("wot")
	for _, c := range []struct {
		options     []zaqar.ClaimOption
		query, body string
	}{
		{nil, "", `{"grace":60,"ttl":300}`},
		{[]zaqar.ClaimOption{zaqar.Limit(5)}, "limit=5", `{"grace":60,"ttl":300}`},
		{[]zaqar.ClaimOption{zaqar.TTL(2 * time.Minute), zaqar.Grace(90 * time.Second)}, "", `{"grace":90,"ttl":120}`},
	} {
		if _, err := q.Claim(t.Context(), c.options...); err != nil {
			t.Fatal(err)
		}
		req := server.Last(t)
		if req.Query.Encode() != c.query || string(req.Body) != c.body {
			t.Errorf("sent ?%s %s, want ?%s %s", req.Query.Encode(), req.Body, c.query, c.body)
		}
	}
}

func TestUpdatingAClaimSendsBothTimes(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(201, `{"messages":[{"href":"/v2/queues/wot/messages/m?claim_id=c","ttl":60,"age":0,"body":1}]}`)
	claim, err := clienttest.Over(t, server).Queue("wot").Claim(t.Context(), zaqar.TTL(2*time.Minute), zaqar.Grace(90*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	server.Answer = clienttest.Says(204, "").Answer
	for _, c := range []struct {
		option zaqar.UpdateOption
		body   string
	}{
		{zaqar.TTL(3 * time.Minute), `{"grace":90,"ttl":180}`},
		{zaqar.Grace(70 * time.Second), `{"grace":70,"ttl":180}`},
	} {
		if err := claim.Update(t.Context(), c.option); err != nil {
			t.Fatal(err)
		}
		if req := server.Last(t); string(req.Body) != c.body || req.Path != "/v2/queues/wot/claims/c" || req.Method != http.MethodPatch {
			t.Errorf("sent %s %s %s, want %s", req.Method, req.Path, req.Body, c.body)
		}
	}
}

func TestAnEmptyClaimSendsNothing(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(204, "")
	claim, err := clienttest.Over(t, server).Queue("wot").Claim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = claim.Update(t.Context())
	_ = claim.Reload(t.Context())
	_ = claim.Release(t.Context())
	_ = claim.Age()
	if server.Count() != 1 {
		t.Errorf("%d requests were sent: %v", server.Count(), server.Last(t))
	}
}

func TestTheClaimIDIsReadWhereverItStands(t *testing.T) {
	t.Parallel()
	message := func(href string) string { return `{"messages":[{"href":"` + href + `","ttl":60,"age":0,"body":1}]}` }
	for _, c := range []struct{ location, body string }{
		{"/v2/queues/wot/claims/c1", message("/v2/queues/wot/messages/m?claim_id=c1")},
		{"http://elsewhere/prefix/v2/queues/wot/claims/c1", message("/v2/queues/wot/messages/m")},
		{"", message("/v2/queues/wot/messages/m?claim_id=c1")},
		{"", message("/v2/queues/wot/messages/m?x=y=z&claim_id=c1&more")},
	} {
		server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
			h := http.Header{}
			h.Set("Location", c.location)
			return &transport.Response{Status: 201, Header: h, Body: []byte(c.body)}, nil
		}}
		claim, err := clienttest.Over(t, server).Queue("wot").Claim(t.Context())
		if err != nil || claim.ID() != "c1" || claim.Messages()[0].ID() != "m" {
			t.Errorf("%q %s: %v, %v", c.location, c.body, claim, err)
		}
	}
}

func TestAClaimThatCannotBeReadCanBeReleased(t *testing.T) {
	t.Parallel()
	server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
		return &transport.Response{Status: 201, Header: http.Header{"Location": {"/v2/queues/wot/claims/c"}}, Body: []byte(`{"messages":[{"cut`)}, nil
	}}
	claim, err := clienttest.Over(t, server).Queue("wot").Claim(t.Context())
	if err == nil || claim == nil || claim.ID() != "c" || claim.Empty() {
		t.Fatalf("claim %v, %v", claim, err)
	}
	_ = claim.Release(t.Context())
	if req := server.Last(t); req.Method != http.MethodDelete || req.Path != "/v2/queues/wot/claims/c" {
		t.Errorf("sent %s %s", req.Method, req.Path)
	}
}

func TestTheAgeOfAClaimDoesNotFreeze(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		if _, err := q.Post(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		claim, err := q.Claim(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Second)
		if claim.Age() != 90*time.Second {
			t.Errorf("after 90 s the age is %v", claim.Age())
		}
		if err := claim.Reload(t.Context()); err != nil || claim.Age() != 90*time.Second {
			t.Errorf("reloaded, the age is %v, %v", claim.Age(), err)
		}
		if err := claim.Update(t.Context()); err != nil || claim.Age() != 0 {
			t.Errorf("extended, the age is %v, %v", claim.Age(), err)
		}
		time.Sleep(claim.TTL() + time.Second)
		if err := claim.Update(t.Context()); !errors.Is(err, zaqar.ErrClaimLost) {
			t.Errorf("after its end: %v", err)
		}
	})
}
