package zaqartest

import (
	"bufio"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// webSocketKind is the kind of a request to open a WebSocket.
const webSocketKind = "websocket"

// wantsWebSocket reports whether a request asks for a WebSocket. Real servers accept
// it at any path, on a port of its own. This one accepts it at any path that leads
// nowhere else.
func (c *call) wantsWebSocket() bool {
	if c.srv.isKeystone(c.req.URL.Path) || c.target != nil && c.target != versionsTarget {
		return false
	}
	for _, value := range c.req.Header["Upgrade"] {
		for protocol := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(protocol), "websocket") {
				return true
			}
		}
	}
	return false
}

// WebSocketURL returns the endpoint of the WebSocket: [Server.URL] with another
// scheme, "ws://127.0.0.1:41234" or, for a server in memory, "ws://zaqar.test". It
// is empty until the server listens.
func (s *Server) WebSocketURL() string { return webSocketURL(s.URL()) }

func webSocketURL(url string) string {
	if rest, ok := strings.CutPrefix(url, "http"); ok {
		return "ws" + rest
	}
	return ""
}

// WebSockets returns the number of open WebSockets.
func (s *Server) WebSockets() int { return len(s.sessions.all()) }

// DropWebSockets cuts all WebSockets as a broken network does: without a closing
// frame and without answers to requests in flight. It returns how many there were.
// When it returns, their subscriptions are gone.
func (s *Server) DropWebSockets() int {
	open := s.sessions.all()
	for _, ws := range open {
		ws.end()
	}
	return len(open)
}

// serveWebSocket upgrades a connection and serves it until it ends. It runs as the
// request's handler, so closing the server waits for it.
func (s *Server) serveWebSocket(w http.ResponseWriter, c *call, entry *Seen, fault bool) {
	watched := &handshake{ResponseWriter: w}
	// A browser names the origin of its page. Accept refuses other origins.
	conn, err := websocket.Accept(watched, c.req, nil)
	s.log.finish(entry, c.project, watched.status, fault)
	if err != nil {
		s.logger.Debug("no WebSocket was opened", "error", err)
		return
	}
	// Requests that are too large for their operation can still be refused with an
	// answer. Beyond twice the largest body, the connection ends.
	conn.SetReadLimit(2 * s.options.limits.LargestBody())
	newWSSession(s, conn, watched.conn).run()
}

// handshake is the answer to a request for a WebSocket. It keeps the status and the
// hijacked connection.
type handshake struct {
	http.ResponseWriter
	status int
	conn   net.Conn
}

// WriteHeader implements [http.ResponseWriter].
func (h *handshake) WriteHeader(status int) {
	h.status = status
	h.ResponseWriter.WriteHeader(status)
}

// Hijack implements [http.Hijacker].
func (h *handshake) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, buffered, err
}
