package broker

import (
	"encoding/json"
	"iter"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// Pool is a place for queues, as an administrator describes it. It is a description
// only: all queues are in the server's store.
type Pool struct {
	Name    string          `json:"-"`
	URI     string          `json:"uri"`
	Weight  int64           `json:"weight"`
	Flavor  *string         `json:"flavor"`
	Options json.RawMessage `json:"options"`
}

// Capabilities returns what a pool can do, which depends on its kind of store.
func (p Pool) Capabilities() []string {
	kind, _, _ := strings.Cut(p.URI, ":")
	return poolKinds[strings.ToLower(kind)]
}

// poolKinds lists the kinds of store by the scheme of their URI, with their
// capabilities.
var poolKinds = map[string][]string{
	"redis":   {"FIFO", "CLAIMS", "AOD", "HIGH_THROUGHPUT"},
	"mongodb": {"FIFO", "CLAIMS", "DURABILITY", "AOD", "HIGH_THROUGHPUT"},
	"swift":   {"AOD", "DURABILITY"},
}

func (p Pool) in(flavor string) bool { return p.Flavor != nil && *p.Flavor == flavor }

// Pools iterates over all pools by name, starting after marker. The marker need not
// be the name of a pool.
func (r *ReadTx) Pools(marker string) iter.Seq[Pool] {
	return func(yield func(Pool) bool) {
		from := poolKey(marker)
		if marker != "" {
			from = append(from, 0)
		}
		for key, value := range r.tx.Scan(from, prefixEnd([]byte{poolSpace})) {
			p := Pool{Name: string(key[1:])}
			if json.Unmarshal(value, &p) == nil && !yield(p) {
				return
			}
		}
	}
}

// Pool returns a pool by name.
func (r *ReadTx) Pool(name string) (Pool, bool) {
	value, ok := r.tx.Get(poolKey(name))
	p := Pool{Name: name}
	return p, ok && json.Unmarshal(value, &p) == nil
}

// PutPool stores a pool unless another pool has its URI.
func (w *WriteTx) PutPool(p Pool) error {
	for other := range w.Pools("") {
		if other.URI == p.URI && other.Name != p.Name {
			return ErrSameURI
		}
	}
	value, err := rawjson.Marshal(p)
	if err == nil {
		w.tx.Put(poolKey(p.Name), value)
	}
	return err
}

// DeletePool removes a pool if it exists, unless it is the last one of its flavor.
func (w *WriteTx) DeletePool(name string) error {
	p, ok := w.Pool(name)
	if ok && p.Flavor != nil && w.flavorAnywhere(*p.Flavor) && len(w.PoolsOf(*p.Flavor)) == 1 {
		return ErrLastPool
	}
	w.tx.Delete(poolKey(name))
	return nil
}

// requirePool returns an error unless a pool accepts a new queue: a pool of the
// flavor that the queue's metadata names, or any pool, if its weight is not 0.
func (r *ReadTx) requirePool(project string, content Metadata) error {
	value, named := content["_flavor"]
	named = named && !rawjson.IsNull(value)
	flavor, _ := rawjson.Text(value)
	if named {
		if _, err := r.Flavor(project, flavor); err != nil {
			return err
		}
	}
	for p := range r.Pools("") {
		if p.Weight > 0 && (!named || p.in(flavor)) {
			return nil
		}
	}
	return ErrNoPool
}
