package broker

import (
	"encoding/json"
	"errors"
	"iter"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

var (
	ErrNoFlavor = errors.New("the flavor does not exist")
	// errNoPool: a queue cannot be made, since no pool would take it.
	ErrNoPool = errors.New("there is no pool for the queue")
	// errSameURI: another pool is at that place.
	ErrSameURI = errors.New("another pool has that uri")
	// errLastPool: a flavor would have no pool.
	ErrLastPool = errors.New("the pool is the only one of its flavor")
)

// pool is a place where queues could be kept, as an administrator describes it.
// Here it is a record only: all queues are in the server's store.
type Pool struct {
	Name    string          `json:"-"`
	URI     string          `json:"uri"`
	Weight  int64           `json:"weight"`
	Flavor  *string         `json:"flavor"`
	Options json.RawMessage `json:"options"`
}

// capabilities are what a pool can do, which its kind of store decides.
func (p Pool) Capabilities() []string {
	kind, _, _ := strings.Cut(p.URI, ":")
	return poolKinds[strings.ToLower(kind)]
}

// poolKinds are the stores that a pool can be, by the scheme of its URI, with
// their capabilities.
var poolKinds = map[string][]string{
	"redis":   {"FIFO", "CLAIMS", "AOD", "HIGH_THROUGHPUT"},
	"mongodb": {"FIFO", "CLAIMS", "DURABILITY", "AOD", "HIGH_THROUGHPUT"},
	"swift":   {"AOD", "DURABILITY"},
}

func (p Pool) in(flavor string) bool { return p.Flavor != nil && *p.Flavor == flavor }

// pools goes through all pools by name, from the one after marker on. Names need
// not exist to be markers.
func (r *ReadTx) Pools(marker string) iter.Seq[Pool] {
	return func(yield func(Pool) bool) {
		from := poolKey(marker)
		if marker != "" {
			from = append(from, 0)
		}
		for key, value := range r.tx.Scan(from, after([]byte{poolSpace})) {
			p := Pool{Name: string(key[1:])}
			if json.Unmarshal(value, &p) == nil && !yield(p) {
				return
			}
		}
	}
}

// pool finds a pool by name.
func (r *ReadTx) Pool(name string) (Pool, bool) {
	value, ok := r.tx.Get(poolKey(name))
	p := Pool{Name: name}
	return p, ok && json.Unmarshal(value, &p) == nil
}

// putPool stores a pool, unless another one has its URI.
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

// deletePool removes a pool, if it is there and its flavor can be without it.
func (w *WriteTx) DeletePool(name string) error {
	p, ok := w.Pool(name)
	if ok && p.Flavor != nil && w.flavorAnywhere(*p.Flavor) && len(w.PoolsOf(*p.Flavor)) == 1 {
		return ErrLastPool
	}
	w.tx.Delete(poolKey(name))
	return nil
}

// settle looks for a pool that would take a new queue: one of the flavor that its
// metadata names, or any, as long as it has a weight.
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
