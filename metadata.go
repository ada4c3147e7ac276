package zaqar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// Content is a queue's metadata: any JSON value under any key. Numbers from the
// server are json.Number, which keeps all their digits. Keys that begin with an
// underscore are Zaqar's own; [Reserved] has them with their types.
//
// As an option of [Client.CreateQueue] it is the metadata of the new queue.
type Content map[string]any

// Metadata is a queue's metadata as last read or written, with methods to change it.
// [Queue.Metadata] returns it. It is safe for concurrent use.
type Metadata struct {
	queue *Queue

	mu      sync.Mutex
	content Content
}

// Metadata reads the queue's metadata. In V2 the server fills in its defaults for
// [Reserved] keys that are not set, and returns only these for a queue that does not
// exist. Over the WebSocket without HTTP there are no defaults: keys that are not set
// are missing.
func (q *Queue) Metadata(ctx context.Context) (*Metadata, error) {
	m := &Metadata{queue: q}
	if err := m.Reload(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// Content returns a copy of the metadata. The copy is shallow: do not change objects
// and arrays inside it.
func (m *Metadata) Content() Content {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.content)
}

// Get returns the value under a key. ok is false if the key is not set. It sends
// nothing.
func (m *Metadata) Get(key string) (any, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.content[key]
	return value, ok
}

// Reload reads the metadata from the server again.
func (m *Metadata) Reload(ctx context.Context) error {
	r, err := orNone(m.queue).call(ctx, wire.QueueGet, nil)
	if err != nil {
		return err
	}
	return m.store(r)
}

func (m *Metadata) store(r reply) error {
	content, err := decode(r, decodeContent)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.content = content
	return nil
}

// Update replaces the metadata. Keys that are not in content are removed, Zaqar's own
// included, which return to their defaults. To change a single key use [Metadata.Set]
// or [Metadata.Remove].
//
// V1 replaces the metadata in one step. V1_1 cannot change it: the error matches
// [ErrUnsupported]. V2 has no replacement, only changes of single keys, all or none
// of them. There Update reads the metadata and sends the difference, so a change that
// somebody else makes in between can survive. On a conflict it starts again; it makes three
// attempts at most. If the queue does not exist, the error matches [ErrNotFound].
func (m *Metadata) Update(ctx context.Context, content map[string]any) error {
	wanted, err := normalized(content)
	if err != nil {
		return m.badValue("content", err)
	}
	if orNone(m.queue).connection().has(wire.QueueReplace) {
		return m.replace(ctx, wanted)
	}
	const attempts = 3
	for attempt := 1; ; attempt++ {
		if err := m.Reload(ctx); err != nil {
			return err
		}
		err := m.patch(ctx, m.difference(wanted))
		// A conflict means that somebody removed a key in between.
		if attempt == attempts || !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

// Set sets one key and leaves the others alone. V1 can only replace the whole
// metadata, so there a change that somebody else makes meanwhile is lost. V1_1 cannot
// change metadata: the error matches [ErrUnsupported]. If the queue does not exist,
// the error matches [ErrNotFound].
func (m *Metadata) Set(ctx context.Context, key string, value any) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	encoded, err := plainjson.Marshal(value)
	if err != nil {
		return m.badValue(key, err)
	}
	if orNone(m.queue).connection().has(wire.QueueReplace) {
		return m.edit(ctx, func(content Content) error {
			content[key] = json.RawMessage(encoded)
			return nil
		})
	}
	return m.patch(ctx, []wire.Change{wire.Set(key, json.RawMessage(encoded))})
}

// Remove removes one key and leaves the others alone. If the key is not set, the
// error matches [ErrConflict]. If the queue does not exist, it matches [ErrNotFound].
// V1 and V1_1 behave as for [Metadata.Set].
func (m *Metadata) Remove(ctx context.Context, key string) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	if orNone(m.queue).connection().has(wire.QueueReplace) {
		return m.edit(ctx, func(content Content) error {
			if _, ok := content[key]; !ok {
				return fmt.Errorf("zaqar: %s %s: no key %q: %w", wire.QueueReplace, orNone(m.queue).name, key, ErrConflict)
			}
			delete(content, key)
			return nil
		})
	}
	return m.patch(ctx, []wire.Change{wire.Remove(key)})
}

// edit changes one key where the API version can only replace everything.
func (m *Metadata) edit(ctx context.Context, change func(Content) error) error {
	if err := m.Reload(ctx); err != nil {
		return err
	}
	content := m.Content()
	if err := change(content); err != nil {
		return err
	}
	return m.replace(ctx, content)
}

// replace replaces the whole metadata in one request.
func (m *Metadata) replace(ctx context.Context, content Content) error {
	if err := orNone(m.queue).refuseOwnKeys(content); err != nil {
		return err
	}
	if _, err := orNone(m.queue).call(ctx, wire.QueueReplace, wire.Params{"metadata": content}); err != nil {
		return err
	}
	return m.Reload(ctx)
}

// refuseOwnKeys refuses Zaqar's own keys where the API version refuses them.
func (q *Queue) refuseOwnKeys(content Content) error {
	route, err := wire.Lookup(wire.Version(q.connection().version), wire.QueueReplace)
	if err != nil || !route.OwnKeys {
		return nil
	}
	for key := range content {
		if strings.HasPrefix(key, "_") {
			return q.connection().unsupported(wire.QueueReplace, fmt.Sprintf("metadata key %q", key))
		}
	}
	return nil
}

func (m *Metadata) checkKey(key string) error {
	if key == "" {
		return &ArgumentError{Op: string(wire.QueueUpdate), Argument: "key", Rule: "is empty"}
	}
	return nil
}

func (m *Metadata) badValue(what string, err error) error {
	return &ArgumentError{Op: string(wire.QueueUpdate), Argument: what, Rule: "cannot be encoded as JSON", Err: err}
}

func (m *Metadata) patch(ctx context.Context, changes []wire.Change) error {
	r, err := orNone(m.queue).call(ctx, wire.QueueUpdate, wire.Params{"changes": changes})
	if err != nil {
		return err
	}
	return m.store(r)
}

// difference returns the changes from the current content to the wanted one.
func (m *Metadata) difference(wanted Content) []wire.Change {
	m.mu.Lock()
	defer m.mu.Unlock()
	changes := []wire.Change{}
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		present, ok := m.content[key]
		if !ok || !reflect.DeepEqual(present, wanted[key]) {
			changes = append(changes, wire.Set(key, wanted[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.content)) {
		if _, ok := wanted[key]; !ok && !unset(key, m.content[key]) {
			changes = append(changes, wire.Remove(key))
		}
	}
	return changes
}

// unset reports whether the server shows one of Zaqar's own keys although it is not
// set.
func unset(key string, value any) bool {
	return reservedKeys[key] && (value == nil || value == false || value == json.Number("0"))
}

// differingKeys returns the keys whose values are not the wanted ones.
func (m *Metadata) differingKeys(wanted Content) ([]string, error) {
	wanted, err := normalized(wanted)
	if err != nil {
		return nil, m.badValue("metadata", err)
	}
	content := m.Content()
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if !reflect.DeepEqual(content[key], wanted[key]) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// String returns "<Metadata max_size:1000>": the keys that are set, sorted, with
// their values.
func (m *Metadata) String() string {
	content := m.Content()
	var b strings.Builder
	b.WriteString("<Metadata")
	for _, key := range slices.Sorted(maps.Keys(content)) {
		if unset(key, content[key]) {
			continue
		}
		value, _ := plainjson.Marshal(content[key])
		fmt.Fprintf(&b, " %s:%s", key, value)
	}
	return b.String() + ">"
}

// normalized converts values to the form in which the server returns them: plain JSON
// values, with numbers as json.Number.
func normalized(content map[string]any) (Content, error) {
	encoded, err := plainjson.Marshal(content)
	if err != nil {
		return nil, err
	}
	if content == nil {
		return Content{}, nil
	}
	return decodeContent(encoded)
}

func decodeContent(data []byte) (Content, error) {
	var content Content
	if err := wire.UnmarshalMended(data, &content); err != nil {
		return nil, err
	}
	if content == nil {
		return nil, errors.New("it is null, not an object")
	}
	return content, nil
}
