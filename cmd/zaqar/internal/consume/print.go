package consume

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"

	"github.com/zaqar-go/zaqar"
)

// Print is a handler that writes bodies, one a line. A message counts as handled when
// its line was written.
type Print struct {
	Out io.Writer
	// AsText writes texts without quotes, so that they may have several lines.
	AsText bool

	mu sync.Mutex
}

// Handle writes the body of a message.
func (p *Print) Handle(_ context.Context, m *zaqar.Message) error {
	line := bodyFor(m.Body(), !p.AsText)
	if !p.AsText || bodyType(m.Body()) != "string" {
		line = oneLine(line)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.Out.Write(append(bytes.Clone(line), '\n')); err != nil {
		return fatal(err)
	}
	return nil
}

// oneLine returns JSON without line breaks. Bodies that are not quite JSON, such as NaN,
// only lose their line breaks.
func oneLine(body []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, body) == nil {
		return b.Bytes()
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("\r"), nil), []byte("\n"), []byte(" "))
}
