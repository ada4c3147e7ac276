package zaqartest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// startPooling runs a server with pools and returns an administrator.
func startPooling(t *testing.T, opts ...zaqartest.Option) *client {
	t.Helper()
	return start(t, append(opts, zaqartest.WithPooling(true))...).with("X-Roles", "admin")
}

const poolBody = `{"uri":"redis://pool.test/%d","weight":%d}`

func TestAPoolIsPutReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	c := startPooling(t)
	for range 2 { // the second time it exists
		a := c.do("PUT", "/v2/pools/one", `{"uri":"redis://a","weight":100,"options":{"n":1.50},"flavor":"gold"}`).want(201).wantEmpty()
		if got := a.header.Get("Location"); got != "/v2/pools/one" {
			t.Errorf("Location %q", got)
		}
	}
	const plain = `"name":"one","uri":"%s","weight":%d,"flavor":"%s","href":"/v2/pools/one"`
	c.do("GET", "/v2/pools/one", "").want(200).wantJSON(`{` + fmt.Sprintf(plain, "redis://a", 100, "gold") + `}`)
	c.do("GET", "/v2/pools/one?detailed=true", "").want(200).
		wantJSON(`{` + fmt.Sprintf(plain, "redis://a", 100, "gold") + `,"options":{"n":1.50}}`)
	c.do("PATCH", "/v2/pools/one", `{"weight":0,"unknown":1}`).want(200).wantJSON(`{` + fmt.Sprintf(plain, "redis://a", 0, "gold") + `}`)
	c.do("PATCH", "/v2/pools/one", `{"uri":"mongodb://b","flavor":"","options":{}}`).want(200).
		wantJSON(`{` + fmt.Sprintf(plain, "mongodb://b", 0, "") + `}`)
	c.do("PATCH", "/v2/pools/one", `{"flavor":"gold"}`).want(200)
	// Missing fields are reset, except the flavor.
	c.do("PUT", "/v2/pools/one", `{"uri":"redis://c","weight":1}`).want(201)
	c.do("GET", "/v2/pools/one?detailed=1", "").want(200).wantJSON(`{` + fmt.Sprintf(plain, "redis://c", 1, "gold") + `,"options":{}}`)
	c.do("DELETE", "/v2/pools/one", "").want(204).wantEmpty()
	c.do("DELETE", "/v2/pools/one", "").want(204)
	c.do("GET", "/v2/pools/one", "").wantTitle(404, "Not found")
	c.do("PATCH", "/v2/pools/one", `{"weight":1}`).wantTitle(404, "Not found")
}

func TestOlderVersionsHavePoolsWithoutFlavors(t *testing.T) {
	t.Parallel()
	c := startPooling(t).with("X-Roles", "") // roles do not matter there
	for _, version := range []string{"v1", "v1.1"} {
		c.do("PUT", "/"+version+"/pools/one", `{"uri":"redis://`+version+`","weight":1,"flavor":"x"}`).want(201)
		c.do("PATCH", "/"+version+"/pools/one", `{"weight":2}`).want(200).wantEmpty()
		c.do("PATCH", "/"+version+"/pools/one", `{"flavor":"x"}`).wantTitle(400, "Invalid request body")
		a := c.do("GET", "/"+version+"/pools/one", "").want(200)
		a.wantJSON(`{"name":"one","uri":"redis://` + version + `","weight":2,"flavor":null,"href":"/` + version + `/pools/one"}`)
		if has := a.header.Get("Content-Location") != ""; has != (version == "v1") {
			t.Errorf("%s: Content-Location %v", version, has)
		}
		c.do("DELETE", "/"+version+"/pools/one", "").want(204)
	}
	c.do("GET", "/v1/pools", "").want(200).wantJSON(`{"pools":[],"links":[{"rel":"next","href":"/v1/pools"}]}`)
	c.do("GET", "/v1.1/pools", "").want(200).wantJSON(`{"pools":[],"links":[]}`)
	c.do("GET", "/v1/flavors", "").want(404)
}

func TestPoolsAreListedByName(t *testing.T) {
	t.Parallel()
	c := startPooling(t)
	var names []string
	for i := range 23 {
		name := fmt.Sprintf("p%02d", i)
		names = append(names, name)
		c.do("PUT", "/v2/pools/"+name, fmt.Sprintf(poolBody, i, 1)).want(201)
	}
	var listed []string
	path := "/v2/pools?limit=7"
	for range 10 {
		a := c.do("GET", path, "").want(200)
		for i := range a.get("pools").([]any) {
			listed = append(listed, a.text("pools", i, "name"))
		}
		if len(a.get("links").([]any)) == 0 {
			break
		}
		path = a.text("links", 0, "href")
	}
	if !slices.Equal(listed, names) {
		t.Errorf("listed %v", listed)
	}
	a := c.do("GET", "/v2/pools?marker=p10x&detailed=true", "").want(200)
	if a.text("pools", 0, "name") != "p11" || a.get("pools", 0, "options") == nil || len(a.get("pools").([]any)) != 10 {
		t.Errorf("after p10x: %s", a.body)
	}
	if got := len(c.do("GET", "/v1/pools?limit=100", "").want(200).get("pools").([]any)); got != 23 {
		t.Errorf("v1 lists %d", got)
	}
	if got := len(c.do("GET", "/v1.1/pools?limit=0", "").want(200).get("pools").([]any)); got != 23 {
		t.Errorf("v1.1 lists %d", got)
	}
	c.do("GET", "/v2/pools?limit=21", "").wantTitle(400, "Invalid API request")
	c.do("GET", "/v2/pools?limit=0", "").wantTitle(400, "Invalid API request")
	c.do("GET", "/v1/pools?limit=x", "").wantTitle(400, "Invalid parameter")
	c.do("GET", "/v2/pools?detailed=x", "").wantTitle(400, "Invalid parameter")
}

func TestBadPoolsAreRefused(t *testing.T) {
	t.Parallel()
	c := startPooling(t)
	c.do("PUT", "/v2/pools/p", fmt.Sprintf(poolBody, 1, 1)).want(201)
	for _, part := range []string{
		`"weight":-1`, `"weight":4294967296`, `"weight":"1"`, `"weight":1.5`, `"weight":1.0`, `"weight":true`, `"weight":null`,
		`"uri":5`, `"uri":""`, `"uri":"nonsense"`, `"uri":"ftp://x"`, `"uri":"redis://"`, `"uri":null`, `"uri":"redis://` + strings.Repeat("x", 250) + `"`,
		`"options":[]`, `"options":null`, `"flavor":null`, `"flavor":5`, `"flavor":"` + strings.Repeat("x", 256) + `"`,
	} {
		c.do("PATCH", "/v2/pools/p", `{`+part+`}`).wantTitle(400, "Invalid request body")
		c.do("PUT", "/v2/pools/p", `{"uri":"redis://a","weight":1,`+part+`}`).wantTitle(400, "Invalid request body")
	}
	for _, body := range []string{
		"", `{}`, `[]`, `["uri"]`, `nonsense`, `{"weight":1}`, `{"uri":"redis://a"}`, `{"uri":"redis://a","weight":1,"x":1}`, `{"uri":"redis://a","weight":1,"group":"g"}`,
	} {
		c.do("PUT", "/v2/pools/p", body).wantTitle(400, "Invalid request body")
	}
	for _, body := range []string{"", `{}`, `[]`, `["weight"]`, `{"x":1}`} {
		c.do("PATCH", "/v2/pools/p", body).wantTitle(400, "Invalid request body")
	}
	c.do("PUT", "/v2/pools/other", fmt.Sprintf(poolBody, 1, 1)).wantTitle(409, "Resource conflict")
	c.do("PUT", "/v2/pools/other", fmt.Sprintf(poolBody, 2, 1)).want(201)
	c.do("PATCH", "/v2/pools/other", `{"uri":"redis://pool.test/1"}`).wantTitle(409, "Resource conflict")
	for _, name := range []string{"", strings.Repeat("p", 65), "%00", "%ff"} {
		c.do("PUT", "/v2/pools/"+name, fmt.Sprintf(poolBody, 3, 1)).want(400)
		c.do("PUT", "/v2/flavors/"+name, `{"pool_list":["p"]}`).want(400)
	}
	c.do("PUT", "/v2/pools/a%20b", fmt.Sprintf(poolBody, 3, 1)).want(201)
	c.do("POST", "/v2/pools/p", "").want(405)
}

func TestPoolsAreForAdministratorsOfPoolingServers(t *testing.T) {
	t.Parallel()
	for _, c := range []*client{
		start(t).with("X-Roles", "admin"),
		startPooling(t, zaqartest.WithAdminMode(false)),
	} {
		for _, path := range []string{"/v2/pools", "/v1.1/pools", "/v1/pools", "/v2/flavors", "/v1.1/flavors"} {
			c.do("GET", path, "").want(404)
		}
		if got := c.do("GET", "/v2/", "").want(200).get("resources", "rel/pools"); got != nil {
			t.Errorf("health of pools: %v", got)
		}
	}
	c := startPooling(t)
	if got := c.do("GET", "/v2/", "").want(200).text("resources", "rel/pool", "href-template"); got != "/v2/pools/{pool_name}" {
		t.Errorf("template %q", got)
	}
	member := c.with("X-Roles", "member")
	for _, request := range []string{
		"GET /v2/pools", "GET /v2/pools/p", "PUT /v2/pools/p", "PATCH /v2/pools/p", "DELETE /v2/pools/p",
		"PUT /v2/flavors/f", "PATCH /v2/flavors/f", "DELETE /v2/flavors/f",
	} {
		method, path, _ := strings.Cut(request, " ")
		member.do(method, path, `{}`).wantTitle(403, "Not authorized")
	}
	member.do("GET", "/v2/flavors", "").want(200)
	member.do("GET", "/v2/flavors/f", "").want(404)
}

func TestAQueueNeedsAPool(t *testing.T) {
	t.Parallel()
	c := startPooling(t)
	for _, request := range []string{
		"PUT /v2/queues/q {}", "PUT /v1/queues/q ", "PUT /v1.1/queues/q ", `POST /v2/queues/q/messages {"messages":[{"body":1}]}`,
		`POST /v2/queues/q/subscriptions {"subscriber":"http://x/"}`,
	} {
		parts := strings.SplitN(request, " ", 3)
		c.do(parts[0], parts[1], parts[2]).wantTitle(503, "Service temporarily unavailable")
	}
	c.do("PUT", "/v2/pools/a", fmt.Sprintf(poolBody, 1, 0)).want(201)
	c.do("PUT", "/v2/queues/q", "").want(503) // with the weight 0 it accepts no queue
	c.do("PUT", "/v2/flavors/gold", `{"pool_list":["a"]}`).want(201)
	c.do("PUT", "/v2/queues/q", `{"_flavor":"gold"}`).want(503)
	c.do("PUT", "/v2/queues/q", `{"_flavor":"silver"}`).wantTitle(400, "Invalid API request")
	c.do("PUT", "/v2/queues/q", `{"_flavor":5}`).wantTitle(400, "Invalid API request")
	c.do("PATCH", "/v2/pools/a", `{"weight":1}`).want(200)
	c.do("PUT", "/v2/queues/q", `{"_flavor":"gold"}`).want(201)
	c.post(`1`)
	c.do("PUT", "/v2/queues/any", `{"_flavor":null}`).want(201)
	c.do("GET", "/v2/queues?with_count=true", "").want(200)
	if got := c.do("GET", "/v2/queues/q", "").want(200).get("_flavor"); got != "gold" {
		t.Errorf("_flavor is %v", got)
	}
	start(t).do("PUT", "/v2/queues/q", `{"_flavor":"anything"}`).want(201)
}

func TestHealthIsReportedForEachPool(t *testing.T) {
	t.Parallel()
	c := startPooling(t)
	c.do("GET", "/v2/health", "").want(200).wantJSON(`{"catalog_reachable":true}`)
	c.do("PUT", "/v2/pools/a", fmt.Sprintf(poolBody, 1, 0)).want(201)
	a := c.do("GET", "/v1.1/health", "").want(200)
	if a.get("catalog_reachable") != true || a.get("a", "storage_reachable") != true ||
		a.get("a", "operation_status", "claim_messages", "succeeded") != true {
		t.Errorf("health: %s", a.body)
	}
}

func TestLinksOfPoolsAndFlavorsSpellBooleansAsServersDo(t *testing.T) {
	t.Parallel()
	c := start(t, zaqartest.WithPooling(true), zaqartest.WithDefaultRoles("admin"))
	c.do("PUT", "/v2/pools/p", `{"uri":"redis://a","weight":1}`).want(201)
	c.do("PUT", "/v2/flavors/f", `{"pool_list":["p"]}`).want(201)
	for collection, marker := range map[string]string{"pools": "p", "flavors": "f"} {
		for asked, want := range map[string]string{
			"": "marker=", "?detailed=true": "detailed=true&marker=", "?detailed=1": "detailed=true&marker=", "?detailed=on&limit=1": "detailed=true&limit=1&marker=",
			"?detailed=false": "detailed=false&marker=", "?detailed=no": "detailed=false&marker=", "?detailed=": "marker=",
		} {
			a := c.do("GET", "/v2/"+collection+asked, "").want(200)
			if got := a.text("links", 0, "href"); got != "/v2/"+collection+"?"+want+marker {
				t.Errorf("%s%s: the link is %s", collection, asked, got)
			}
			c.do("GET", a.text("links", 0, "href"), "").want(200)
		}
	}
}
