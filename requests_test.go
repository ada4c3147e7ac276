package zaqar_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// The tests here look at what goes over the wire, where a mistake would not show
// in an answer.

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

func TestCreatingAQueueSendsOnlyWhatIsSet(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(201, "")
	client := clienttest.Over(t, server)
	for _, c := range []struct {
		options []zaqar.CreateOption
		body    string
	}{
		{nil, ""},
		{[]zaqar.CreateOption{zaqar.Reserved{}}, ""},
		{[]zaqar.CreateOption{zaqar.Reserved{Flavor: "fast", EncryptMessages: true}}, `{"_enable_encrypt_messages":true,"_flavor":"fast"}`},
		{[]zaqar.CreateOption{zaqar.Content{"a": "<&>"}, zaqar.Reserved{DefaultMessageTTL: time.Hour}}, `{"_default_message_ttl":3600,"a":"<&>"}`},
	} {
		if _, err := client.CreateQueue(t.Context(), "wot", c.options...); err != nil {
			t.Fatal(err)
		}
		if got := string(server.Last(t).Body); got != c.body {
			t.Errorf("sent %s, want %s", got, c.body)
		}
	}
}

func TestReservedReadsEveryKey(t *testing.T) {
	t.Parallel()
	const body = `{"_flavor":"fast","_default_message_ttl":61,"_default_message_delay":0,"_max_claim_count":null,"_dead_letter_queue":"dead","_enable_encrypt_messages":true,"_max_messages_post_size":262144,"own":1}`
	m, err := clienttest.Over(t, clienttest.Says(200, body)).Queue("wot").Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Reserved()
	want := zaqar.Reserved{Flavor: "fast", DefaultMessageTTL: 61 * time.Second, DeadLetterQueue: "dead", EncryptMessages: true, MaxMessagesPostSize: 262144}
	if err != nil || got != want {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestListingQueuesSendsItsFiltersAsTheyAre(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(200, `{"queues":[],"links":[]}`)
	for _, err := range clienttest.Over(t, server).Queues(t.Context(), zaqar.NameLike("^a.*b$"), zaqar.Having{"colour": "red & blue", "limit": "9"}, zaqar.Detailed(true), zaqar.Marker("a/b"), zaqar.PageSize(5)) {
		t.Errorf("something was listed, %v", err)
	}
	if got, want := server.Last(t).Query.Encode(), "colour=red+%26+blue&detailed=true&limit=5&marker=a%2Fb&name=%5Ea.%2Ab%24"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

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
	err := clienttest.Over(t, server).Queue("wot").DeleteMessages(t.Context(), slices.Repeat([]string{"m"}, 65))
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

func TestTheCountOfQueuesIsReadInItsOddForms(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		n  int
		ok bool
	}{
		`{"queues":[{"name":"a"}],"count":7}`:    {7, true},
		`{"queues":[],"links":[]}`:               {0, true},
		`{"queues":[{"name":"a"}],"count":true}`: {0, false},
		`{"queues":[{"name":"a"}]}`:              {0, false},
	} {
		n, ok, err := clienttest.Over(t, clienttest.Says(200, body)).CountQueues(t.Context())
		if n != want.n || ok != want.ok || err != nil {
			t.Errorf("%s: %d, %v, %v", body, n, ok, err)
		}
	}
}

func TestAServiceErrorIsNotAMissingMessage(t *testing.T) {
	t.Parallel()
	q := clienttest.Over(t, clienttest.Says(503, "")).Queue("wot")
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

func TestUpdatingMetadataSendsOnlyTheDifference(t *testing.T) {
	t.Parallel()
	const present = `{"gone":null,"same":{"n":1.0},"other":1,"_max_claim_count":null,"_default_message_delay":0,"_default_message_ttl":3600,"_dead_letter_queue":"dead"}`
	server := clienttest.Says(200, present)
	m, err := clienttest.Over(t, server).Queue("wot").Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = m.Update(t.Context(), map[string]any{"same": map[string]json.Number{"n": "1.0"}, "other": 2, "a/b~c": nil, "_default_message_ttl": 3600})
	if err != nil {
		t.Fatal(err)
	}
	req := server.Last(t)
	const want = `[{"op":"add","path":"/metadata/a~1b~0c","value":null},{"op":"add","path":"/metadata/other","value":2},{"op":"remove","path":"/metadata/_dead_letter_queue"},{"op":"remove","path":"/metadata/gone"}]`
	if string(req.Body) != want {
		t.Errorf("sent %s, want %s", req.Body, want)
	}
	if got := req.Header.Get("Content-Type"); got != "application/openstack-messaging-v2.0-json-patch" {
		t.Errorf("as %s", got)
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
