package follow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/dumpfile"
)

// saveInterval is the time between two writes of the positions.
const saveInterval = time.Second

// Positions is a file with how far each queue was printed. It is written each second in
// which something was printed, and at the end.
type Positions struct {
	name string
	on   dumpfile.Target

	mu       sync.Mutex
	at       map[string]zaqar.Position
	changed  bool
	writeErr error
}

// positionsVersion is the version of the form of the file.
const positionsVersion = 1

type positionsFile struct {
	Version int `json:"zaqar_positions"`
	dumpfile.Target
	Queues map[string]zaqar.Position `json:"queues"`
}

// ReadPositions reads a file, which need not exist. Positions on another server,
// or in another project, are an error.
func ReadPositions(name string, on dumpfile.Target) (*Positions, error) {
	p := &Positions{name: name, on: on, at: map[string]zaqar.Position{}}
	text, err := os.ReadFile(name) //nolint:gosec // the user names the file
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	var read positionsFile
	if err := json.Unmarshal(text, &read); err != nil || read.Version != positionsVersion {
		return nil, fmt.Errorf("%s does not hold the positions of zaqar tail", name)
	}
	if read.Target != on {
		return nil, fmt.Errorf("%s holds positions at %s, not at %s; use another file", name, read.Target, on)
	}
	for queue, at := range read.Queues {
		p.at[queue] = at
	}
	return p, nil
}

// Of returns the position of a queue, if the file has one.
func (p *Positions) Of(queue string) (zaqar.Position, bool) {
	if p == nil {
		return zaqar.Position{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.at[queue]
	return at, ok
}

// Set notes how far a queue was printed.
func (p *Positions) Set(queue string, at zaqar.Position) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[queue], p.changed = at, true
}

// Try writes the file as it is, so that a file that cannot be written is found at once.
func (p *Positions) Try() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	p.changed = true
	p.mu.Unlock()
	return p.Save()
}

// Save writes the file if a position has changed.
func (p *Positions) Save() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.changed {
		return p.writeErr
	}
	text, err := json.Marshal(positionsFile{positionsVersion, p.on, p.at})
	if err == nil {
		err = dumpfile.WriteFile(p.name, true, func(w io.Writer) error {
			_, err := w.Write(append(text, '\n'))
			return err
		})
	}
	if err != nil {
		err = fmt.Errorf("saving the position: %w", err)
	}
	p.changed, p.writeErr = false, err
	return err
}

// keepSaving saves now and then until ctx ends. If it fails, failed is called once.
func (p *Positions) keepSaving(ctx context.Context, failed func(error)) {
	if p == nil {
		return
	}
	ticker := time.NewTicker(saveInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := p.Save(); err != nil {
				failed(err)
				return
			}
		}
	}
}
