package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"
)

// poolItem is a pool as administrators see it.
type poolItem struct {
	Name    string          `json:"name"`
	URI     string          `json:"uri"`
	Weight  int64           `json:"weight"`
	Flavor  *string         `json:"flavor"`
	Options json.RawMessage `json:"options,omitempty"`
	Href    string          `json:"href"`
}

// poolList is a page of a listing of pools.
type poolList struct {
	Pools []poolItem `json:"pools"`
	Links []link     `json:"links"`
}

func newPoolItem(c *call, p pool, detailed bool) poolItem {
	item := poolItem{Name: p.name, URI: p.URI, Weight: p.Weight, Flavor: p.Flavor, Href: c.path("pools", p.name)}
	if detailed {
		item.Options = p.Options
	}
	return item
}

// adminLimit reads how many pools or flavors a page may have: any number before
// v2, where 0 and less mean all.
func adminLimit(c *call, most int) (int, error) {
	if c.target.version == v2 {
		return count(c.query, "limit", most, pageSize(most))
	}
	return looseCount(c.query, "limit", 10)
}

// listPools serves a page of pools, by name.
func listPools(c *call) (reply, error) {
	page, err := poolPage(c)
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, page)
}

// listPoolsV1 has a link to the next page even where there is nothing.
func listPoolsV1(c *call) (reply, error) {
	page, err := poolPage(c)
	if err != nil {
		return reply{}, err
	}
	if len(page.Links) == 0 {
		page.Links = append(page.Links, nextLink(c.path("pools"), c.query, pageParameters, lastValue(c.query, "marker")))
	}
	return jsonReply(http.StatusOK, page)
}

// pageParameters are those of a listing of pools or flavors.
var pageParameters = []string{"limit", "detailed"}

func poolPage(c *call) (poolList, error) {
	page := poolList{Pools: []poolItem{}, Links: []link{}}
	limit, err := adminLimit(c, c.srv.options.limits.MaxPoolsPerPage)
	if err != nil {
		return page, err
	}
	detailed, err := flag(c.query, "detailed")
	if err != nil {
		return page, err
	}
	last := ""
	err = c.srv.broker.view(func(r *reading) error {
		for p := range r.pools(lastValue(c.query, "marker")) {
			page.Pools = append(page.Pools, newPoolItem(c, p, detailed))
			if last = p.name; len(page.Pools) == limit {
				break
			}
		}
		return nil
	})
	if len(page.Pools) > 0 {
		page.Links = append(page.Links, nextLink(c.path("pools"), c.query, pageParameters, last))
	}
	c.location = c.req.URL.RequestURI()
	return page, err
}

// getPool serves a pool.
func getPool(c *call) (reply, error) {
	detailed, err := flag(c.query, "detailed")
	if err != nil {
		return reply{}, err
	}
	var p pool
	var found bool
	err = c.srv.broker.view(func(r *reading) error {
		p, found = r.pool(c.param("pool"))
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	if !found {
		return reply{}, missingPool(c)
	}
	if c.target.version == v1 {
		c.location = c.req.URL.RequestURI()
	}
	return jsonReply(http.StatusOK, newPoolItem(c, p, detailed))
}

func missingPool(c *call) error { return notFound("Pool %s does not exist.", c.param("pool")) }

// putPool serves the creation and the replacement of a pool. One that exists
// keeps its flavor where none is named.
func putPool(c *call) (reply, error) {
	terms, err := c.poolTerms(true)
	if err != nil {
		return reply{}, err
	}
	if err := checkAdminName(c.param("pool")); err != nil {
		return reply{}, err
	}
	err = c.srv.broker.update(func(w *writing) error {
		p, _ := w.pool(c.param("pool"))
		p.Options = json.RawMessage("{}")
		if c.target.version != v2 {
			terms.flavor = nil // which older versions accept and ignore
		}
		return w.putPool(terms.apply(p))
	})
	return empty(http.StatusCreated).with("Location", c.path("pools", c.param("pool"))), sameURI(err)
}

// patchPool serves changes of a pool, and tells what has come of it.
func patchPool(c *call) (reply, error) {
	p, err := changePool(c)
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, newPoolItem(c, p, false))
}

// patchPoolV1 is the same for versions that do not tell.
func patchPoolV1(c *call) (reply, error) {
	_, err := changePool(c)
	return empty(http.StatusOK), err
}

func changePool(c *call) (pool, error) {
	var p pool
	terms, err := c.poolTerms(false)
	if err != nil {
		return p, err
	}
	err = c.srv.broker.update(func(w *writing) error {
		var found bool
		if p, found = w.pool(c.param("pool")); !found {
			return missingPool(c)
		}
		p = terms.apply(p)
		return w.putPool(p)
	})
	return p, sameURI(err)
}

func sameURI(err error) error {
	if errors.Is(err, errSameURI) {
		return &refusal{status: http.StatusConflict, title: "Resource conflict", description: "Not stored: " + err.Error() + "."}
	}
	return err
}

// deletePool serves the end of a pool, existing or not.
func deletePool(c *call) (reply, error) {
	err := c.srv.broker.update(func(w *writing) error { return w.deletePool(c.param("pool")) })
	if errors.Is(err, errLastPool) {
		err = unableToDelete(http.StatusForbidden, err)
	}
	return empty(http.StatusNoContent), err
}

// poolTerms reads a body. Of a new pool it must have a uri and a weight, and
// nothing that nobody knows; of a change, anything that can be changed.
func (c *call) poolTerms(isNew bool) (poolTerms, error) {
	document, err := c.anyDocument()
	if err != nil {
		return poolTerms{}, err
	}
	return parsePool(document, isNew, isNew || c.target.version == v2)
}
