package zaqar_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

func TestIDsAreEscapedInPathsAndRepeatedInQueries(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(204, "")
	q := clienttest.Over(t, server).Queue("wot")
	if err := q.DeleteMessage(t.Context(), "a/b?c", zaqar.ClaimID("d&e")); err != nil {
		t.Fatal(err)
	}
	if req := server.Last(t); req.Path != "/v2/queues/wot/messages/a%2Fb%3Fc" || req.Query.Encode() != "claim_id=d%26e" {
		t.Errorf("sent %s?%s", req.Path, req.Query.Encode())
	}
	if err := q.DeleteMessages(t.Context(), []string{"a", "b"}, zaqar.ClaimID("c"), zaqar.ClaimID("d")); err != nil {
		t.Fatal(err)
	}
	if got := server.Last(t).Query.Encode(); got != "claim_ids=c&claim_ids=d&ids=a&ids=b" {
		t.Errorf("sent %s", got)
	}
}

func TestADeletionThatFailsHalfwaySaysHowFarItCame(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(204, "")
	healthy := server.Answer
	server.Answer = func(req *transport.Request) (*transport.Response, error) {
		if server.Count() == 3 {
			return &transport.Response{Status: 503}, nil
		}
		return healthy(req)
	}
	err := clienttest.Over(t, server, zaqar.NoRetry()).Queue("wot").DeleteMessages(t.Context(), slices.Repeat([]string{"m"}, 65))
	if err == nil || !strings.Contains(err.Error(), "the first 40 of 65") || !zaqar.SafeToRetry(err) {
		t.Errorf("the error is %v", err)
	}
}

func TestUnknownFieldsAndFractionsAreTaken(t *testing.T) {
	t.Parallel()
	const message = `{"id":"m","href":"/v2/queues/wot/messages/m","ttl":60.5,"age":1.25,"body":{"a":1},"claim_count":2,"checksum":"MD5:x","brand_new":{"x":[1]}}`
	q := clienttest.Over(t, clienttest.Says(200, message)).Queue("wot")
	m, err := q.Message(t.Context(), "m")
	if err != nil || m.Age() != 1250*time.Millisecond || m.ClaimCount() != 2 || m.Checksum() != "MD5:x" {
		t.Errorf("message %v, %v", m, err)
	}
	stats, err := clienttest.Over(t, clienttest.Says(200, `{"messages":{"claimed":1,"free":-1,"total":0,"novel":1},"other":2}`)).Queue("wot").Stats(t.Context())
	if err != nil || stats.Free != -1 {
		t.Errorf("stats %v, %v", stats, err)
	}
}

func TestAServiceErrorIsNotAMissingMessage(t *testing.T) {
	t.Parallel()
	q := clienttest.Over(t, clienttest.Says(503, ""), zaqar.NoRetry()).Queue("wot")
	if m, err := q.Message(t.Context(), "m"); err == nil || m != nil {
		t.Errorf("%v, %v", m, err)
	}
	if exists, err := q.Exists(t.Context()); err == nil || exists {
		t.Errorf("exists %v, %v", exists, err)
	}
	for m, err := range q.Messages(t.Context(), zaqar.IDs{"m"}) {
		if err == nil || m != nil {
			t.Errorf("%v, %v", m, err)
		}
	}
}

func TestABodyThatIsNoJSONCostsOnlyItself(t *testing.T) {
	t.Parallel()
	const page = `{"messages":[{"id":"a","ttl":60,"age":0,"body":{"n":Infinity,"s":"NaN \"-Infinity"}},{"id":"b","ttl":60,"age":0,"body":1}],"links":[]}`
	var got []*zaqar.Message
	for m, err := range clienttest.Over(t, clienttest.Says(200, page)).Queue("wot").Messages(t.Context(), zaqar.Limit(2)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	if len(got) != 2 {
		t.Fatalf("%d messages", len(got))
	}
	if want := `{"n":Infinity,"s":"NaN \"-Infinity"}`; string(got[0].Body()) != want {
		t.Errorf("the body is %s, want %s", got[0].Body(), want)
	}
	var v any
	if err := got[0].Decode(&v); err == nil || !strings.Contains(err.Error(), "message a of wot") {
		t.Errorf("decoding says %v", err)
	}
	if err := got[1].Decode(&v); err != nil {
		t.Error(err)
	}
}
