package zaqartest

import (
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// closeTokenExpired is the code that a WebSocket is closed with when its token
// expires.
const closeTokenExpired websocket.StatusCode = 4003

// wsAuth is the token of a WebSocket, on a server with Keystone.
type wsAuth struct {
	mu          sync.Mutex
	token       *token // nil before authentication
	cancelTimer func() // stops the timer that closes the session when the token expires
}

// authenticate accepts a valid token, which holds until it expires. A bad token
// leaves an authenticated session as it is.
func (ws *wsSession) authenticate(req *wsRequest) (wsAnswer, error) {
	t, ok := ws.srv.keystone.token(req.header("X-Auth-Token"))
	if !ok {
		return wsAnswer{}, &refusal{status: http.StatusUnauthorized, description: "Authentication failed.", untried: true}
	}
	ws.auth.revoke()
	ws.auth.set(t, ws.srv.timers.schedule(t.expires, func() { ws.close(closeTokenExpired, "Authentication expired.") }))
	if ws.ctx.Err() != nil {
		ws.auth.revoke() // the session has ended meanwhile
	}
	return wsAnswer{http.StatusOK, map[string]string{"message": "Authentified."}}, nil
}

// set sets the token, and what stops its timer.
func (auth *wsAuth) set(t *token, cancelTimer func()) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	auth.token, auth.cancelTimer = t, cancelTimer
}

// revoke removes the token and stops its timer.
func (auth *wsAuth) revoke() {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	if auth.token != nil {
		auth.token = nil
		auth.cancelTimer()
	}
}

// valid returns the token if it is valid at a time, or nil.
func (auth *wsAuth) valid(now time.Time) *token {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	if t := auth.token; t != nil && t.expires.After(now) {
		return t
	}
	return nil
}

// validToken returns the token if it is valid now, or nil.
func (ws *wsSession) validToken() *token { return ws.auth.valid(ws.srv.Now()) }

// authorize determines the project of a request. With Keystone, the project that the
// request names must be that of the token or of a signed URL; otherwise it is what
// the request names.
func (req *wsRequest) authorize(row *wsAction) error {
	named := req.header("X-Project-ID")
	if !req.srv.options.keystone {
		req.project = named
		return nil
	}
	t := req.session.validToken()
	switch {
	case t != nil && t.project.id == named:
		req.project = named
		return nil
	case t != nil:
		return forbidden("Not authenticated.")
	case !req.allowedBySignedURL(row):
		return forbidden("Not authentified.") // Zaqar's spelling
	}
	req.project = named
	return nil
}

func forbidden(words string) error {
	return &refusal{status: http.StatusForbidden, description: words, untried: true}
}

// allowedBySignedURL reports whether a pre-signed URL allows a request. Real servers
// do not compare the queue with that of the URL.
func (req *wsRequest) allowedBySignedURL(row *wsAction) bool {
	methods, _ := rawjson.Texts(req.headers["URL-Methods"])
	paths, _ := rawjson.Texts(req.headers["URL-Paths"])
	u := signedURL{
		methods: methods, paths: paths, project: req.header("X-Project-ID"),
		expires: req.header("URL-Expires"), signature: req.header("URL-Signature"),
	}
	path := "/v2/queues/" + req.queue() + "/messages"
	if id := req.text("message_id"); id != "" {
		path += "/" + id
	}
	return row.signedMethod != "" && req.checkQueue() == nil && u.covers(row.signedMethod, path) && req.srv.genuine(u)
}
