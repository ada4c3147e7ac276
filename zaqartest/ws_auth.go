package zaqartest

import (
	"net/http"
	"sync"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// tokenEnded is the code with which a WebSocket is closed when the token that it
// was opened up with ends.
const closeTokenExpired websocket.StatusCode = 4003

// gate knows who is at the other end of a WebSocket, where there is a Keystone.
type wsAuth struct {
	mu          sync.Mutex
	token       *token // nil: nobody has shown one
	cancelTimer func() // the end that the token will put to the session
}

// authenticate lets a caller in who has a valid token. One who is in already
// stays in with a bad one; with a good one, until that ends.
func (x *wsSession) authenticate(a *wsRequest) (wsAnswer, error) {
	t, ok := x.srv.keystone.token(a.header("X-Auth-Token"))
	if !ok {
		return wsAnswer{}, &refusal{status: http.StatusUnauthorized, description: "Authentication failed.", untried: true}
	}
	x.auth.revoke()
	x.auth.mu.Lock()
	defer x.auth.mu.Unlock()
	x.auth.token = t
	x.auth.cancelTimer = x.srv.timers.schedule(t.expires, func() { x.close(closeTokenExpired, "Authentication expired.") })
	if x.ctx.Err() != nil {
		x.auth.cancelTimer() // it has been shut already
	}
	return wsAnswer{http.StatusOK, map[string]string{"message": "Authentified."}}, nil
}

// shut lets nobody in any more.
func (g *wsAuth) revoke() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token != nil {
		g.token = nil
		g.cancelTimer()
	}
}

// holder is the token that is valid now, or nil.
func (x *wsSession) validToken() *token {
	x.auth.mu.Lock()
	defer x.auth.mu.Unlock()
	if t := x.auth.token; t != nil && t.expires.After(x.srv.Now()) {
		return t
	}
	return nil
}

// admit finds out the project of a request: with a Keystone from the token or a
// signed URL, and what the caller says must agree; otherwise from what it says.
func (a *wsRequest) authorize(row *wsAction) error {
	said := a.header("X-Project-ID")
	if !a.srv.options.keystone {
		a.project = said
		return nil
	}
	t := a.session.validToken()
	switch {
	case t != nil && t.project.id == said:
		a.project = said
		return nil
	case t != nil:
		return forbidden("Not authenticated.")
	case !a.allowedBySignedURL(row):
		return forbidden("Not authentified.") // so it is spelt
	}
	a.project = said
	return nil
}

func forbidden(words string) error {
	return &refusal{status: http.StatusForbidden, description: words, untried: true}
}

// signed tells whether a pre-signed URL allows a request. Real servers do not
// compare the queue with the one that the URL is for.
func (a *wsRequest) allowedBySignedURL(row *wsAction) bool {
	methods, _ := rawjson.Texts(a.headers["URL-Methods"])
	paths, _ := rawjson.Texts(a.headers["URL-Paths"])
	u := signedURL{
		methods: methods, paths: paths, project: a.header("X-Project-ID"),
		expires: a.header("URL-Expires"), signature: a.header("URL-Signature"),
	}
	path := "/v2/queues/" + a.queue() + "/messages"
	if id := a.text("message_id"); id != "" {
		path += "/" + id
	}
	return row.signedMethod != "" && a.checkQueue() == nil && u.covers(row.signedMethod, path) && a.srv.genuine(u)
}
