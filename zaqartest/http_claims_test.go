package zaqartest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

const claimsPath = "/v2/queues/q/claims"

func TestAClaimTakesTheOldestFreeMessages(t *testing.T) {
	c := start(t)
	c.do("POST", claimsPath, "").want(204).wantEmpty()
	c.post(`1`, `2`, `3`)
	id, a := c.claim("?limit=2", `{"ttl":300,"grace":60,"unknown":1}`)
	a.want(201)
	if a.header.Get("Location") != claimsPath+"/"+id || a.bodies() != "1 2" {
		t.Errorf("claim at %q: %s", a.header.Get("Location"), a.body)
	}
	if got := a.text("messages", 1, "href"); !strings.HasSuffix(got, "?claim_id="+id) {
		t.Errorf("the second one is at %q", got)
	}
	if _, a := c.as(bob).claim("", ""); a.bodies() != "3" {
		t.Errorf("bob claims %s", a.body)
	}
	_, a = c.claim("", "")
	a.want(204).wantEmpty()
	if a.header.Get("Location") != "" {
		t.Error("there is no claim of nothing")
	}
}

func TestALiveClaimIsNeverStolenFrom(t *testing.T) {
	c := start(t)
	ids := c.post(`"a"`, `"b"`)
	first, _ := c.claim("?limit=1", "")
	second, _ := c.claim("?limit=1", "")
	c.do("DELETE", claimsPath+"/"+first, "").want(204)
	if _, a := c.claim("", ""); a.bodies() != `"a"` {
		t.Errorf("the third claim holds %s", a.body)
	}
	c.do("DELETE", messagesPath+"/"+ids[1]+"?claim_id="+second, "").want(204)
}

func TestManyWorkersNeverShareAMessage(t *testing.T) {
	c := start(t)
	const workers, each = 8, 25
	for range workers * each / 20 {
		c.post(strings.Split(strings.Repeat("1 ", 20)[:39], " ")...)
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			worker := c.as(fmt.Sprintf("3381af92-2b9e-11e3-b191-7186130073%02d", w))
			for {
				a, err := worker.try("POST", claimsPath+"?limit=3", "")
				if err != nil || a.status != 201 {
					return
				}
				var list struct{ Messages []struct{ ID string } }
				a.decode(&list)
				mu.Lock()
				for _, m := range list.Messages {
					seen[m.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != workers*each {
		t.Errorf("%d messages were claimed, want %d", len(seen), workers*each)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s was claimed %d times", id, times)
		}
	}
}

func TestAClaimCanBeRead(t *testing.T) {
	c := start(t)
	ids := c.post(`1`, `2`)
	id, _ := c.claim("", `{"ttl":100,"grace":60}`)
	c.srv.Advance(7 * time.Second)
	a := c.as(bob).do("GET", claimsPath+"/"+id, "").want(200)
	if a.get("age") != number("7") || a.get("ttl") != number("100") || a.text("href") != claimsPath+"/"+id || a.bodies() != "1 2" {
		t.Errorf("claim: %s", a.body)
	}
	for _, message := range ids {
		c.do("DELETE", messagesPath+"/"+message+"?claim_id="+id, "").want(204)
	}
	a = c.do("GET", claimsPath+"/"+id, "").want(200)
	if got := a.get("messages"); len(got.([]any)) != 0 {
		t.Errorf("claim: %s", a.body)
	}
	c.do("GET", "/v2/queues/other/claims/"+id, "").wantTitle(404, "Not found")
	c.do("GET", claimsPath+"/nonsense", "").want(404)
	c.do("GET", claimsPath, "").want(405)
}

func TestAnExpiredClaimIsGoneAndItsMessagesAreFree(t *testing.T) {
	c := start(t)
	c.post(`1`)
	id, _ := c.claim("", `{"ttl":60,"grace":60}`)
	c.srv.Advance(60 * time.Second)
	c.do("GET", claimsPath+"/"+id, "").want(404)
	c.do("PATCH", claimsPath+"/"+id, `{"ttl":60}`).want(404)
	c.do("DELETE", claimsPath+"/"+id, "").want(204)
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != "1" {
		t.Errorf("free: %s", got)
	}
	if _, a := c.claim("", ""); a.bodies() != "1" {
		t.Errorf("claimed: %s", a.body)
	}
}

func TestAReleasedClaimFreesItsMessagesAtOnce(t *testing.T) {
	c := start(t)
	c.post(`1`, `2`)
	id, _ := c.claim("", "")
	c.as(bob).do("DELETE", claimsPath+"/"+id, "").want(204).wantEmpty()
	c.do("DELETE", claimsPath+"/"+id, "").want(204)
	c.do("DELETE", "/v2/queues/none/claims/"+id, "").want(204)
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != "1 2" {
		t.Errorf("free: %s", got)
	}
}

func TestAnUpdateExtendsTheClaim(t *testing.T) {
	c := start(t)
	c.post(`1`)
	id, _ := c.claim("", `{"ttl":60,"grace":60}`)
	c.srv.Advance(50 * time.Second)
	c.do("PATCH", claimsPath+"/"+id, `{"ttl":120,"grace":5}`).want(204).wantEmpty()
	c.srv.Advance(100 * time.Second)
	a := c.do("GET", claimsPath+"/"+id, "").want(200)
	if a.get("age") != number("100") || a.get("ttl") != number("120") || a.bodies() != "1" {
		t.Errorf("claim: %s", a.body)
	}
	c.do("PATCH", claimsPath+"/"+id, `{}`).want(204)
	if a := c.do("GET", claimsPath+"/"+id, "").want(200); a.get("ttl") != number("300") {
		t.Errorf("claim: %s", a.body)
	}
	for _, body := range []string{``, `[]`, `{"ttl":59}`, `{"ttl":43201}`, `{"ttl":"60"}`, `{"grace":1.5}`} {
		c.do("PATCH", claimsPath+"/"+id, body).want(400)
	}
	c.do("PATCH", claimsPath+"/"+id, `{"grace":9223372036854775807}`).want(204)
	c.do("PATCH", claimsPath+"/"+id, `{"grace":-9223372036854775808}`).want(204)
	if a := c.do("GET", claimsPath+"/"+id, "").want(200); a.bodies() != "1" {
		t.Errorf("claim: %s", a.body)
	}
}

func TestTermsOfAClaimAreChecked(t *testing.T) {
	c := start(t)
	c.post(`1`)
	for _, body := range []string{
		`[]`, `{"ttl":59}`, `{"ttl":43201}`, `{"ttl":null}`, `{"ttl":60.0}`, `{"grace":59}`, `{"grace":43201}`, `{"grace":"x"}`, `{`,
	} {
		c.do("POST", claimsPath, body).want(400)
	}
	for _, query := range []string{"limit=0", "limit=21", "limit=x"} {
		c.do("POST", claimsPath+"?"+query, "").want(400)
	}
	c.do("POST", claimsPath, `{}`).want(201)
}

func TestGraceKeepsMessagesBeyondTheirClaim(t *testing.T) {
	c := start(t)
	c.do("POST", messagesPath, `{"messages":[{"body":"short","ttl":60},{"body":"long","ttl":3600}]}`).want(201)
	c.srv.Advance(30 * time.Second)
	id, a := c.claim("", `{"ttl":300,"grace":60}`)
	if a.get("messages", 0, "ttl") != number("360") || a.get("messages", 0, "age") != number("30") || a.get("messages", 1, "ttl") != number("3600") {
		t.Errorf("claimed: %s", a.body)
	}
	c.srv.Advance(299 * time.Second)
	if got := c.do("GET", claimsPath+"/"+id, "").want(200).bodies(); got != `"short" "long"` {
		t.Errorf("held: %s", got)
	}
	c.srv.Advance(60 * time.Second)
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != `"short" "long"` {
		t.Errorf("in the grace: %s", got)
	}
	c.srv.Advance(time.Second)
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != `"long"` {
		t.Errorf("after the grace: %s", got)
	}
}

func TestMessagesClaimedTooOftenBecomeDeadLetters(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v2/queues/q", `{"_max_claim_count":2,"_dead_letter_queue":"dead","_dead_letter_queue_messages_ttl":100}`).want(201)
	id := c.post(`"poison"`)[0]
	for range 2 {
		claim, a := c.claim("", `{"ttl":60,"grace":60}`)
		a.want(201)
		c.do("DELETE", claimsPath+"/"+claim, "").want(204)
	}
	if got := c.srv.Messages("p", "q")[0].ClaimCount; got != 2 {
		t.Errorf("claimed %d times", got)
	}
	// Without a dead letter queue the message stays and is not claimed again.
	c.do("POST", claimsPath, "").want(204)
	if got := c.srv.Messages("p", "q"); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
	c.do("PUT", "/v2/queues/dead", "").want(201)
	c.srv.Advance(10 * time.Second)
	c.do("POST", claimsPath, "").want(204)
	if got := c.srv.Messages("p", "q"); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	a := c.do("GET", "/v2/queues/dead/messages?echo=true", "").want(200)
	if a.text("messages", 0, "id") != id || a.get("messages", 0, "ttl") != number("100") || a.get("messages", 0, "age") != number("0") {
		t.Errorf("dead: %s", a.body)
	}
	c.do("GET", a.text("links", 0, "href"), "").want(200).wantJSON(`{"messages":[],"links":[]}`)
	c.do("GET", "/v2/queues/dead/messages/"+id, "").want(200)
	c.do("GET", messagesPath+"/"+id, "").want(404)
	a = c.do("POST", "/v2/queues/dead/claims", "").want(201)
	c.do("DELETE", a.text("messages", 0, "href"), "").want(204)
	if got := c.srv.Messages("p", "dead"); len(got) != 0 {
		t.Errorf("dead: %v", got)
	}
}

func TestDeadLettersCanGoBack(t *testing.T) {
	c := start(t)
	c.do("PUT", "/v2/queues/q", `{"_max_claim_count":1,"_dead_letter_queue":"q2"}`).want(201)
	c.do("PUT", "/v2/queues/q2", `{"_max_claim_count":1,"_dead_letter_queue":"q"}`).want(201)
	id := c.post(`1`)[0]
	for _, queue := range []string{"q", "q2", "q", "q2"} {
		a := c.do("POST", "/v2/queues/"+queue+"/claims", `{"ttl":60,"grace":60}`).want(201)
		if a.text("messages", 0, "id") != id {
			t.Fatalf("claimed: %s", a.body)
		}
		c.do("DELETE", a.header.Get("Location"), "").want(204)
		c.do("POST", "/v2/queues/"+queue+"/claims", "").want(204)
	}
	c.do("GET", messagesPath+"/"+id, "").want(200)
}
