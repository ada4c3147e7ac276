package zaqartest

import (
	"bytes"
	"fmt"
	"net"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// When net/http cannot read a request, it answers by itself: in plain text,
// sometimes with a 5xx, and in one write. Clients of Zaqar expect JSON and take a
// 5xx for a failure of the server, so such an answer is rewritten in the usual form.

// plainErrorHeaders follow the first line of such an answer, and of no other: other
// answers have a date.
const plainErrorHeaders = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// jsonErrorListener accepts connections that rewrite the answers of net/http to
// requests that it cannot read.
type jsonErrorListener struct{ net.Listener }

// Accept implements [net.Listener].
func (l jsonErrorListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return jsonErrorConn{conn}, nil
}

type jsonErrorConn struct{ net.Conn }

// Write implements [net.Conn].
func (c jsonErrorConn) Write(b []byte) (int, error) {
	line, text, plain := bytes.Cut(b, []byte(plainErrorHeaders))
	status, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !plain || !ok || bytes.ContainsRune(line, '\n') {
		return c.Conn.Write(b)
	}
	code := http.StatusBadRequest
	if bytes.HasPrefix(status, []byte("431 ")) {
		code = http.StatusRequestHeaderFieldsTooLarge
	}
	body, err := rawjson.Marshal(map[string]string{"title": "Bad request", "description": string(text)})
	if err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(c.Conn, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		code, http.StatusText(code), jsonType, len(body), body)
	return len(b), err
}

// CloseWrite closes the server's half of the connection, if it has halves. net/http
// does so to let a client read the answer to a request that is too large.
func (c jsonErrorConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
