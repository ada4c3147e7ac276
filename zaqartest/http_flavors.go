package zaqartest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// flavorItem is a flavor as clients see it.
type flavorItem struct {
	Name         string          `json:"name"`
	Capabilities json.RawMessage `json:"capabilities,omitempty"`
	PoolList     []string        `json:"pool_list,omitempty"`
	Href         string          `json:"href"`
}

// flavorList is a page of a listing of flavors.
type flavorList struct {
	Flavors []flavorItem `json:"flavors"`
	Links   []link       `json:"links"`
}

// listFlavors returns a page of a project's flavors, by name.
func listFlavors(c *call) (reply, error) {
	page := flavorList{Flavors: []flavorItem{}, Links: []link{}}
	limit, err := adminLimit(c, c.srv.options.limits.MaxFlavorsPerPage)
	if err != nil {
		return reply{}, err
	}
	detailed, err := flag(c.query, "detailed")
	if err != nil {
		return reply{}, err
	}
	last := ""
	err = c.srv.broker.View(func(r *broker.ReadTx) error {
		for name, stored := range r.Flavors(c.project, lastValue(c.query, "marker")) {
			item, err := newFlavorItem(c, r, name, stored, detailed)
			if err != nil {
				return err
			}
			page.Flavors = append(page.Flavors, item)
			if last = name; len(page.Flavors) == limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	if len(page.Flavors) > 0 {
		page.Links = append(page.Links, adminLink(c, "flavors", last))
	}
	return jsonReply(http.StatusOK, page)
}

// newFlavorItem returns a flavor with its pools and their capabilities. In v1.1 a
// flavor has no pools, and the capabilities that it was created with.
func newFlavorItem(c *call, r *broker.ReadTx, name string, stored json.RawMessage, detailed bool) (flavorItem, error) {
	item := flavorItem{Name: name, Href: c.path("flavors", name)}
	if c.target.version != v2 {
		if detailed {
			item.Capabilities = stored
		}
		return item, nil
	}
	pools := r.PoolsOf(name)
	for _, p := range pools {
		item.PoolList = append(item.PoolList, p.Name)
	}
	if !detailed {
		return item, nil
	}
	var err error
	item.Capabilities, err = capabilitiesOf(pools)
	return item, err
}

// capabilitiesOf returns the capabilities of the first of the pools.
func capabilitiesOf(pools []broker.Pool) (json.RawMessage, error) {
	if len(pools) == 0 {
		return json.RawMessage("[]"), nil
	}
	return rawjson.Marshal(pools[0].Capabilities())
}

// getFlavor returns a flavor. It always lists the pools, even if there are none.
func getFlavor(c *call) (reply, error) {
	item, err := readFlavor(c, true)
	if err != nil {
		return reply{}, err
	}
	pools := item.PoolList
	if pools == nil {
		pools = []string{}
	}
	return jsonReply(http.StatusOK, struct {
		flavorItem
		PoolList []string `json:"pool_list"`
	}{item, pools})
}

// getFlavorV11 returns a flavor in v1.1, where it has no pools.
func getFlavorV11(c *call) (reply, error) {
	detailed, err := flag(c.query, "detailed")
	if err != nil {
		return reply{}, err
	}
	item, err := readFlavor(c, detailed)
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, item)
}

func readFlavor(c *call, detailed bool) (flavorItem, error) {
	var item flavorItem
	err := c.srv.broker.View(func(r *broker.ReadTx) error {
		stored, err := r.Flavor(c.project, c.param("flavor"))
		if err == nil {
			item, err = newFlavorItem(c, r, c.param("flavor"), stored, detailed)
		}
		return err
	})
	return item, missingFlavor(c, err)
}

// missingFlavor turns the error for a missing flavor into a 404. It returns other
// errors as they are.
func missingFlavor(c *call, err error) error {
	if errors.Is(err, broker.ErrNoFlavor) {
		return notFound("Flavor %s does not exist.", c.param("flavor"))
	}
	return err
}

// putFlavor creates a flavor, or adds pools to an existing one.
func putFlavor(c *call) (reply, error) {
	names, err := c.flavorPools(true)
	if err != nil {
		return reply{}, err
	}
	if err := broker.CheckAdminName(c.param("flavor")); err != nil {
		return reply{}, err
	}
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		pools, err := w.PoolsByName(names)
		if err != nil {
			return badRequest("Unable to create", err.Error())
		}
		capabilities, err := capabilitiesOf(pools)
		if err != nil {
			return err
		}
		w.PutFlavor(c.project, c.param("flavor"), capabilities)
		return w.AssignPools(c.param("flavor"), pools...)
	})
	return empty(http.StatusCreated).with("Location", c.path("flavors", c.param("flavor"))), err
}

// putFlavorV11 creates a flavor without pools and with any capabilities.
func putFlavorV11(c *call) (reply, error) {
	document, err := c.anyDocument()
	if err != nil {
		return reply{}, err
	}
	fields, err := rawjson.Object(document)
	if err != nil || !rawjson.IsObject(fields["capabilities"]) {
		return reply{}, invalidBody("A flavor must have capabilities, which are an object.")
	}
	if err := broker.CheckAdminName(c.param("flavor")); err != nil {
		return reply{}, err
	}
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		w.PutFlavor(c.project, c.param("flavor"), fields["capabilities"])
		return nil
	})
	return empty(http.StatusCreated).with("Location", c.path("flavors", c.param("flavor"))), err
}

// patchFlavor replaces the pools of a flavor.
func patchFlavor(c *call) (reply, error) {
	names, err := c.flavorPools(false)
	if err != nil {
		return reply{}, err
	}
	name := c.param("flavor")
	item := flavorItem{Name: name, PoolList: names, Href: c.path("flavors", name)}
	err = c.srv.broker.Update(func(w *broker.WriteTx) error {
		if _, err := w.Flavor(c.project, name); err != nil {
			return missingFlavor(c, err)
		}
		pools, err := w.PoolsByName(names)
		if err != nil {
			return badRequest("updatefail", err.Error())
		}
		if item.Capabilities, err = capabilitiesOf(pools); err != nil {
			return err
		}
		if err := w.AssignPools("", w.PoolsOf(name)...); err != nil {
			return err
		}
		return w.AssignPools(name, pools...)
	})
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, item)
}

// patchFlavorV11 refuses every request, like real servers.
func patchFlavorV11(*call) (reply, error) {
	return reply{}, invalidBody("Flavors cannot be changed in this version.")
}

// deleteFlavor deletes a flavor, which need not exist. Its pools remain.
func deleteFlavor(c *call) (reply, error) {
	err := c.srv.broker.Update(func(w *broker.WriteTx) error {
		w.DeleteFlavor(c.project, c.param("flavor"))
		if c.target.version != v2 {
			return nil
		}
		return w.AssignPools("", w.PoolsOf(c.param("flavor"))...)
	})
	return empty(http.StatusNoContent), err
}

// flavorPools reads a body with the names of a flavor's pools.
func (c *call) flavorPools(isNew bool) ([]string, error) {
	document, err := c.anyDocument()
	if err != nil {
		return nil, err
	}
	names, err := broker.ParseFlavor(document, isNew)
	if err == nil && len(names) == 0 {
		err = &refusal{
			status: http.StatusBadRequest, title: "Unable to create", description: "A flavor must have a pool.",
			location: c.path("flavors", c.param("flavor")),
		}
	}
	return names, err
}
