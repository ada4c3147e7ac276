package zaqartest_test

import "strings"

// hostileDocuments are bodies that no operation accepts.
func hostileDocuments() []string {
	return []string{
		` `, `nonsense`, `null`, `true`, `0`, `-`, `"text"`, `"`, `{`, `[`, `}`, `]`, `{]`, `[}`, `{"a"}`, `{"a":}`, `{,}`, `[,]`, `{"a":1,}`,
		`{"a":1}{"a":1}`, `{"a":1} x`, `{'a':1}`, `{a:1}`, `{"a":01}`, `{"a":+1}`, `{"a":.5}`, `{"a":1.}`, `{"a":0x10}`, `{"a":NaN}`,
		`{"a":Infinity}`, `{"a":99999999999999999999}`, `{"a":-9223372036854775809}`, `{"a":` + strings.Repeat("9", 5000) + `}`,
		`{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\ud800"}`, `{"a":"\udc00\ud800"}`, `{"\ud83d":1}`, "{\"a\":\"\xff\"}", "\xef\xbb\xbf{}", "\xff\xfe{\x00}\x00",
		"{\"a\":\"\n\"}", "{\"a\":\"\x00\"}", "\x00", "\x1f\x8b\x08\x00", `<xml/>`, `{"a":1}//`, `/**/{}`,
		strings.Repeat("[", 10000), strings.Repeat(`{"a":`, 10000), strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
		strings.Repeat("x", 300000), `{"a":"` + strings.Repeat("x", 300000) + `"}`,
	}
}

// hostileBodies sends each of them to every operation that takes a body.
func hostileBodies(claim string) []hostile {
	var out []hostile
	for _, target := range []string{
		"PUT /v1/queues/q/metadata", "PUT /v1.1/queues/new", "PUT /v2/queues/new", "PATCH /v2/queues/q", "POST /v2/queues/q/purge",
		"POST /v1/queues/q/messages", "POST /v1.1/queues/q/messages", "POST /v2/queues/q/messages",
		"POST /v1/queues/q/claims", "POST /v1.1/queues/q/claims", "POST /v2/queues/q/claims", "PATCH /v2/queues/q/claims/" + claim,
	} {
		method, path, _ := strings.Cut(target, " ")
		for _, body := range hostileDocuments() {
			out = append(out, hostile{request(method, path, body, "Content-Type: "+patchType), []int{400}})
		}
	}
	return out
}

// hostileNumbers stand where a reasonable integer is expected.
var hostileNumbers = []string{
	`-1`, `-9223372036854775808`, `9223372036854775807`, `9223372036854775808`, `1e400`, `1e2`, `100.0`, `"100"`, `""`, `[]`, `[100]`, `{}`,
	`{"ttl":100}`, `"\u0000"`, `true`, `4294967396`,
}

// hostileValues puts each of them where a number is expected.
func hostileValues(claim string) []hostile {
	var out []hostile
	add := func(method, path, body string) {
		out = append(out, hostile{request(method, path, body, "Content-Type: "+patchType), []int{400}})
	}
	for _, n := range hostileNumbers {
		add("POST", "/v2/queues/q/messages", `{"messages":[{"body":1,"ttl":`+n+`}]}`)
		add("POST", "/v1.1/queues/q/messages", `{"messages":[{"body":1},{"body":1,"ttl":`+n+`}]}`)
		add("POST", "/v1/queues/q/messages", `[{"body":1,"ttl":`+n+`}]`)
		add("POST", "/v2/queues/q/claims", `{"ttl":`+n+`}`)
		add("POST", "/v2/queues/q/claims", `{"grace":`+n+`}`)
		add("PATCH", "/v2/queues/q/claims/"+claim, `{"ttl":`+n+`}`)
		add("PUT", "/v2/queues/new", `{"_default_message_ttl":`+n+`}`)
		add("PATCH", "/v2/queues/q", `[{"op":"add","path":"/metadata/_default_message_ttl","value":`+n+`}]`)
		add("PATCH", "/v2/queues/q", `[{"op":"add","path":"/metadata/_dead_letter_queue_messages_ttl","value":`+n+`}]`)
	}
	for _, messages := range []string{`null`, `1`, `"x"`, `{}`, `[]`, `[null]`, `[1]`, `[[]]`, `[{}]`, `[{"body":1},null]`, `[{"Body":1}]`} {
		add("POST", "/v2/queues/q/messages", `{"messages":`+messages+`}`)
		add("POST", "/v1.1/queues/q/messages", `{"messages":`+messages+`}`)
	}
	for _, edit := range []string{
		`{}`, `null`, `1`, `{"op":"add"}`, `{"op":"add","path":"/metadata/a"}`, `{"op":"test","path":"/metadata/a","value":1}`,
		`{"op":["add"],"path":"/metadata/a","value":1}`, `{"op":"add","path":["/metadata/a"],"value":1}`, `{"op":"add","path":"","value":1}`,
		`{"op":"add","path":"/","value":1}`, `{"op":"add","path":"/metadata/~","value":1}`, `{"op":"add","path":"/metadata/a/../b","value":1}`,
		`{"op":"remove","path":"/metadata"}`, `{"op":"add","path":"/metadata/a","value":"` + strings.Repeat("x", 65536) + `"}`,
	} {
		add("PATCH", "/v2/queues/q", "["+edit+"]")
	}
	for _, policy := range []string{
		`1`, `"x"`, `[1]`, `{"minimum_delay":-9223372036854775808,"maximum_delay":"x"}`, `{"minimum_delay":30}`, `{"retry_backoff_function":{"a":1}}`,
	} {
		add("PUT", "/v2/queues/new", `{"_retry_policy":`+policy+`}`)
	}
	return out
}
