package zaqar

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// Health is the state of the stores behind a server.
type Health struct {
	// Store is the only store of a server without pooling.
	Store StoreHealth
	// Pools are the stores of a server with pooling, by name. It is nil without pooling.
	Pools map[string]StoreHealth
	// CatalogReachable reports whether a server with pooling reaches its catalogue of
	// queues.
	CatalogReachable bool
}

// StoreHealth is the health of one store.
type StoreHealth struct {
	Reachable bool
	// Operations are those that the server tried on the store: "create_queue",
	// "post_messages", ….
	Operations map[string]OperationHealth
}

// OperationHealth is one operation that the server tried.
type OperationHealth struct {
	Succeeded bool
	Took      time.Duration
	// Ref identifies the failure in the server's log. It is "" after a success.
	Ref string
}

// OK reports whether every store is reachable and every operation succeeded. With
// pooling, the catalogue must be reachable too.
func (h Health) OK() bool {
	if h.Pools == nil {
		return h.Store.OK()
	}
	for _, pool := range h.Pools {
		if !pool.OK() {
			return false
		}
	}
	return h.CatalogReachable
}

// OK reports whether the store is reachable and every operation succeeded.
func (h StoreHealth) OK() bool {
	for _, o := range h.Operations {
		if !o.Succeeded {
			return false
		}
	}
	return h.Reachable
}

// Health asks for the state of the stores behind the service. The server tries every
// operation on them, so the call can take long. V1 does not have it.
//
// On V2 it needs the admin role and a server that runs in admin mode; otherwise the
// error matches [ErrForbidden] or [ErrNotFound]. To check that the service is alive,
// [Client.Ping] is enough.
func (c *Client) Health(ctx context.Context) (Health, error) {
	r, err := c.connection().call(ctx, wire.Health, nil)
	if err != nil {
		return Health{}, err
	}
	return decode(r, decodeHealth)
}

func decodeHealth(data []byte) (Health, error) {
	var reply map[string]json.RawMessage
	if err := json.Unmarshal(data, &reply); err != nil {
		return Health{}, err
	}
	if _, single := reply["storage_reachable"]; single {
		store, err := decodeStoreHealth(data)
		return Health{Store: store}, err
	}
	h := Health{Pools: map[string]StoreHealth{}}
	for name, value := range reply {
		var err error
		if name == "catalog_reachable" {
			err = json.Unmarshal(value, &h.CatalogReachable)
		} else {
			h.Pools[name], err = decodeStoreHealth(value)
		}
		if err != nil {
			return Health{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return h, nil
}

func decodeStoreHealth(data []byte) (StoreHealth, error) {
	var reply struct {
		Reachable  bool `json:"storage_reachable"`
		Operations map[string]struct {
			Succeeded bool         `json:"succeeded"`
			Took      wire.Seconds `json:"seconds"`
			Ref       string       `json:"ref"`
		} `json:"operation_status"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return StoreHealth{}, err
	}
	store := StoreHealth{Reachable: reply.Reachable, Operations: map[string]OperationHealth{}}
	for name, o := range reply.Operations {
		store.Operations[name] = OperationHealth{Succeeded: o.Succeeded, Took: time.Duration(o.Took), Ref: o.Ref}
	}
	return store, nil
}
