package transport

import "net/http"

// allowReplay lets net/http send a repeatable request again if the server has closed the
// idle connection that it was sent on. Otherwise net/http does that only with a GET or a
// HEAD, and a DELETE fails with EOF. A header without a value is not sent.
func allowReplay(hr *http.Request, req *Request) {
	if req.Repeatable {
		hr.Header["X-Idempotency-Key"] = []string{}
	}
}
