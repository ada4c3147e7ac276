package cli

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/gobwas/ws"
)

// tracedSocket prints the frames of a WebSocket as they pass.
type tracedSocket struct {
	io.ReadWriteCloser
	sent, received frameTracer
}

func newTracedSocket(conn io.ReadWriteCloser, to *Output) *tracedSocket {
	return &tracedSocket{
		ReadWriteCloser: conn,
		sent:            frameTracer{mark: "> ", to: to},
		received:        frameTracer{mark: "< ", to: to},
	}
}

// Read implements io.Reader.
func (s *tracedSocket) Read(p []byte) (int, error) {
	n, err := s.ReadWriteCloser.Read(p)
	s.received.add(p[:n])
	return n, err
}

// Write implements io.Writer.
func (s *tracedSocket) Write(p []byte) (int, error) {
	s.sent.add(p)
	return s.ReadWriteCloser.Write(p)
}

// frameTracer prints the frames of one direction. A frame may come in several parts.
type frameTracer struct {
	mark string
	to   *Output

	mu   sync.Mutex
	rest []byte // of a frame that has not come as a whole
}

func (t *frameTracer) add(part []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest = append(t.rest, part...)
	for {
		reader := bytes.NewReader(t.rest)
		header, err := ws.ReadHeader(reader)
		if err != nil || header.Length > int64(reader.Len()) {
			return
		}
		begin := len(t.rest) - reader.Len()
		end := begin + int(header.Length)
		payload := bytes.Clone(t.rest[begin:end])
		if header.Masked {
			ws.Cipher(payload, header.Mask, 0)
		}
		t.rest = t.rest[end:]
		t.print(header, payload)
	}
}

var opNames = map[ws.OpCode]string{
	ws.OpText: "text", ws.OpBinary: "binary", ws.OpContinuation: "continuation",
	ws.OpPing: "ping", ws.OpPong: "pong", ws.OpClose: "close",
}

// print prints a frame. Only whole texts are shown: secrets are found in JSON alone.
func (t *frameTracer) print(header ws.Header, payload []byte) {
	var b strings.Builder
	fmt.Fprintf(&b, "%sWebSocket: %s, %d bytes", t.mark, opNames[header.OpCode], len(payload))
	if header.OpCode == ws.OpClose && len(payload) >= 2 {
		fmt.Fprintf(&b, " (%d %q)", binary.BigEndian.Uint16(payload), payload[2:])
	}
	b.WriteByte('\n')
	if header.OpCode == ws.OpText {
		if header.Fin && json.Valid(payload) {
			printBody(&b, t.mark, payload, false)
		} else {
			fmt.Fprintf(&b, "%s\n%s(not shown: it is not JSON by itself)\n", t.mark, t.mark)
		}
	}
	fmt.Fprintln(t.to, b.String())
}
