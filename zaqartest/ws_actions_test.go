package zaqartest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestQueuesOverAWebSocket(t *testing.T) {
	t.Parallel()
	encodings(t, func(t *testing.T, s *socket) {
		s.call("queue_list", "").want(200).wantJSON(`{"queues":[]}`)
		if got := s.call("queue_create", `{"queue_name":"b","metadata":{"n":1,"_default_message_ttl":120}}`).want(201).get(); got != "Queue b created." {
			t.Errorf("it says %v", got)
		}
		s.call("queue_create", `{"queue_name":"b","metadata":{"n":2}}`).want(204)
		s.call("queue_create", `{"queue_name":"a"}`).want(201)
		s.call("queue_create", `{"queue_name":"c"}`).want(201)
		s.call("queue_list", `{"limit":2}`).want(200).wantJSON(`{"queues":[{"name":"a"},{"name":"b"}]}`)
		s.call("queue_list", `{"marker":"a","detailed":true}`).want(200).
			wantJSON(`{"queues":[{"name":"b","metadata":{"n":1,"_default_message_ttl":120}},{"name":"c","metadata":{}}]}`)
		s.call("queue_list", `{"marker":"nothing","limit":1}`).want(200).wantJSON(`{"queues":[{"name":"a"}]}`)
		s.call("queue_get", `{"queue_name":"b"}`).want(200).wantJSON(`{"n":1,"_default_message_ttl":120}`)
		s.call("queue_get", `{"queue_name":"nothing"}`).want(200).wantJSON(`{}`)
		s.call("queue_delete", `{"queue_name":"b"}`).want(204).wantJSON(`"Queue b removed."`)
		s.call("queue_delete", `{"queue_name":"b"}`).want(204)
		s.with("X-Project-ID", "other").call("queue_list", "").want(200).wantJSON(`{"queues":[]}`)
	})
}

func TestStatisticsOverAWebSocket(t *testing.T) {
	t.Parallel()
	encodings(t, func(t *testing.T, s *socket) {
		s.call("queue_get_stats", `{"queue_name":"q"}`).want(404).wantJSON(`{"messages":{"claimed":0,"free":0,"total":0}}`)
		s.call("queue_create", `{"queue_name":"q"}`).want(201)
		s.call("queue_get_stats", `{"queue_name":"q"}`).want(200).wantJSON(`{"messages":{"claimed":0,"free":0,"total":0}}`)
		ids := s.post(`1`, `2`)
		claim := s.call("claim_create", `{"queue_name":"q","limit":1}`).want(201).text("claim_id")
		a := s.call("queue_get_stats", `{"queue_name":"q"}`).want(200)
		if a.get("messages", "claimed") != number("1") || a.get("messages", "free") != number("1") || a.get("messages", "total") != number("2") {
			t.Errorf("statistics %s", a.body)
		}
		if a.text("messages", "oldest", "id") != ids[0] || a.text("messages", "newest", "id") != ids[1] ||
			a.text("messages", "oldest", "claim_id") != claim || a.get("messages", "newest", "claim_id") != nil ||
			a.get("messages", "newest", "href") != nil || a.get("messages", "newest", "body") != number("2") {
			t.Errorf("statistics %s", a.body)
		}
	})
}

func TestAPurgeOverAWebSocket(t *testing.T) {
	t.Parallel()
	encodings(t, func(t *testing.T, s *socket) {
		s.call("queue_purge", `{"queue_name":"q"}`).want(204).wantJSON(`{}`)
		s.post(`1`)
		s.call("queue_purge", `{"queue_name":"q","resource_types":["subscriptions","stars"]}`).want(204)
		if got := len(s.srv.Messages("p", "q")); got != 1 {
			t.Errorf("%d messages are left", got)
		}
		s.call("queue_purge", `{"queue_name":"q"}`).want(204)
		if got := len(s.srv.Messages("p", "q")); got != 0 {
			t.Errorf("%d messages are left", got)
		}
	})
}

func TestMessagesOverAWebSocket(t *testing.T) {
	t.Parallel()
	encodings(t, func(t *testing.T, s *socket) {
		s.call("message_list", `{"queue_name":"q"}`).wantException(404, "Queue q")
		ids := s.post(`{"z":1,"a":[12345678901234567,"é",null]}`, `2`, `"three"`)
		a := s.call("message_list", `{"queue_name":"q","echo":true}`).want(200)
		if a.bodies() != `{"z":1,"a":[12345678901234567,"é",null]} 2 "three"` {
			t.Errorf("listed %s", a.body)
		}
		s.call("message_list", `{"queue_name":"q"}`).want(200).wantJSON(`{"messages":[]}`)
		if got := s.with("Client-ID", bob).call("message_list", `{"queue_name":"q","limit":1,"marker":"`+ids[0]+`"}`).want(200); got.bodies() != "2" {
			t.Errorf("listed %s", got.body)
		}
		s.call("message_get", `{"queue_name":"q","message_id":"`+ids[1]+`"}`).want(200).
			wantJSON(`{"messages":{"id":"` + ids[1] + `","claim_id":null,"ttl":3600,"age":0,"body":2}}`)
		s.call("message_get", `{"queue_name":"q","message_id":"nothing"}`).wantException(404, "nothing")
		s.call("message_get", `{"queue_name":"other","message_id":"`+ids[1]+`"}`).want(404)
		a = s.call("message_get_many", `{"queue_name":"q","message_ids":["`+ids[2]+`","nothing","`+ids[0]+`"]}`).want(200)
		if a.text("messages", 0, "id") != ids[2] || a.text("messages", 1, "id") != ids[0] {
			t.Errorf("found %s", a.body)
		}
		s.call("message_get_many", `{"queue_name":"other","message_ids":["`+ids[2]+`"]}`).want(200).wantJSON(`{"messages":[]}`)
		s.call("message_delete", `{"queue_name":"q","message_id":"`+ids[0]+`"}`).want(204).wantJSON(`{}`)
		s.call("message_delete", `{"queue_name":"q","message_id":"`+ids[0]+`"}`).want(204)
		s.call("message_delete_many", `{"queue_name":"q","message_ids":["`+ids[1]+`","`+ids[0]+`"]}`).want(204).wantJSON(`{}`)
		a = s.call("message_delete_many", `{"queue_name":"q","pop":5}`).want(200)
		if a.text("messages", 0, "id") != ids[2] || a.get("messages", 0, "body") != "three" || a.text("messages", 0, "claim_id") == "" {
			t.Errorf("popped %s", a.body)
		}
		s.call("message_delete_many", `{"queue_name":"q","pop":5}`).want(200).wantJSON(`{"messages":[]}`)
	})
}

func TestADelayIsDroppedOverAWebSocket(t *testing.T) {
	t.Parallel()
	s := start(t).socket()
	s.call("queue_create", `{"queue_name":"q","metadata":{"_default_message_delay":60,"_default_message_ttl":100}}`).want(201)
	s.call("message_post", `{"queue_name":"q","messages":[{"body":1,"delay":800},{"body":2,"ttl":200}]}`).want(201)
	for i, want := range []time.Duration{100 * time.Second, 200 * time.Second} {
		if m := s.srv.Messages("p", "q")[i]; !m.DelayedUntil.IsZero() || m.TTL != want {
			t.Errorf("stored %+v", m)
		}
	}
}

func TestDelayedMessagesAreListedOnDemandOverAWebSocket(t *testing.T) {
	t.Parallel()
	c := start(t)
	s := c.socket()
	s.call("queue_create", `{"queue_name":"q","metadata":{"_default_message_delay":60}}`).want(201)
	c.post(`1`)
	s.call("message_list", `{"queue_name":"q","echo":true}`).want(200).wantJSON(`{"messages":[]}`)
	if a := s.call("message_list", `{"queue_name":"q","echo":true,"include_delayed":true}`).want(200); a.bodies() != "1" {
		t.Errorf("listed %s", a.body)
	}
}

func TestClaimsOverAWebSocket(t *testing.T) {
	t.Parallel()
	encodings(t, func(t *testing.T, s *socket) {
		if id := s.call("claim_create", `{"queue_name":"q"}`).want(204).text("claim_id"); id == "" {
			t.Error("an empty claim has no id")
		}
		ids := s.post(`1`, `2`, `3`)
		a := s.call("claim_create", `{"queue_name":"q","limit":2,"ttl":100,"grace":60}`).want(201)
		claim := a.text("claim_id")
		if a.bodies() != "1 2" || a.text("messages", 0, "claim_id") != claim || a.text("messages", 1, "id") != ids[1] {
			t.Errorf("claimed %s", a.body)
		}
		s.call("message_list", `{"queue_name":"q","echo":true,"include_claimed":true}`).want(200).wantJSON(
			`{"messages":[` + strings.Join([]string{
				`{"id":"` + ids[0] + `","claim_id":null,"ttl":3600,"age":0,"body":1}`,
				`{"id":"` + ids[1] + `","claim_id":null,"ttl":3600,"age":0,"body":2}`,
				`{"id":"` + ids[2] + `","claim_id":null,"ttl":3600,"age":0,"body":3}`,
			}, ",") + `]}`)
		if a := s.call("message_list", `{"queue_name":"q","echo":true}`).want(200); a.bodies() != "3" {
			t.Errorf("listed %s", a.body)
		}
		a = s.call("claim_get", `{"queue_name":"q","claim_id":"`+claim+`"}`).want(200)
		if a.get("ttl") != number("100") || a.get("age") != number("0") || a.bodies() != "1 2" ||
			a.text("messages", 0, "claim_id") != claim || a.get("id") != nil {
			t.Errorf("the claim is %s", a.body)
		}
		one := `{"queue_name":"q","message_id":"` + ids[0] + `"`
		s.call("message_delete", one+`}`).wantException(403, "claimed")
		s.call("message_delete", one+`,"claim_id":"nonsense"}`).wantException(400, "claim")
		s.call("message_delete", `{"queue_name":"q","message_id":"`+ids[2]+`","claim_id":"`+claim+`"}`).wantException(400, "not claimed")
		s.call("message_delete", one+`,"claim_id":"`+claim+`"}`).want(204)
		s.call("claim_update", `{"queue_name":"q","claim_id":"`+claim+`","ttl":200,"grace":1}`).want(204).wantJSON(`"Claim ` + claim + ` updated."`)
		s.srv.Advance(150 * time.Second)
		if a := s.call("claim_get", `{"queue_name":"q","claim_id":"`+claim+`"}`).want(200); a.get("age") != number("150") || a.bodies() != "2" {
			t.Errorf("the claim is %s", a.body)
		}
		s.call("claim_delete", `{"queue_name":"q","claim_id":"`+claim+`"}`).want(204).wantJSON(`"Claim ` + claim + ` deleted."`)
		s.call("claim_delete", `{"queue_name":"q","claim_id":"`+claim+`"}`).want(204)
		s.call("claim_get", `{"queue_name":"q","claim_id":"`+claim+`"}`).wantException(404, "claim")
		s.call("claim_update", `{"queue_name":"q","claim_id":"`+claim+`"}`).wantException(404, "claim")
	})
}

func TestAGuardedServerWantsClaimsOverAWebSocket(t *testing.T) {
	t.Parallel()
	s := start(t, zaqartest.WithClaimGuardedBulkDelete(true)).socket()
	ids := s.post(`1`)
	claim := s.call("claim_create", `{"queue_name":"q"}`).want(201).text("claim_id")
	request := `{"queue_name":"q","message_ids":["` + ids[0] + `"]`
	s.call("message_delete_many", request+`}`).wantException(400, "claim_ids")
	s.call("message_delete_many", request+`,"claim_ids":["nonsense"]}`).want(400)
	s.call("message_delete_many", request+`,"claim_ids":["`+claim+`"]}`).want(204)
}

func TestChecksumsOverAWebSocket(t *testing.T) {
	t.Parallel()
	s := start(t, zaqartest.WithChecksums(true)).socket()
	s.post(`1`, `2`)
	if got := s.call("queue_get_stats", `{"queue_name":"q"}`).want(200).text("messages", "oldest", "checksum"); got != "MD5:c4ca4238a0b923820dcc509a6f75849b" {
		t.Errorf("checksum %s", got)
	}
	if got := s.call("message_delete_many", `{"queue_name":"q","pop":1}`).want(200).text("messages", 0, "checksum"); got != "MD5:c4ca4238a0b923820dcc509a6f75849b" {
		t.Errorf("checksum %s", got)
	}
}

func TestLimitsHoldOverAWebSocket(t *testing.T) {
	t.Parallel()
	limits := zaqartest.DefaultLimits()
	limits.MaxMessagesPostSize, limits.MaxQueueMetadata = 1000, 100
	s := start(t, zaqartest.WithLimits(limits)).socket()
	long := strings.Repeat("x", 1000)
	many := `["` + strings.Repeat(`a","`, 20) + `a"]`
	for _, test := range []struct{ action, body, words string }{
		{"queue_list", `{"limit":0}`, "limit"},
		{"queue_list", `{"limit":21}`, "limit"},
		{"queue_create", `{"queue_name":""}`, "name"},
		{"queue_create", `{"queue_name":"a b"}`, "name"},
		{"queue_create", `{"queue_name":"` + long[:65] + `"}`, "name"},
		{"queue_create", `{"queue_name":"q","metadata":{"k":"` + long + `"}}`, "metadata"},
		{"queue_create", `{"queue_name":"q","metadata":{"_default_message_ttl":1}}`, "_default_message_ttl"},
		{"message_post", `{"queue_name":"a b","messages":[{"body":1}]}`, "name"},
		{"message_post", `{"queue_name":"q","messages":[]}`, "No messages"},
		{"message_post", `{"queue_name":"q","messages":[1]}`, "object"},
		{"message_post", `{"queue_name":"q","messages":[{"ttl":60}]}`, "body"},
		{"message_post", `{"queue_name":"q","messages":[{"body":1,"ttl":59}]}`, "ttl"},
		{"message_post", `{"queue_name":"q","messages":[{"body":1,"ttl":"60"}]}`, "ttl"},
		{"message_post", `{"queue_name":"q","messages":[{"body":"` + long + `"}]}`, "larger"},
		{"message_list", `{"queue_name":"q","limit":21}`, "limit"},
		{"message_get_many", `{"queue_name":"q","message_ids":[]}`, "message_ids"},
		{"message_get_many", `{"queue_name":"q","message_ids":` + many + `}`, "message_ids"},
		{"message_delete_many", `{"queue_name":"q"}`, "pop"},
		{"message_delete_many", `{"queue_name":"q","pop":1,"message_ids":["a"]}`, "pop"},
		{"message_delete_many", `{"queue_name":"q","pop":21}`, "pop"},
		{"message_delete_many", `{"queue_name":"q","message_ids":` + many + `}`, "message_ids"},
		{"claim_create", `{"queue_name":"q","limit":0}`, "limit"},
		{"claim_create", `{"queue_name":"q","ttl":59}`, "ttl"},
		{"claim_create", `{"queue_name":"q","grace":59}`, "grace"},
		{"claim_update", `{"queue_name":"q","claim_id":"c","ttl":59}`, "ttl"},
	} {
		s.call(test.action, test.body).wantException(400, test.words)
	}
	s.with("X-Project-ID", strings.Repeat("p", 257)).call("queue_list", "").wantException(400, "project")
	s.with("X-Project-ID", "a\x00b").call("queue_list", "").wantException(400, "project")
	s.with("Client-ID", "me").call("message_list", `{"queue_name":"q"}`).wantException(400, "Client-ID")
	s.with("Client-ID", "me").call("message_post", `{"queue_name":"q","messages":[{"body":1}]}`).wantException(400, "Client-ID")
	s.with("Client-ID", "me").call("queue_list", "").want(200)
	if got := len(s.srv.Messages("p", "q")); got != 0 {
		t.Errorf("%d messages are stored", got)
	}
}

func TestWithoutAPoolNoQueueIsMadeOverAWebSocket(t *testing.T) {
	t.Parallel()
	s := start(t, zaqartest.WithPooling(true)).socket()
	s.call("queue_create", `{"queue_name":"q"}`).wantException(503, "pool")
	s.call("message_post", `{"queue_name":"q","messages":[{"body":1}]}`).wantException(503, "pool")
	s.call("subscription_create", `{"queue_name":"q"}`).wantException(503, "pool")
	s.call("queue_list", "").want(200).wantJSON(`{"queues":[]}`)
}
