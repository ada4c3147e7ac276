package zaqartest

import (
	"crypto/md5"
	"encoding/hex"
)

// catalogService is a service of the catalogue, as Keystone tells it.
type catalogService struct {
	ID        string            `json:"id"`
	Type      string            `json:"type"`
	Name      string            `json:"name"`
	Endpoints []catalogEndpoint `json:"endpoints"`
}

type catalogEndpoint struct {
	ID        string `json:"id"`
	Interface string `json:"interface"`
	Region    string `json:"region"`
	RegionID  string `json:"region_id"`
	URL       string `json:"url"`
}

// services groups the catalogue's entries; base is where the server is.
func (i *keystone) services(base string) []catalogService {
	i.mu.Lock()
	entries, own := i.catalog, i.ownCatalog
	i.mu.Unlock()
	if !own {
		entries = nil
		for _, service := range []CatalogEntry{
			{Type: "messaging", Name: "zaqar", URL: base},
			{Type: "messaging-websocket", Name: "zaqar-websocket", URL: webSocketURL(base)},
		} {
			for _, name := range []string{"public", "internal", "admin"} {
				service.Region, service.Interface = "RegionOne", name
				entries = append(entries, service)
			}
		}
	}
	services := []catalogService{}
	places := map[string]int{}
	for _, e := range entries {
		id := stableID(e.Type, e.Name)
		at, known := places[id]
		if !known {
			at = len(services)
			places[id] = at
			services = append(services, catalogService{ID: id, Type: e.Type, Name: e.Name})
		}
		services[at].Endpoints = append(services[at].Endpoints, catalogEndpoint{
			ID: stableID(id, e.Region, e.Interface, e.URL), Interface: e.Interface,
			Region: e.Region, RegionID: e.Region, URL: e.URL,
		})
	}
	return services
}

// stableID is an id that is the same in every answer.
func stableID(parts ...string) string {
	hash := md5.New()
	for _, part := range parts {
		_, _ = hash.Write(append([]byte(part), 0)) // never fails
	}
	return hex.EncodeToString(hash.Sum(nil))
}
