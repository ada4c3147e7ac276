package zaqartest

import (
	"crypto/md5"
	"encoding/hex"
)

// catalogService is a service of the catalog in Keystone's form.
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

// services groups the catalog's entries by service. base is the URL of the server.
func (k *keystone) services(base string) []catalogService {
	entries, own := k.configuredCatalog()
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

// configuredCatalog returns the entries of SetCatalog. ok is false if it was not
// called.
func (k *keystone) configuredCatalog() (entries []CatalogEntry, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.catalog, k.ownCatalog
}

// stableID returns the same id for the same parts.
func stableID(parts ...string) string {
	hash := md5.New()
	for _, part := range parts {
		_, _ = hash.Write(append([]byte(part), 0)) // never fails
	}
	return hex.EncodeToString(hash.Sum(nil))
}
