package broker

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
)

// Flavor returns the capabilities that a flavor of a project was created with.
func (r *ReadTx) Flavor(project, name string) (capabilities json.RawMessage, err error) {
	value, ok := r.tx.Get(flavorKey(project, name))
	if !ok {
		return nil, ErrNoFlavor
	}
	return bytes.Clone(value), nil
}

// Flavors iterates over a project's flavors by name, starting after marker.
func (r *ReadTx) Flavors(project, marker string) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		prefix := flavorKey(project, "")
		from := prefix
		if marker != "" {
			from = append(flavorKey(project, marker), 0)
		}
		for key, value := range r.tx.Scan(from, prefixEnd(prefix)) {
			if !yield(string(key[len(prefix):]), bytes.Clone(value)) {
				return
			}
		}
	}
}

// PutFlavor stores a flavor of a project.
func (w *WriteTx) PutFlavor(project, name string, capabilities json.RawMessage) {
	w.tx.Put(flavorKey(project, name), capabilities)
}

// DeleteFlavor removes a flavor of a project if it exists.
func (w *WriteTx) DeleteFlavor(project, name string) { w.tx.Delete(flavorKey(project, name)) }

// flavorAnywhere reports whether any project has a flavor with that name.
func (r *ReadTx) flavorAnywhere(name string) bool {
	for key := range r.tx.Scan([]byte{flavorSpace}, prefixEnd([]byte{flavorSpace})) {
		if bytes.HasSuffix(key, append([]byte{0}, name...)) {
			return true
		}
	}
	return false
}

// PoolsByName returns the pools with these names. All of them must exist.
func (r *ReadTx) PoolsByName(names []string) ([]Pool, error) {
	var out []Pool
	for _, name := range names {
		p, ok := r.Pool(name)
		if !ok {
			return nil, errors.New("Pool " + name + " does not exist.")
		}
		out = append(out, p)
	}
	return out, nil
}

// PoolsOf returns the pools of a flavor.
func (r *ReadTx) PoolsOf(flavor string) []Pool {
	var out []Pool
	for p := range r.Pools("") {
		if p.in(flavor) {
			out = append(out, p)
		}
	}
	return out
}

// AssignPools gives existing pools to a flavor.
func (w *WriteTx) AssignPools(flavor string, pools ...Pool) error {
	for _, p := range pools {
		p.Flavor = &flavor
		if err := w.PutPool(p); err != nil {
			return err
		}
	}
	return nil
}
