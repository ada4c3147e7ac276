package zaqartest_test

import (
	"fmt"
	"testing"
)

func TestAFlavorHasPools(t *testing.T) {
	t.Parallel()
	c := startPooling(t)
	for i, name := range []string{"a", "b", "c"} {
		c.do("PUT", "/v2/pools/"+name, fmt.Sprintf(poolBody, i, 0)).want(201)
	}
	for range 2 {
		a := c.do("PUT", "/v2/flavors/gold", `{"pool_list":["a"],"capabilities":{"ignored":1}}`).want(201).wantEmpty()
		if got := a.header.Get("Location"); got != "/v2/flavors/gold" {
			t.Errorf("Location %q", got)
		}
	}
	const can = `"capabilities":["FIFO","CLAIMS","AOD","HIGH_THROUGHPUT"]`
	c.do("GET", "/v2/flavors/gold", "").want(200).wantJSON(`{"name":"gold","pool_list":["a"],"href":"/v2/flavors/gold",` + can + `}`)
	c.do("PUT", "/v2/flavors/gold", `{"pool_list":["b"]}`).want(201)
	c.do("GET", "/v2/flavors", "").want(200).wantJSON(`{"flavors":[{"name":"gold","href":"/v2/flavors/gold","pool_list":["a","b"]}],
		"links":[{"rel":"next","href":"/v2/flavors?marker=gold"}]}`)
	c.do("PATCH", "/v2/flavors/gold", `{"pool_list":["c","b"],"x":1}`).want(200).
		wantJSON(`{"name":"gold","pool_list":["c","b"],"href":"/v2/flavors/gold",` + can + `}`)
	if got := c.do("GET", "/v2/pools/a", "").want(200).get("flavor"); got != "" {
		t.Errorf("a pool that left its flavor has %v", got)
	}
	c.do("PUT", "/v2/flavors/other", `{"pool_list":["b","c"]}`).want(201)
	c.do("GET", "/v2/flavors/gold", "").want(200).wantJSON(`{"name":"gold","pool_list":[],"capabilities":[],"href":"/v2/flavors/gold"}`)
	c.do("GET", "/v2/flavors?detailed=true&limit=1", "").want(200).wantJSON(`{"flavors":[{"name":"gold","href":"/v2/flavors/gold","capabilities":[]}],
		"links":[{"rel":"next","href":"/v2/flavors?detailed=true&limit=1&marker=gold"}]}`)
	c.with("X-Project-Id", "p2").do("GET", "/v2/flavors", "").want(200).wantJSON(`{"flavors":[],"links":[]}`)
	c.with("X-Project-Id", "p2").do("GET", "/v2/flavors/other", "").wantTitle(404, "Not found")

	c.do("DELETE", "/v2/pools/b", "").want(204)
	c.do("DELETE", "/v2/pools/c", "").wantTitle(403, "Unable to delete")
	c.do("DELETE", "/v2/flavors/other", "").want(204).wantEmpty()
	c.do("DELETE", "/v2/flavors/other", "").want(204)
	c.do("DELETE", "/v2/pools/c", "").want(204)
	c.do("GET", "/v2/flavors/other", "").want(404)
	c.do("PATCH", "/v2/flavors/other", `{"pool_list":["nope"]}`).want(404)
}

func TestBadFlavorsAreRefused(t *testing.T) {
	t.Parallel()
	c := startPooling(t)
	c.do("PUT", "/v2/pools/a", fmt.Sprintf(poolBody, 1, 1)).want(201)
	c.do("PUT", "/v2/flavors/f", `{"pool_list":["a"]}`).want(201)
	for body, title := range map[string]string{
		"": "Invalid request body", `{}`: "Invalid request body", `[]`: "Invalid request body", `["pool_list"]`: "Invalid request body",
		`{"pool_list":null}`: "Invalid request body", `{"pool_list":"a"}`: "Invalid request body", `{"capabilities":{}}`: "Invalid request body",
		`{"pool_list":[]}`: "Unable to create", `{"pool_list":["a"],"capabilities":[]}`: "", `{"pool_list":["a"],"x":1}`: "",
	} {
		if title == "" {
			c.do("PATCH", "/v2/flavors/f", body).want(200)
			title = "Invalid request body"
		} else {
			c.do("PATCH", "/v2/flavors/f", body).wantTitle(400, title)
		}
		c.do("PUT", "/v2/flavors/f", body).wantTitle(400, title)
	}
	for _, body := range []string{`{"pool_list":["nope"]}`, `{"pool_list":["a",1]}`, `{"pool_list":["a",null]}`} {
		c.do("PUT", "/v2/flavors/f", body).wantTitle(400, "Unable to create")
		c.do("PATCH", "/v2/flavors/f", body).wantTitle(400, "updatefail")
	}
	c.do("GET", "/v2/flavors?limit=21", "").wantTitle(400, "Invalid API request")
	c.do("GET", "/v2/flavors?detailed=x", "").wantTitle(400, "Invalid parameter")
}

func TestFlavorsOfV11HaveCapabilitiesAlone(t *testing.T) {
	t.Parallel()
	c := startPooling(t)
	c.do("PUT", "/v1.1/flavors/f", `{"capabilities":{"a":1},"pool":"x"}`).want(201)
	c.do("GET", "/v1.1/flavors/f", "").want(200).wantJSON(`{"name":"f","href":"/v1.1/flavors/f"}`)
	c.do("GET", "/v1.1/flavors/f?detailed=true", "").want(200).wantJSON(`{"name":"f","capabilities":{"a":1},"href":"/v1.1/flavors/f"}`)
	c.do("GET", "/v1.1/flavors?limit=0", "").want(200).wantJSON(`{"flavors":[{"name":"f","href":"/v1.1/flavors/f"}],
		"links":[{"rel":"next","href":"/v1.1/flavors?limit=0&marker=f"}]}`)
	for _, body := range []string{"", `{}`, `[]`, `{"capabilities":[]}`, `{"pool_list":["a"]}`} {
		c.do("PUT", "/v1.1/flavors/f", body).wantTitle(400, "Invalid request body")
	}
	c.do("PATCH", "/v1.1/flavors/f", `{"capabilities":{}}`).wantTitle(400, "Invalid request body")
	c.do("DELETE", "/v1.1/flavors/f", "").want(204)
	c.do("GET", "/v1.1/flavors/f", "").wantTitle(404, "Not found")
	c.do("PUT", "/v1.1/flavors/%00", `{"capabilities":{}}`).want(400)
}
