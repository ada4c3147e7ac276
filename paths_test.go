package zaqar_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

func TestAnIDOrNameThatLeadsToAnotherPathIsRefused(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(http.StatusNoContent, "")
	client := clienttest.Over(t, server)
	ctx := t.Context()
	q := client.Queue("wot")
	second := func(_ any, err error) error { return err }
	for _, id := range []string{".", "..", "../wot", "a/../../b", `..\x`, "%2e%2e", "./"} {
		for what, err := range map[string]error{
			"message":       q.DeleteMessage(ctx, id),
			"read message":  second(q.Message(ctx, id)),
			"claim":         second(q.ClaimByID(ctx, id)),
			"subscription":  second(q.Subscription(ctx, id)),
			"queue":         client.Queue(id).Delete(ctx),
			"queue created": second(client.CreateQueue(ctx, id)),
			"dead letters":  second(client.CreateQueue(ctx, "wot", zaqar.Reserved{DeadLetterQueue: id, MaxClaimCount: 1})),
			"raw path":      second(client.Conn().Delete(ctx, "/v2/queues/wot/messages/"+id)),
		} {
			if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok {
				t.Errorf("%s %q: %v", what, id, err)
			}
		}
	}
	if server.Count() != 0 {
		t.Errorf("%s %s was sent", server.Last(t).Method, server.Last(t).Path)
	}
	// Dots in a name and in a query are nobody's path.
	for _, err := range []error{client.Queue("a..b").Delete(ctx), client.Queue("...").Delete(ctx), second(client.Conn().Get(ctx, "/v2/queues?marker=../.."))} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestWhatAServerSendsLeadsToNoOtherPath(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"/v2/queues/wot/claims/..", "/v2/queues/wot/claims/.", "/v2/queues/wot/claims/%2e%2e", "..", "/v2/queues/wot/claims/..%2F.."} {
		server := &clienttest.Scripted{}
		server.Answer = func(req *transport.Request) (*transport.Response, error) {
			reply := &transport.Response{Status: http.StatusNoContent, Header: http.Header{}}
			if req.Method == http.MethodPost {
				reply.Status, reply.Header = http.StatusCreated, http.Header{"Location": {location}}
				reply.Body = []byte(`{"messages":[{"id":"..","ttl":60,"age":0,"body":1}]}`)
			}
			return reply, nil
		}
		claim, err := clienttest.Over(t, server).Queue("wot").Claim(t.Context())
		if !errors.Is(err, zaqar.ErrMalformed) {
			t.Errorf("%s: %v", location, err)
		}
		if err := claim.Release(t.Context()); err != nil || server.Count() != 1 {
			t.Errorf("%s: releasing sent %d requests, %v", location, server.Count()-1, err)
		}
	}
	// One odd id does not hide its neighbours, and nothing is sent for it.
	server := clienttest.Says(200, `{"messages":[{"id":"..","ttl":60,"age":0,"body":1},{"id":"b","ttl":60,"age":0,"body":1}],"links":[]}`)
	messages, err := zaqar.Collect(clienttest.Over(t, server).Queue("wot").Messages(t.Context(), zaqar.Limit(2)))
	if err != nil || len(messages) != 2 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	if err := messages[0].Delete(t.Context()); !errors.Is(err, zaqar.ErrInvalid) || server.Count() != 1 {
		t.Errorf("deleting it sent %d requests: %v", server.Count()-1, err)
	}
	queues, err := zaqar.Collect(clienttest.Over(t, clienttest.Says(200, `{"queues":[{"name":"a","href":"/v2/queues/../flavors"}],"links":[]}`)).Queues(t.Context()))
	if err != nil || len(queues) != 1 || queues[0].Href() != "/v2/queues/a" {
		t.Errorf("listed %v, %v", queues, err)
	}
}
