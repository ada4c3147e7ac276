package zaqar

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// HomeDoc is a server's home document: the resources that the server says it offers.
// Servers leave some out (topics) and describe others wrongly, so the library does
// not rely on it.
type HomeDoc struct {
	version   Version
	resources map[string]HomeResource
	raw       json.RawMessage
}

// HomeResource is one resource of a home document.
type HomeResource struct {
	// Template is the path, with variables in braces: "/v2/queues/{queue_name}".
	Template string
	// Vars are the names of these variables.
	Vars []string
	// Allow are the HTTP methods.
	Allow []string
}

func newHomeDoc(v Version, resources map[string]wire.HomeResource, raw []byte) *HomeDoc {
	doc := &HomeDoc{version: v, resources: make(map[string]HomeResource, len(resources)), raw: raw}
	for rel, r := range resources {
		template := r.Template
		if template == "" {
			template = r.Href
		}
		doc.resources[rel] = HomeResource{
			Template: template,
			Vars:     slices.Sorted(maps.Keys(r.Vars)),
			Allow:    r.Hints.Allow,
		}
	}
	return doc
}

// Relations returns the names of the resources, sorted: "rel/claim", ….
func (d *HomeDoc) Relations() []string { return slices.Sorted(maps.Keys(d.resources)) }

// Resource returns a resource by its relation, with or without "rel/" in front.
func (d *HomeDoc) Resource(relation string) (HomeResource, bool) {
	r, ok := d.resources[relation]
	if !ok {
		r, ok = d.resources["rel/"+relation]
	}
	return r, ok
}

// Raw returns the document as the server sent it.
func (d *HomeDoc) Raw() json.RawMessage { return slices.Clone(d.raw) }

// String returns "<HomeDoc v2: 21 resources>".
func (d *HomeDoc) String() string {
	noun := "resources"
	if len(d.resources) == 1 {
		noun = "resource"
	}
	return fmt.Sprintf("<HomeDoc %s: %d %s>", d.version, len(d.resources), noun)
}
