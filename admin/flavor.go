package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"slices"

	"github.com/zaqar-go/zaqar"
)

// Flavor is a group of pools. A queue can request a flavor (zaqar.Reserved.Flavor).
type Flavor struct {
	// Name has 1 to 64 characters.
	Name string
	// Pools are the names of its pools. V2 requires at least one; V1_1 has none.
	Pools []string
	// Capabilities are the capabilities of the pools: FIFO, CLAIMS, AOD,
	// HIGH_THROUGHPUT, DURABILITY. Some servers (release 15 on Python 3.11) return
	// numbers instead, "1" to "5" (quirk 21). On V2 the server determines them; on V1_1
	// the creator of the flavor sets them.
	Capabilities []string
}

// String returns "<Flavor fast pools:[p1 p2]>".
func (f Flavor) String() string { return fmt.Sprintf("<Flavor %s pools:%v>", f.Name, f.Pools) }

// wireFlavor is a Flavor on the wire.
type wireFlavor struct {
	Name         string       `json:"name"`
	Pools        []string     `json:"pool_list"`
	Capabilities capabilities `json:"capabilities"`
}

// capabilities are a list on v2, and the keys of an object on v1.1.
type capabilities []string

// UnmarshalJSON reads both forms.
func (c *capabilities) UnmarshalJSON(data []byte) error {
	var object map[string]any
	if json.Unmarshal(data, &object) == nil {
		*c = slices.Sorted(maps.Keys(object))
		return nil
	}
	var names []any // an element can also be a number
	if err := json.Unmarshal(data, &names); err != nil {
		return err
	}
	for _, name := range names {
		*c = append(*c, fmt.Sprint(name))
	}
	return nil
}

func (w wireFlavor) flavor() Flavor {
	return Flavor{Name: w.Name, Pools: w.Pools, Capabilities: w.Capabilities}
}

// Flavors lists the flavors by name, with their capabilities. It fetches pages as
// [Client.Pools] does. Not in V1.
func (c *Client) Flavors(ctx context.Context) iter.Seq2[Flavor, error] {
	return list(ctx, func(ctx context.Context, query url.Values) ([]Flavor, error) {
		reply, err := c.call(ctx, "flavor_list", request{query: query})
		if err != nil {
			return nil, err
		}
		page, err := decode[struct{ Flavors []wireFlavor }]("flavor_list", reply)
		if err != nil {
			return nil, err
		}
		found := make([]Flavor, len(page.Flavors))
		for i, w := range page.Flavors {
			found[i] = w.flavor()
		}
		return found, nil
	}, func(f Flavor) string { return f.Name })
}

// Flavor reads one flavor. If it does not exist, the error matches zaqar.ErrNotFound. Not
// in V1.
func (c *Client) Flavor(ctx context.Context, name string) (Flavor, error) {
	reply, err := c.call(ctx, "flavor_get", request{name: name, query: url.Values{"detailed": {"true"}}})
	if err != nil {
		return Flavor{}, err
	}
	w, err := decode[wireFlavor]("flavor_get", reply)
	return w.flavor(), err
}

// CreateFlavor creates a flavor of existing pools, or replaces the flavor with that name.
// It is idempotent. On V2 the server ignores Capabilities, and if a pool does not exist,
// the error matches zaqar.ErrInvalid. On V1_1 a flavor has Capabilities and no Pools
// (quirk 39). Not in V1.
//
// A flavor belongs to the caller's project: only queues of that project can request it.
func (c *Client) CreateFlavor(ctx context.Context, f Flavor) error {
	const op = "flavor_create"
	body := map[string]any{"pool_list": f.Pools}
	switch version := c.client.Conn().Version(); {
	case version == zaqar.V1_1 && len(f.Pools) > 0:
		return unsupported(version, op, "pools of a flavor")
	case version == zaqar.V1_1:
		// The object is required: without it servers answer 500.
		can := map[string]bool{}
		for _, name := range f.Capabilities {
			can[name] = true
		}
		body = map[string]any{"capabilities": can}
	case len(f.Pools) == 0 && Supports(version, op):
		return &zaqar.ArgumentError{Op: op, Argument: "Pools", Rule: "are missing"}
	}
	_, err := c.call(ctx, op, request{name: f.Name, body: body})
	return err
}

// UpdateFlavor replaces the pools of a flavor, and returns the updated flavor. If the
// flavor does not exist, the error matches zaqar.ErrNotFound; if a pool does not,
// zaqar.ErrInvalid. V2 only. It blocks for two requests.
func (c *Client) UpdateFlavor(ctx context.Context, name string, pools ...string) (Flavor, error) {
	const op = "flavor_update"
	if len(pools) == 0 {
		return Flavor{}, &zaqar.ArgumentError{Op: op, Argument: "the pools", Rule: "are missing"}
	}
	if _, err := c.call(ctx, op, request{name: name, body: map[string]any{"pool_list": pools}}); err != nil {
		return Flavor{}, err
	}
	return c.Flavor(ctx, name)
}

// DeleteFlavor deletes a flavor but not its pools. It also succeeds if there is no such
// flavor. Not in V1.
func (c *Client) DeleteFlavor(ctx context.Context, name string) error {
	_, err := c.call(ctx, "flavor_delete", request{name: name})
	return err
}
