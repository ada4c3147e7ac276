package zaqartest_test

import "strings"

// hostileQueries are malicious parameters.
func hostileQueries(id string) []hostile {
	var out []hostile
	add := func(method, path string, want ...int) { out = append(out, hostile{request(method, path, ""), want}) }
	for _, n := range []string{
		"0", "-1", "21", "x", "1.5", "1e1", "0x5", "NaN", "99999999999999999999", "-99999999999999999999", "%00", "%ff", "%zz", "%", "%20",
		"1%2C2", "2,x", "%F0%9F%98%80", strings.Repeat("9", 5000),
	} {
		add("GET", "/v2/queues?limit="+n, 400)
		add("GET", "/v2/queues/q/messages?limit="+n, 400)
		add("DELETE", "/v2/queues/q/messages?pop="+n, 400)
		add("POST", "/v2/queues/q/claims?limit="+n, 400)
	}
	for _, word := range []string{"maybe", "TRUE", "2", "%00", "%ff", "null", "[]", "true;", strings.Repeat("t", 5000)} {
		add("GET", "/v2/queues?detailed="+word, 400)
		add("GET", "/v2/queues?with_count="+word, 400)
		add("GET", "/v2/queues/q/messages?echo="+word, 400)
		add("GET", "/v2/queues/q/messages?include_claimed="+word, 400)
	}
	for _, pattern := range []string{"(", "[", "*", "a{2000}", "(?P<", `%5C`, strings.Repeat("(", 2000), "(a{1000}){1000}"} {
		add("GET", "/v2/queues?name="+pattern, 400)
	}
	for _, marker := range []string{"%00", "%ff%fe", "..", "%2e%2e%2f", strings.Repeat("m", 8000), "'%20OR%201=1", "-1", "%zz", "a&marker=b&marker="} {
		add("GET", "/v2/queues?marker="+marker, 200)
		add("GET", "/v2/queues/q/messages?echo=true&marker="+marker, 200)
	}
	add("GET", "/v2/queues/q/messages?ids="+strings.Repeat("a,", 21), 400)
	add("GET", "/v2/queues/q/messages?"+strings.Repeat("ids=a&", 10000), 400)
	add("GET", "/v2/queues/q/messages?ids=%2c%2c", 404)
	add("GET", "/v2/queues/q/messages?ids=%00,%ff,%zz", 404)
	add("DELETE", "/v2/queues/q/messages?ids=%00,%ff,nonsense", 204)
	add("DELETE", "/v2/queues/q/messages?ids="+id+"&pop=1", 400)
	add("DELETE", "/v2/queues/q/messages", 400)
	add("DELETE", "/v2/queues/q/messages?ids=,&pop=", 400)
	add("DELETE", "/v2/queues/q/messages/"+id+"?claim_id=%00", 400)
	add("DELETE", "/v2/queues/q/messages/"+id+"?claim_id="+strings.Repeat("c", 8000), 400)
	add("DELETE", "/v2/queues/q/messages/"+id, 403)
	add("GET", "/v2/queues?"+strings.Repeat("k=v&", 10000), 200)
	add("GET", "/v2/queues?%ff=%ff&%00=%00&;&=&&&", 200)
	return out
}

// hostilePaths lead nowhere, or somewhere unexpected.
func hostilePaths() []hostile {
	var out []hostile
	for _, path := range []string{
		"/v2/../v2/nowhere", "/v2/queues/../../etc/passwd", "/v2//queues", "/v2/queues/q//messages", "/v2/queues/q/messages/a/b", "/v2\\queues",
		"/" + strings.Repeat("a/", 20000), "/v2/" + strings.Repeat("/", 5000), "/v3/queues", "/v2;x/queues",
		"/v1.1.1/queues", "/.git/config", "/v2/queues/q/messages/..", "/v2/queues/q/claims/%00", "/v2/queues/q/claims/" + strings.Repeat("f", 10000),
		"/v2/queues/q/messages/%ff", "/v2/queues/q/messages/%2e%2e%2f", "/v2/queues/q/messages/" + strings.Repeat("0", 32), "/%00", "/v2/%ff",
		"/identity/v3/auth/tokens", "/v2/queues/q/messages/" + strings.Repeat("-", 100),
	} {
		out = append(out, hostile{request("GET", path, ""), []int{404}})
	}
	out = append(out, hostile{request("GET", "/%76%32%2fqueues", ""), []int{200}}) // it is decoded first
	for _, name := range []string{
		"%00", "%2e%2e%2fq", "q%00", "q%0a", "q%0d%0aX:%201", "%ff", "%c3%a9", "a%20b", "a+b", "*", "q;drop", "q,q", strings.Repeat("q", 65),
		strings.Repeat("q", 60000), "%F0%9F%98%80", "$%7Bq%7D", "q%2f..", "%25",
	} {
		out = append(out, hostile{request("PUT", "/v2/queues/"+name, ""), []int{400, 404}},
			hostile{request("POST", "/v2/queues/"+name+"/messages", `{"messages":[{"body":1}]}`), []int{400, 404}})
	}
	for _, path := range []string{"", "*", "v2/queues", "/v2/queues/%zz", "/v2/queues/%", "http://", "http://[::1", "//", "/v2/queues/a b", "?", "/v2/queues/\x01"} {
		out = append(out, hostile{request("GET", path, ""), []int{400, 404}})
	}
	for _, method := range []string{"BREW", "get", "G E T", "GET\x00", "", strings.Repeat("M", 10000), "POST", "PATCH", "TRACE", "HEAD", "CONNECT", "PRI"} {
		out = append(out, hostile{request(method, "/v2/queues", ""), []int{400, 404, 405}})
	}
	return out
}

// hostileHeaders are malicious headers.
func hostileHeaders() []hostile {
	var out []hostile
	add := func(want int, lines ...string) {
		out = append(out, hostile{request("GET", "/v2/queues", "", lines...), []int{want}})
	}
	for _, id := range []string{
		"", "x", "null", "\xff\xfe", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32), strings.Repeat("0", 100000), "{}", "urn:uuid:",
	} {
		add(400, "Client-ID: "+id)
	}
	add(400, "X-Project-Id:")
	add(400, "X-Project-Id: a\tb")
	add(200, "X-Project-Id: "+strings.Repeat("p", 100000))
	add(200, "X-Project-Id: p/../q")
	add(200, "X-Project-Id: \xff\xfe")
	add(200, "X-Project-Id: p", "X-Project-Id: q")
	for _, accept := range []string{"nonsense", "text/html", "application/json;q=0", ",;/", "application/json-home", "text/xml", "application/x+json", "\xff", strings.Repeat("a/b,", 20000)} {
		add(406, "Accept: "+accept)
	}
	add(200, "Accept: application/json;q=NaN")
	add(200, "Accept: */*;q=1e999")
	add(400, "Content-Type: application/x-www-form-urlencoded", "Content-Length: 0")
	add(200, "URL-Signature:", "EXTRA-SPEC: :")
	add(200, "X-Roles: admin,"+strings.Repeat("r,", 20000))
	add(200, strings.TrimSuffix(strings.Repeat("X-A: b\r\n", 5000), "\r\n"))
	add(431, "X-Large: "+strings.Repeat("x", 5<<20))
	add(400, "X-Bad\x00: 1")
	add(400, "X Bad: 1")
	add(400, ": 1")
	add(400, "no colon at all")
	add(400, "X-Bad: a\x00b")
	add(200, "X-Folded: 1", " and 2")
	add(400, "Host: another")
	add(417, "Expect: the unexpected")
	for _, length := range []string{"-1", "x", "1e3", "0x10", "99999999999999999999", "5, 6", "+5", "5\r\nContent-Length: 6"} {
		out = append(out, hostile{request("POST", "/v2/queues/q/messages", `{"messages":[{"body":1}]}`, "Content-Length: "+length), []int{400}})
	}
	return out
}

// hostileFrames are bodies that end too early or too late, or are chunked. Chunked
// bodies are not read, so operations that need no body succeed.
func hostileFrames() []hostile {
	post := func(body string, lines ...string) hostile {
		return hostile{request("POST", "/v2/queues/q/messages", body, lines...), []int{400}}
	}
	const chunk = "19\r\n{\"messages\":[{\"body\":1}]}\r\n0\r\n\r\n"
	return []hostile{
		post(strings.Repeat("x", 10<<20)),
		post(chunk, "Transfer-Encoding: chunked"),
		post("zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
		post("ffffffffffffffff\r\n{}", "Transfer-Encoding: chunked"),
		post("-1\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
		post("", "Transfer-Encoding: chunked"),
		post("5\r\n{", "Transfer-Encoding: chunked"),
		post(chunk, "Transfer-Encoding: gzip"),
		post(chunk, "Transfer-Encoding: gzip, chunked"),
		post(chunk, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
		post(chunk, "Transfer-Encoding: chunked", "Content-Length: 5"),
		post(`{"messages":`, "Content-Length: 1000"),
		post("", "Content-Length: 1000"),
		post(`{}`, "Content-Length: 262145"),
		post(`{}`, "Content-Length: 9223372036854775807"),
		post(`{"messages":[{"body":1}]}`, "Content-Length: 5"),
		post(strings.Repeat(" ", 2<<20)),
		{request("PUT", "/v2/queues/chunked", "5\r\n{\"a\":\r\n", "Transfer-Encoding: chunked"), []int{201}},
		{request("POST", "/v2/queues/empty/claims", chunk, "Transfer-Encoding: chunked"), []int{204}},
		{request("PATCH", "/v2/queues/q", "2\r\n[]\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Type: "+patchType), []int{400}},
		{"\r\n\r\n", []int{400}},
		{"nonsense\r\n\r\n", []int{400}},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}},
		{"GET / HTTP/1.1\r\n\r\n", []int{400}},
		{"GET / HTTP/9.9\r\nHost: x\r\n\r\n", []int{400}},
		{"GET / HTTP/x\r\nHost: x\r\n\r\n", []int{400}},
		{"GET /v2/queues\r\n\r\n", []int{400}},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{404}},
		{strings.Repeat("\x00", 100000) + "\r\n\r\n", []int{400}},
	}
}
