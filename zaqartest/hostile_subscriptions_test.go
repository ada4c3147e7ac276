package zaqartest_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// hostileSubscriptions are malicious subscriptions, and changes of the subscription
// with an id.
func hostileSubscriptions(id string) []hostile {
	var out []hostile
	add := func(method, path, body string, want ...int) {
		if len(want) == 0 {
			want = []int{400}
		}
		out = append(out, hostile{request(method, path, body), want})
	}
	both := func(part string) {
		add("POST", subscriptionsPath, `{"subscriber":"http://x.test/",`+part+`}`)
		add("PATCH", subscriptionsPath+"/"+id, `{`+part+`}`)
	}
	for _, body := range hostileDocuments() {
		add("POST", subscriptionsPath, body)
		add("PATCH", subscriptionsPath+"/"+id, body)
		add("PUT", subscriptionsPath+"/"+id+"/confirm", body)
		add("POST", "/v2/queues/q/share", body)
	}
	for _, n := range hostileNumbers {
		if n != `4294967396` { // a long time, but allowed
			both(`"ttl":` + n)
		}
	}
	for _, subscriber := range []string{
		`5`, `[]`, `{}`, `true`, `""`, `" "`, `"http"`, `"//x/"`, `":http://x/"`, `"javascript:alert(1)"`, `"file:///etc/passwd"`, `"gopher://x/"`,
		`"\u0000http://x/"`, `" http://x/"`, `"ht\ttp://x/"`, `"trust+:x"`, `"trust+trust+http://x/"`, `"trust+http://x/"`, `"websocket:x"`, `"` + strings.Repeat("x", 100000) + `"`,
	} {
		add("POST", subscriptionsPath, `{"subscriber":`+subscriber+`}`)
		if subscriber != `"trust+http://x/"` { // allowed: the trust may be named later
			add("PATCH", subscriptionsPath+"/"+id, `{"subscriber":`+subscriber+`}`)
		}
	}
	for _, options := range []string{
		`5`, `"x"`, `[1]`, `true`, `{"_retry_policy":5}`, `{"_retry_policy":[1]}`, `{"_retry_policy":{"minimum_delay":-1,"maximum_delay":"x"}}`,
		`{"_retry_policy":{"minimum_delay":30}}`, `{"_retry_policy":{"retry_backoff_function":"sudden"}}`, `{"_retry_policy":{"retry_backoff_function":{}, "minimum_delay":30}}`,
	} {
		both(`"options":` + options)
	}
	for _, yes := range []string{`null`, `1`, `"true"`, `[]`, `{}`, `{"confirmed":true}`} {
		add("PUT", subscriptionsPath+"/"+id+"/confirm", `{"confirmed":`+yes+`}`)
	}
	for _, other := range []string{"x", "%00", "%2e%2e", strings.Repeat("0", 32), strings.Repeat("f", 10000), "%ff"} {
		add("GET", subscriptionsPath+"/"+other, "", 404)
		add("PATCH", subscriptionsPath+"/"+other, `{"ttl":60}`, 404)
		add("PUT", subscriptionsPath+"/"+other+"/confirm", `{"confirmed":true}`, 404)
		add("DELETE", subscriptionsPath+"/"+other, "", 204)
		add("GET", subscriptionsPath+"?marker="+other, "", 200)
	}
	for _, path := range []string{"/v2/queues/other/subscriptions/" + id, "/v2/queues/q/subscriptions/" + id + "/confirm/x", "/v2/topics/q/subscriptions/" + id} {
		add("GET", path, "", 404)
	}
	for _, n := range []string{"0", "-1", "21", "x", "1.5", "%00", "99999999999999999999"} {
		add("GET", subscriptionsPath+"?limit="+n, "")
	}
	return out
}

// hostileShares are malicious requests for pre-signed URLs, and requests with forged
// ones.
func hostileShares() []hostile {
	var out []hostile
	for _, body := range []string{
		`{"paths":["queues"]}`, `{"paths":["../q2/messages"]}`, `{"paths":["messages","/v2/queues/q2/messages"]}`, `{"paths":"messages"}`, `{"paths":[["messages"]]}`,
		`{"paths":{"messages":1}}`, `{"paths":[null]}`, `{"paths":1}`, `{"methods":"GET"}`, `{"methods":[1]}`, `{"methods":[null]}`, `{"methods":{"GET":1}}`,
		`{"expires":1}`, `{"expires":"1"}`, `{"expires":-1}`, `{"expires":1.5}`, `{"expires":true}`, `{"expires":[]}`, `{"expires":{}}`, `{"expires":"now"}`,
		`{"expires":"1970-01-01T00:00:00"}`, `{"expires":"9999-99-99T99:99:99"}`, `{"expires":"2036-01-01T00:00:00+99:99"}`, `{"expires":"` + strings.Repeat("2", 100000) + `"}`,
		`{"project":"other"}`, `{"signature":"x"}`, `{"Paths":["messages"]}`, `{"":1}`,
	} {
		out = append(out, hostile{request("POST", "/v2/queues/q/share", body), []int{400}})
	}
	lines := func(signature, methods, paths, expires string) []string {
		return []string{"URL-Signature: " + signature, "URL-Methods: " + methods, "URL-Paths: " + paths, "URL-Expires: " + expires}
	}
	for _, headers := range [][]string{
		lines("x", "GET", messagesPath, "2036-01-01T00:00:00"), lines(strings.Repeat("0", 64), "GET", messagesPath, "2036-01-01T00:00:00"),
		lines(strings.Repeat("f", 100000), "GET", messagesPath, "2036-01-01T00:00:00"), lines("x", strings.Repeat("GET,", 10000), messagesPath, "x"),
		lines("x", "GET", strings.Repeat("(a+)+,", 10000), "x"), lines("x", "GET", ".*", "9999-12-31"), lines("x", "", "", ""), lines("\xff", "\xff", "\xff", "\xff"),
		lines("x", "GET", messagesPath, strings.Repeat("1", 100000)), lines("x, y", "GET", messagesPath, "2036-01-01T00:00:00"),
		{"URL-Signature: x"},
		append(lines("x", "GET", messagesPath, "2036-01-01T00:00:00"), "URL-Signature: y"),
	} {
		out = append(out, hostile{request("GET", messagesPath, "", headers...), []int{404}},
			hostile{request("DELETE", "/v2/queues/q", "", headers...), []int{404}},
			hostile{request("POST", "/v2/queues/q/share", `{}`, headers...), []int{404}})
	}
	return out
}

func TestHostileSubscribersAreRefusedAndHarmNothing(t *testing.T) {
	s := zaqartest.Run(t, zaqartest.WithLogger(slog.New(complaints{t})), zaqartest.WithSecretKey("k"))
	c := &client{t: t, srv: s, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}}}
	c.post(`1`)
	id := c.do("POST", subscriptionsPath, `{"subscriber":"mailto:a@example.com","ttl":1000000}`).want(201).text("subscription_id")
	look := func() string {
		t.Helper()
		a := c.do("GET", subscriptionsPath, "").want(200)
		return fmt.Sprint(a.get("subscriptions", 0, "subscriber"), a.get("subscriptions", 0, "ttl"), a.get("subscriptions", 0, "options"),
			a.get("subscriptions", 0, "confirmed"), len(a.get("subscriptions").([]any)), c.do("GET", messagesPath+"?echo=true", "").want(200).bodies(), s.Queues("p"))
	}
	before := look()
	count := 0
	for _, requests := range [][]hostile{hostileSubscriptions(id), hostileShares()} {
		for _, h := range requests {
			attack(t, s, h)
			count++
		}
		if after := look(); after != before {
			t.Fatalf("the server had\n%s\nand has\n%s", before, after)
		}
	}
	t.Logf("%d hostile requests", count)
	if all := s.Deliveries(); len(all) != 0 {
		t.Errorf("a subscriber was notified: %+v", all)
	}
}

// hostilePools are malicious pools and flavors, and changes of the pool p and the
// flavor f.
func hostilePools() []hostile {
	var out []hostile
	add := func(method, path, body string, want ...int) {
		if len(want) == 0 {
			want = []int{400}
		}
		out = append(out, hostile{request(method, path, body, "X-Roles: admin"), want})
	}
	for _, version := range []string{"v1", "v1.1", "v2"} {
		for _, body := range hostileDocuments() {
			add("PUT", "/"+version+"/pools/p", body)
			add("PATCH", "/"+version+"/pools/p", body)
			if version != "v1" {
				add("PUT", "/"+version+"/flavors/f", body)
				add("PATCH", "/"+version+"/flavors/f", body)
			}
		}
	}
	both := func(part string) {
		add("PUT", "/v2/pools/p", `{"uri":"redis://new","weight":2,`+part+`}`)
		add("PATCH", "/v2/pools/p", `{`+part+`}`)
	}
	for _, n := range hostileNumbers {
		both(`"weight":` + n)
	}
	for _, uri := range []string{`5`, `null`, `[]`, `""`, `"redis"`, `"redis:"`, `"://"`, `"file:///etc/passwd"`, `"http://x/"`, `"\u0000"`, `"redis://` + strings.Repeat("x", 256) + `"`} {
		both(`"uri":` + uri)
	}
	for _, part := range []string{`"options":5`, `"options":[]`, `"options":null`, `"flavor":5`, `"flavor":null`, `"flavor":"` + strings.Repeat("é", 256) + `"`} {
		both(part)
	}
	for _, list := range []string{`null`, `5`, `"p"`, `{}`, `[]`, `[null]`, `[5]`, `[["p"]]`, `["p","nope"]`, `["` + strings.Repeat("p", 100000) + `"]`} {
		add("PUT", "/v2/flavors/f", `{"pool_list":`+list+`}`)
		add("PATCH", "/v2/flavors/f", `{"pool_list":`+list+`}`)
	}
	for _, name := range []string{"", "%00", "%ff", "%0a", strings.Repeat("p", 65), strings.Repeat("p", 50000)} {
		add("PUT", "/v2/pools/"+name, `{"uri":"redis://new","weight":2}`)
		add("PUT", "/v2/flavors/"+name, `{"pool_list":["p"]}`)
		add("GET", "/v2/pools/"+name, "", 404)
		add("GET", "/v2/flavors/"+name, "", 404)
		add("DELETE", "/v2/pools/"+name, "", 204)
		add("DELETE", "/v2/flavors/"+name, "", 204)
		add("GET", "/v2/pools?marker="+name, "", 200)
		add("GET", "/v2/flavors?marker="+name, "", 200)
	}
	for _, n := range []string{"0", "-1", "21", "x", "1.5", "%00", "99999999999999999999"} {
		add("GET", "/v2/pools?limit="+n, "")
		add("GET", "/v2/flavors?limit="+n, "")
	}
	for _, flavor := range []string{`"none"`, `5`, `[]`, `{}`, `true`, `""`, `"` + strings.Repeat("f", 60000) + `"`} {
		add("PUT", "/v2/queues/q", `{"_flavor":`+flavor+`}`)
	}
	return out
}

func TestHostileAdministratorsAreRefusedAndHarmNothing(t *testing.T) {
	s := zaqartest.Run(t, zaqartest.WithLogger(slog.New(complaints{t})), zaqartest.WithPooling(true))
	c := &client{t: t, srv: s, header: http.Header{"Client-Id": {alice}, "X-Project-Id": {"p"}, "X-Roles": {"admin"}}}
	c.do("PUT", "/v2/pools/p", `{"uri":"redis://a","weight":1,"options":{"a":1}}`).want(201)
	c.do("PUT", "/v2/flavors/f", `{"pool_list":["p"]}`).want(201)
	look := func() string {
		t.Helper()
		return fmt.Sprintf("%s %s %v", c.do("GET", "/v2/pools?detailed=true", "").want(200).body,
			c.do("GET", "/v2/flavors?detailed=true", "").want(200).body, s.Queues("p"))
	}
	before := look()
	requests := hostilePools()
	for _, h := range requests {
		attack(t, s, h)
	}
	if after := look(); after != before {
		t.Fatalf("the server had\n%s\nand has\n%s", before, after)
	}
	for _, h := range requests {
		if strings.Contains(h.raw, "/v1") {
			continue
		}
		// Other callers are refused before that.
		attack(t, s, hostile{strings.Replace(h.raw, "X-Roles: admin", "X-Roles: member", 1), append(h.want, 403)})
	}
	if after := look(); after != before {
		t.Fatalf("the server had\n%s\nand has\n%s", before, after)
	}
	t.Logf("%d hostile requests", len(requests))
}
