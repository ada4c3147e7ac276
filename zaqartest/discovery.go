package zaqartest

import (
	"net/http"
	"strings"
)

// getVersions serves "GET /". A 300 without a Location: nothing to follow.
func getVersions(*call) (reply, error) {
	type mediaType struct {
		Base string `json:"base"`
		Type string `json:"type"`
	}
	type hyperlink struct {
		Href string `json:"href"`
		Rel  string `json:"rel"`
	}
	type element struct {
		ID         string      `json:"id"`
		Status     string      `json:"status"`
		Updated    string      `json:"updated"`
		MediaTypes []mediaType `json:"media-types"`
		Links      []hyperlink `json:"links"`
	}
	var elements []element
	for _, v := range everyVersion {
		elements = append(elements, element{
			ID: v.id, Status: v.status, Updated: v.updated,
			MediaTypes: []mediaType{{
				Base: "application/json",
				Type: "application/vnd.openstack.messaging-" + v.mediaTag + "+json",
			}},
			Links: []hyperlink{{Href: "/" + v.name + "/", Rel: "self"}},
		})
	}
	return jsonReply(http.StatusMultipleChoices, map[string]any{"versions": elements})
}

// relation is an entry of the home document: what its link is called, where it
// leads, and with which methods. query holds names of parameters.
type relation struct {
	name, path, query, allow string
}

var relationsV1 = []relation{
	{"queues", "/queues", "marker limit detailed", "GET"},
	{"queue", "/queues/{queue}", "", "GET HEAD PUT DELETE"},
	{"queue-metadata", "/queues/{queue}/metadata", "", "GET PUT"},
	{"queue-stats", "/queues/{queue}/stats", "", "GET"},
	{"messages", "/queues/{queue}/messages", "marker limit echo include_claimed", "GET"},
	{"post-messages", "/queues/{queue}/messages", "", "POST"},
	{"claim", "/queues/{queue}/claims", "limit", "POST"},
}

// relationsV2 are those of v1.1 and v2; what a version does not route is left
// out of its document.
var relationsV2 = []relation{
	{"queues", "/queues", "marker limit detailed", "GET"},
	{"queue", "/queues/{queue}", "", "GET PUT PATCH DELETE"},
	{"queue_stats", "/queues/{queue}/stats", "", "GET"},
	{"queue_purge", "/queues/{queue}/purge", "", "POST"},
	{"messages", "/queues/{queue}/messages", "marker limit echo include_claimed include_delayed", "GET"},
	{"post_messages", "/queues/{queue}/messages", "", "POST"},
	{"messages_delete", "/queues/{queue}/messages", "ids pop", "DELETE"},
	{"message_get", "/queues/{queue}/messages/{message}", "", "GET"},
	{"message_delete", "/queues/{queue}/messages/{message}", "claim_id", "DELETE"},
	{"post_claim", "/queues/{queue}/claims", "limit", "POST"},
	{"claim", "/queues/{queue}/claims/{claim}", "", "GET"},
	{"patch_claim", "/queues/{queue}/claims/{claim}", "", "PATCH"},
	{"delete_claim", "/queues/{queue}/claims/{claim}", "", "DELETE"},
	{"ping", "/ping", "", "GET"},
	{"health", "/health", "", "GET"},
}

// pathVariables are the names that the home document gives to the parts of a
// path.
var pathVariables = map[string]string{"queue": "queue_name", "message": "message_id", "claim": "claim_id"}

// getHome serves the home document.
func getHome(c *call) (reply, error) {
	version := c.target.version
	relations := relationsV2
	if version == v1 {
		relations = relationsV1
	}
	resources := map[string]any{}
	for _, rel := range relations {
		t := c.srv.find("/" + version.name + rel.path)
		if t == nil {
			continue
		}
		if entry, ok := rel.resource(version, t); ok {
			resources["rel/"+rel.name] = entry
		}
	}
	out, err := jsonReply(http.StatusOK, map[string]any{"resources": resources})
	return out.with("Content-Type", "application/json-home").with("Cache-Control", "max-age=86400"), err
}

// resource describes a relation, with those of its methods that are routed.
func (rel relation) resource(version *apiVersion, t *target) (map[string]any, bool) {
	var allow []string
	hints := map[string]any{"formats": map[string]any{"application/json": struct{}{}}}
	for method := range strings.FieldsSeq(rel.allow) {
		for _, row := range t.rows {
			if row.method == method {
				allow = append(allow, method)
				break
			}
		}
		if method == http.MethodPost {
			hints["accept-post"] = []string{"application/json"}
		}
	}
	hints["allow"] = allow
	template, vars := "/"+version.name+rel.path, map[string]string{}
	for part, name := range pathVariables {
		if strings.Contains(template, "{"+part+"}") {
			template = strings.ReplaceAll(template, "{"+part+"}", "{"+name+"}")
			vars[name] = "param/" + name
		}
	}
	for name := range strings.FieldsSeq(rel.query) {
		vars[name] = "param/" + name
	}
	if rel.query != "" {
		template += "{?" + strings.ReplaceAll(rel.query, " ", ",") + "}"
	}
	entry := map[string]any{"href-template": template, "hints": hints}
	if len(vars) > 0 {
		entry["href-vars"] = vars
	}
	return entry, len(allow) > 0
}

// getPing serves the liveness check. It asks the store.
func getPing(c *call) (reply, error) {
	err := c.srv.broker.view(func(*reading) error { return nil })
	return empty(http.StatusNoContent), err
}
