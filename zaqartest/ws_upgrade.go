package zaqartest

import (
	"bufio"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// websocketKind is the kind of a request that asks for a WebSocket.
const webSocketKind = "websocket"

// wantsSocket tells whether a request asks for a WebSocket. Real servers give
// one at any path, on a port of its own; here, wherever there is nothing else.
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

// WebSocketURL returns the endpoint of the WebSocket, which is that of
// [Server.URL] with another scheme: "ws://127.0.0.1:41234", or "ws://zaqar.test"
// for a server in memory. It is empty until the server listens.
func (s *Server) WebSocketURL() string { return webSocketURL(s.URL()) }

func webSocketURL(url string) string {
	if rest, ok := strings.CutPrefix(url, "http"); ok {
		return "ws" + rest
	}
	return ""
}

// WebSockets returns how many WebSockets are open.
func (s *Server) WebSockets() int {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	return len(s.sessions.open)
}

// DropWebSockets cuts all WebSockets, as a network that fails does: without a
// closing frame, and with what was not answered yet unanswered. It returns how
// many there were. Their subscriptions are gone when it returns.
func (s *Server) DropWebSockets() int {
	open := s.sessions.all()
	for _, x := range open {
		x.end()
	}
	return len(open)
}

// openSocket upgrades a connection and serves it until it ends. It is the
// request's handler, so that closing the server waits for it.
func (s *Server) serveWebSocket(w http.ResponseWriter, c *call, entry *Seen, fault bool) {
	watched := &handshake{ResponseWriter: w}
	// Browsers name where a page came from: what is not from here is refused.
	conn, err := websocket.Accept(watched, c.req, nil)
	s.log.finish(entry, c.project, watched.status, fault)
	if err != nil {
		s.logger.Debug("no WebSocket was opened", "error", err)
		return
	}
	// Twice the largest body leaves room for what is refused in words; beyond
	// that the connection ends.
	conn.SetReadLimit(2 * s.options.limits.LargestBody())
	newWSSession(s, conn, watched.conn).run()
}

// handshake is the answer to a request for a WebSocket. It remembers the status,
// and the connection when that has been taken over.
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
