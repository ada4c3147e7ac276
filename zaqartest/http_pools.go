package zaqartest

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
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

func newPoolItem(c *call, p broker.Pool, detailed bool) poolItem {
	item := poolItem{Name: p.Name, URI: p.URI, Weight: p.Weight, Flavor: p.Flavor, Href: c.path("pools", p.Name)}
	if detailed {
		item.Options = p.Options
	}
	return item
}

// adminLimit reads the page size for pools and flavors. Before v2 it is any number,
// and 0 or less means all.
func adminLimit(c *call, most int) (int, error) {
	if c.target.version == v2 {
		return count(c.query, "limit", most, broker.PageSize(most))
	}
	return looseCount(c.query, "limit", 10)
}

// listPools returns a page of pools, by name.
func listPools(c *call) (reply, error) {
	page, err := poolPage(c)
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, page)
}

// listPoolsV1 adds a link to the next page even if there are no pools.
func listPoolsV1(c *call) (reply, error) {
	page, err := poolPage(c)
	if err != nil {
		return reply{}, err
	}
	if len(page.Links) == 0 {
		page.Links = append(page.Links, adminLink(c, "pools", lastValue(c.query, "marker")))
	}
	return jsonReply(http.StatusOK, page)
}

// pageParameters are the parameters of a listing of pools or flavors.
var pageParameters = []string{"limit", "detailed"}

// adminLink returns the link to the next page of pools or flavors. Real servers spell the
// parameter detailed there as "true" or "false", however it was sent.
func adminLink(c *call, collection, marker string) link {
	query := maps.Clone(c.query)
	if detailed, err := flag(query, "detailed"); err == nil && lastValue(query, "detailed") != "" {
		query.Set("detailed", strconv.FormatBool(detailed))
	}
	return nextLink(c.path(collection), query, pageParameters, marker)
}

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
	err = c.srv.broker.View(func(r *broker.ReadTx) error {
		for p := range r.Pools(lastValue(c.query, "marker")) {
			page.Pools = append(page.Pools, newPoolItem(c, p, detailed))
			if last = p.Name; len(page.Pools) == limit {
				break
			}
		}
		return nil
	})
	if len(page.Pools) > 0 {
		page.Links = append(page.Links, adminLink(c, "pools", last))
	}
	c.location = c.req.URL.RequestURI()
	return page, err
}

// getPool returns a pool.
func getPool(c *call) (reply, error) {
	detailed, err := flag(c.query, "detailed")
	if err != nil {
		return reply{}, err
	}
	var p broker.Pool
	var found bool
	err = c.srv.broker.View(func(r *broker.ReadTx) error {
		p, found = r.Pool(c.param("pool"))
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

// putPool creates or replaces a pool. An existing pool keeps its flavor unless the
// body names one.
func putPool(c *call) (reply, error) {
	terms, err := c.poolTerms(true)
	if err != nil {
		return reply{}, err
	}
	if err := broker.CheckAdminName(c.param("pool")); err != nil {
		return reply{}, err
	}
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		p, _ := w.Pool(c.param("pool"))
		p.Options = json.RawMessage("{}")
		if c.target.version != v2 {
			terms.Flavor = nil // older versions accept and ignore it
		}
		return w.PutPool(terms.Apply(p))
	})
	return empty(http.StatusCreated).with("Location", c.path("pools", c.param("pool"))), sameURI(err)
}

// patchPool changes a pool and returns it.
func patchPool(c *call) (reply, error) {
	p, err := changePool(c)
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, newPoolItem(c, p, false))
}

// patchPoolV1 changes a pool and answers without a body, as the older versions do.
func patchPoolV1(c *call) (reply, error) {
	_, err := changePool(c)
	return empty(http.StatusOK), err
}

func changePool(c *call) (broker.Pool, error) {
	var p broker.Pool
	terms, err := c.poolTerms(false)
	if err != nil {
		return p, err
	}
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		var found bool
		if p, found = w.Pool(c.param("pool")); !found {
			return missingPool(c)
		}
		p = terms.Apply(p)
		return w.PutPool(p)
	})
	return p, sameURI(err)
}

func sameURI(err error) error {
	if errors.Is(err, broker.ErrSameURI) {
		return &refusal{status: http.StatusConflict, title: "Resource conflict", description: "Not stored: " + err.Error() + "."}
	}
	return err
}

// deletePool deletes a pool, which need not exist.
func deletePool(c *call) (reply, error) {
	err := c.srv.broker.Update(func(w *broker.WriteTx) error { return w.DeletePool(c.param("pool")) })
	if errors.Is(err, broker.ErrLastPool) {
		err = unableToDelete(http.StatusForbidden, err)
	}
	return empty(http.StatusNoContent), err
}

// poolTerms reads a body. A new pool must have a uri and a weight, and no unknown
// fields; a change may have any fields.
func (c *call) poolTerms(isNew bool) (broker.PoolTerms, error) {
	document, err := c.anyDocument()
	if err != nil {
		return broker.PoolTerms{}, err
	}
	return broker.ParsePool(document, isNew, isNew || c.target.version == v2)
}
