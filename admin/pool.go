package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
)

// Pool is one store of a server with pooling.
//
// It prints without the user, the password and the parameters of its URI.
type Pool struct {
	// Name has 1 to 64 characters.
	Name string
	// URI is the store's address as seen by the server: "redis://10.0.0.5:6379?dbid=1".
	// The server connects to it before it accepts the pool. It can contain a password.
	URI string
	// Weight is the pool's share of new queues, relative to the other weights. It is 0
	// to 4294967295. A pool with weight 0 gets no new queues.
	Weight int64
	// Flavor is the flavor that the pool belongs to, "" for none. V2 only.
	// [Client.CreateFlavor] and [Client.UpdateFlavor] set it as well.
	Flavor string
	// Options are the options of the server's storage driver.
	Options map[string]any
}

// String returns "<Pool p1 redis://10.0.0.5:6379 weight:100>".
func (p Pool) String() string {
	text := fmt.Sprintf("<Pool %s %s weight:%d", p.Name, auth.RedactURI(p.URI), p.Weight)
	if p.Flavor != "" {
		text += " flavor:" + p.Flavor
	}
	return text + ">"
}

// Format prints what String returns, whatever the verb and flags.
func (p Pool) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// MarshalText encodes what String returns.
func (p Pool) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// LogValue logs what String returns.
func (p Pool) LogValue() slog.Value { return slog.StringValue(p.String()) }

// wirePool is a Pool on the wire.
type wirePool struct {
	Name    string         `json:"name,omitempty"`
	URI     string         `json:"uri"`
	Weight  int64          `json:"weight"`
	Flavor  *string        `json:"flavor,omitempty"`
	Options map[string]any `json:"options,omitempty"`
}

func (w wirePool) pool() Pool {
	p := Pool{Name: w.Name, URI: w.URI, Weight: w.Weight}
	if w.Flavor != nil {
		p.Flavor = *w.Flavor
	}
	if len(w.Options) > 0 {
		p.Options = w.Options
	}
	return p
}

// Pools lists the pools by name, with their options. It fetches pages of 20 pools while
// you iterate, and stops when you leave the loop. An error is yielded once, as the last
// element.
func (c *Client) Pools(ctx context.Context) iter.Seq2[Pool, error] {
	return list(ctx, func(ctx context.Context, query url.Values) ([]Pool, error) {
		reply, err := c.call(ctx, "pool_list", request{query: query})
		if err != nil {
			return nil, err
		}
		page, err := decode[struct{ Pools []wirePool }]("pool_list", reply)
		if err != nil {
			return nil, err
		}
		found := make([]Pool, len(page.Pools))
		for i, w := range page.Pools {
			found[i] = w.pool()
		}
		return found, nil
	}, func(p Pool) string { return p.Name })
}

// Pool reads one pool with its options. If it does not exist, the error matches
// zaqar.ErrNotFound.
func (c *Client) Pool(ctx context.Context, name string) (Pool, error) {
	reply, err := c.call(ctx, "pool_get", request{name: name, query: url.Values{"detailed": {"true"}}})
	if err != nil {
		return Pool{}, err
	}
	w, err := decode[wirePool]("pool_get", reply)
	return w.pool(), err
}

// CreatePool creates a pool, or replaces the pool with that name. It is idempotent. If
// the server cannot reach the store, the error matches zaqar.ErrInvalid. A URI that
// another pool has is an error, too: real servers answer 500 (quirk 21).
func (c *Client) CreatePool(ctx context.Context, p Pool) error {
	if err := checkPool("pool_create", p); err != nil {
		return err
	}
	w := wirePool{URI: p.URI, Weight: p.Weight, Options: p.Options}
	if p.Flavor != "" {
		// On older versions servers accept a flavor but do not store it.
		if version := c.client.Conn().Version(); version != zaqar.V2 {
			return unsupported(version, "pool_create", "flavor of a pool")
		}
		w.Flavor = &p.Flavor
	}
	_, err := c.call(ctx, "pool_create", request{name: p.Name, body: w})
	return withoutURI(err, p.URI)
}

func checkPool(op string, p Pool) error {
	bad := func(argument, rule string) error { return &zaqar.ArgumentError{Op: op, Argument: argument, Rule: rule} }
	u, err := url.Parse(p.URI)
	switch {
	case err != nil || u.Scheme == "":
		return bad("URI", "must be the address of a store, such as redis://10.0.0.5:6379")
	case p.Weight < 0 || p.Weight > math.MaxUint32:
		return bad("Weight", fmt.Sprintf("must be 0 to %d, not %d", uint32(math.MaxUint32), p.Weight))
	}
	return nil
}

// withoutURI removes a store's URI, which the server repeats, and its password from an
// error.
func withoutURI(err error, uri string) error {
	e, ok := errors.AsType[*zaqar.Error](err)
	if !ok || uri == "" {
		return err
	}
	hidden := []string{uri, auth.RedactURI(uri)}
	if u, err := url.Parse(uri); err == nil && u.User != nil {
		if password, _ := u.User.Password(); password != "" {
			hidden = append(hidden, password, auth.Redacted)
		}
	}
	hide := strings.NewReplacer(hidden...)
	e.Title, e.Description = hide.Replace(e.Title), hide.Replace(e.Description)
	return err
}

// PoolChange is a change of a pool: [URI], [Weight], [InFlavor] or [Options].
type PoolChange interface {
	applyPool(change map[string]any)
}

// The changes of a pool.
type (
	// URI changes the address of the store. No data is copied. It prints without the
	// user, the password and the parameters; convert it to a string for all of it.
	URI string
	// Weight changes the pool's share of new queues, 0 to 4294967295.
	Weight int64
	// InFlavor adds the pool to a flavor; "" removes it from its flavor. V2 only.
	InFlavor string
	// Options replaces all options of the server's storage driver. It prints the names
	// of the options only.
	Options map[string]any
)

// String returns the scheme and the host: "redis://10.0.0.5:6379".
func (o URI) String() string { return auth.RedactURI(string(o)) }

// Format prints what String returns, whatever the verb and flags.
func (o URI) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// MarshalText encodes what String returns.
func (o URI) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// LogValue logs what String returns.
func (o URI) LogValue() slog.Value { return slog.StringValue(o.String()) }

// String returns "<Options max_retry_attempts>", with the names of the options.
func (o Options) String() string {
	return "<" + strings.Join(append([]string{"Options"}, slices.Sorted(maps.Keys(o))...), " ") + ">"
}

// Format prints what String returns, whatever the verb and flags.
func (o Options) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// MarshalText encodes what String returns.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// LogValue logs what String returns.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (o URI) applyPool(change map[string]any)      { change["uri"] = string(o) }
func (o Weight) applyPool(change map[string]any)   { change["weight"] = int64(o) }
func (o InFlavor) applyPool(change map[string]any) { change["flavor"] = string(o) }
func (o Options) applyPool(change map[string]any) {
	if o == nil {
		o = Options{} // null is refused
	}
	change["options"] = map[string]any(o)
}

// UpdatePool changes a pool, and returns the updated pool. If it does not exist, the
// error matches zaqar.ErrNotFound. It blocks for two requests.
func (c *Client) UpdatePool(ctx context.Context, name string, changes ...PoolChange) (Pool, error) {
	const op = "pool_update"
	body, after := map[string]any{}, Pool{URI: "any:"}
	for _, change := range changes {
		change.applyPool(body)
		switch o := change.(type) {
		case URI:
			after.URI = string(o)
		case Weight:
			after.Weight = int64(o)
		}
	}
	if len(body) == 0 {
		return Pool{}, &zaqar.ArgumentError{Op: op, Argument: "the changes", Rule: "are missing"}
	}
	if err := checkPool(op, after); err != nil {
		return Pool{}, err
	}
	if _, moved := body["flavor"]; moved && c.client.Conn().Version() != zaqar.V2 {
		return Pool{}, unsupported(c.client.Conn().Version(), op, "flavor of a pool")
	}
	if _, err := c.call(ctx, op, request{name: name, body: body}); err != nil {
		return Pool{}, withoutURI(err, after.URI)
	}
	return c.Pool(ctx, name)
}

// DeletePool removes a pool from the service: its queues are no longer found, but their
// messages stay in the store. It also succeeds if there is no such pool. Some servers
// refuse to delete the last pool of a flavor, with an error that matches
// zaqar.ErrForbidden.
func (c *Client) DeletePool(ctx context.Context, name string) error {
	_, err := c.call(ctx, "pool_delete", request{name: name})
	return err
}
