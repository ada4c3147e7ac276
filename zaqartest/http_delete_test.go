package zaqartest_test

import (
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestDeletionNeedsTheClaimOfAClaimedMessage(t *testing.T) {
	c := start(t)
	ids := c.post(`1`, `2`, `3`)
	first, _ := c.claim("?limit=1", "")
	second, _ := c.claim("?limit=1", `{"ttl":60}`)
	path := messagesPath + "/" + ids[0]
	c.do("DELETE", path, "").wantTitle(403, "Unable to delete")
	c.do("DELETE", path+"?claim_id="+second, "").wantTitle(403, "Unable to delete")
	c.do("DELETE", path+"?claim_id=nonsense", "").wantTitle(400, "Unable to delete")
	c.do("DELETE", path+"?claim_id="+alice, "").wantTitle(400, "Unable to delete")
	c.do("DELETE", messagesPath+"/"+ids[2]+"?claim_id="+first, "").wantTitle(400, "Unable to delete")
	c.do("DELETE", path+"?claim_id="+first, "").want(204).wantEmpty()
	c.do("DELETE", path+"?claim_id="+first, "").want(204)
	c.do("DELETE", messagesPath+"/"+ids[2], "").want(204)
	c.do("DELETE", "/v2/queues/none/messages/"+ids[2]+"?claim_id=x", "").want(204)
	c.srv.Advance(time.Minute)
	c.do("DELETE", messagesPath+"/"+ids[1]+"?claim_id="+second, "").wantTitle(400, "Unable to delete")
	c.do("DELETE", messagesPath+"/"+ids[1], "").want(204)
}

func TestBulkDeletionIgnoresClaims(t *testing.T) {
	c := start(t)
	ids := c.post(`1`, `2`, `3`)
	c.claim("?limit=1", "")
	c.do("DELETE", messagesPath+"?ids="+ids[0]+","+ids[1]+",nonsense", "").want(204).wantEmpty()
	if got := c.srv.Messages("p", "q"); len(got) != 1 || got[0].ID != ids[2] {
		t.Errorf("left: %v", got)
	}
	c.do("DELETE", messagesPath, "").want(400)
	c.do("DELETE", messagesPath+"?ids="+ids[2]+"&pop=1", "").want(400)
	c.do("DELETE", "/v2/queues/none/messages?ids="+ids[2], "").want(204)
}

func TestGuardedBulkDeletionNeedsClaims(t *testing.T) {
	c := start(t, zaqartest.WithClaimGuardedBulkDelete(true))
	ids := c.post(`1`, `2`, `3`)
	first, _ := c.claim("?limit=1", "")
	second, _ := c.claim("?limit=1", "")
	list := messagesPath + "?ids=" + ids[0] + "," + ids[1]
	c.do("DELETE", list, "").want(400)
	c.do("DELETE", list+"&claim_ids="+first, "").want(400)
	c.do("DELETE", messagesPath+"?ids="+ids[2]+"&claim_ids="+first, "").want(400)
	if got := c.srv.Messages("p", "q"); len(got) != 3 {
		t.Errorf("%d messages are left", len(got))
	}
	c.do("DELETE", list+"&claim_ids="+first+","+second, "").want(204)
	c.do("DELETE", messagesPath+"/"+ids[2], "").want(204)
}

func TestPopTakesTheOldestFreeMessages(t *testing.T) {
	c := start(t)
	c.do("DELETE", messagesPath+"?pop=1", "").want(200).wantJSON(`{"messages":[]}`)
	ids := c.post(`1`, `2`, `3`)
	c.claim("?limit=1", "")
	a := c.do("DELETE", messagesPath+"?pop=1", "").want(200)
	if a.text("messages", 0, "id") != ids[1] || a.get("messages", 0, "claim_count") != number("0") ||
		a.text("messages", 0, "claim_id") == "" || a.get("messages", 0, "href") != nil {
		t.Errorf("popped: %s", a.body)
	}
	if got := c.do("DELETE", messagesPath+"?pop=20", "").bodies(); got != "3" {
		t.Errorf("popped: %s", got)
	}
	for _, pop := range []string{"0", "21", "x", "-1"} {
		c.do("DELETE", messagesPath+"?pop="+pop, "").want(400)
	}
	if got := c.srv.Messages("p", "q"); len(got) != 1 || got[0].ID != ids[0] {
		t.Errorf("left: %v", got)
	}
}
