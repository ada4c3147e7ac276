package dumpfile

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/zaqar-go/zaqar"
)

// Target is a queue, or a project if Queue is "", and the server that it is on.
type Target struct {
	Endpoint string `json:"endpoint"`
	Project  string `json:"project,omitempty"`
	Queue    string `json:"queue,omitempty"`
}

// TargetOf returns the target of a client. Credentials may know their project only after a
// request, so it may send one.
func TargetOf(ctx context.Context, client *zaqar.Client, queue string) Target {
	if client.Conn().ProjectID() == "" {
		_ = client.Ping(ctx) // whatever is wrong shows in the requests that follow
	}
	return Target{client.Conn().Endpoint(), client.Conn().ProjectID(), queue}
}

func (t Target) String() string {
	text := t.Endpoint
	if t.Queue != "" {
		text = fmt.Sprintf("the queue %s at %s", t.Queue, t.Endpoint)
	}
	if t.Project != "" {
		text += ", project " + t.Project
	}
	return text
}

// state is how far a dump was loaded. It never says that a line is stored which is not.
type state struct {
	Target Target `json:"target"`
	// Lines is how many lines at the start of the dump are stored, except for Open.
	Lines int `json:"lines"`
	// Stored is how many messages these are.
	Stored int `json:"stored"`
	// Open are the numbers of those lines, from 1, that are not certainly stored.
	Open []int `json:"open,omitempty"`
	// Sum is the checksum of the stored lines.
	Sum checksum `json:"sha256"`
}

// stateVersion is the version of the form of a state.
const stateVersion = 1

type stateFile struct {
	Version int `json:"zaqar_load"`
	state
}

// readState reads a state. Without a file the error matches fs.ErrNotExist.
func readState(name string) (state, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return state{}, err
	}
	var read stateFile
	if err := json.Unmarshal(text, &read); err != nil || read.Version != stateVersion || read.Lines < 0 {
		return state{}, fmt.Errorf("%s is not the state of a zaqar load", name)
	}
	return read.state, nil
}

// write writes the state, unless it has no name.
func (s *state) write(name string) error {
	if name == "" {
		return nil
	}
	text, err := json.Marshal(stateFile{stateVersion, *s})
	if err != nil {
		return err
	}
	return WriteFile(name, true, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// remove removes the file of a state.
func (s *state) remove(name string) error {
	if name == "" {
		return nil
	}
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// settle records what became of a line.
func (s *state) settle(l numbered, stored bool) {
	switch at := slices.Index(s.Open, l.number); {
	case !stored && at < 0:
		s.Open = append(s.Open, l.number)
	case stored && at >= 0:
		s.Open = slices.Delete(s.Open, at, at+1)
	}
	if stored {
		s.Lines = max(s.Lines, l.number)
		s.Stored++
		s.Sum.add(l)
	}
}

// isOpen reports whether a line is not certainly stored, although lines behind it are.
func (s *state) isOpen(number int) bool { return slices.Contains(s.Open, number) }

// forget forgets the open lines behind the last stored one: they are as good as not read.
func (s *state) forget() {
	s.Open = slices.DeleteFunc(s.Open, func(number int) bool { return number > s.Lines })
}

// checksum recognises lines, whatever the order in which they are added.
type checksum [sha256.Size]byte

func (c *checksum) add(l numbered) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", l.number, l.text))
	subtle.XORBytes(c[:], c[:], sum[:])
}

// MarshalText implements encoding.TextMarshaler.
func (c checksum) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(c[:])), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *checksum) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(c) {
		return errors.New("it is no checksum")
	}
	_, err := hex.Decode(c[:], text)
	return err
}
