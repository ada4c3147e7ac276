package zaqartest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// getVersions answers "GET /": a 300 without a Location, so there is nothing to
// follow.
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

// relation is an entry of the home document: the name of its link, the path, and the
// allowed methods. query lists parameters, each as name or as name=description if
// they differ. hasBody is set if a method takes a body.
type relation struct {
	versions                 []*apiVersion
	name, path, query, allow string
	hasBody                  bool
}

var relations = []relation{
	{everyVersion, "queues", "/queues", "marker limit=queue_limit detailed", "GET", false},
	{onlyV1, "queue", "/queues/{queue}", "", "GET HEAD PUT DELETE", false},
	{onlyV11, "queue", "/queues/{queue}", "", "PUT DELETE", false},
	{onlyV2, "queue", "/queues/{queue}", "", "GET PUT DELETE PATCH", false},
	{onlyV1, "queue-metadata", "/queues/{queue}/metadata", "", "GET PUT", false},
	{onlyV1, "queue-stats", "/queues/{queue}/stats", "", "GET", false},
	{sinceV11, "queue_stats", "/queues/{queue}/stats", "", "GET", false},
	{onlyV2, "queue_share", "/queues/{queue}/share", "", "POST", true},
	{onlyV2, "queue_purge", "/queues/{queue}/purge", "", "POST", true},
	{everyVersion, "messages", "/queues/{queue}/messages", "marker limit=messages_limit echo include_claimed", "GET", false},
	{onlyV1, "post-messages", "/queues/{queue}/messages", "", "POST", true},
	{sinceV11, "post_messages", "/queues/{queue}/messages", "", "POST", true},
	{sinceV11, "messages_delete", "/queues/{queue}/messages", "ids pop", "DELETE", false},
	{onlyV2, "message_get", "/queues/{queue}/messages/{message}", "", "GET", false},
	{sinceV11, "message_delete", "/queues/{queue}/messages/{message}", "claim=claim_id", "DELETE", false},
	{onlyV1, "claim", "/queues/{queue}/claims", "limit=claim_limit", "POST", true},
	{sinceV11, "post_claim", "/queues/{queue}/claims", "limit=claim_limit", "POST", true},
	{sinceV11, "claim", "/queues/{queue}/claims/{claim}", "", "GET", false},
	{sinceV11, "patch_claim", "/queues/{queue}/claims/{claim}", "", "PATCH", true},
	{sinceV11, "delete_claim", "/queues/{queue}/claims/{claim}", "", "DELETE", false},
	{onlyV2, "subscriptions_get", "/queues/{queue}/subscriptions", "marker limit=subscription_limit", "GET", false},
	{onlyV2, "subscriptions_post", "/queues/{queue}/subscriptions", "", "POST", true},
	{onlyV2, "subscription", "/queues/{queue}/subscriptions/{subscription}", "", "GET DELETE", false},
	{onlyV2, "subscription_patch", "/queues/{queue}/subscriptions/{subscription}", "", "PATCH", true},
	{sinceV11, "pools", "/pools", "detailed limit=pool_limit marker", "GET", false},
	{sinceV11, "pool", "/pools/{pool}", "", "GET PUT PATCH DELETE", false},
	{sinceV11, "flavors", "/flavors", "detailed limit=flavor_limit marker", "GET", false},
	{sinceV11, "flavor", "/flavors/{flavor}", "", "GET PUT PATCH DELETE", false},
	{sinceV11, "ping", "/ping", "", "GET", false},
	{sinceV11, "health", "/health", "", "GET", false},
}

// pathVariables are the names of the variables of a path in the home document.
var pathVariables = map[string]string{
	"queue": "queue_name", "message": "message_id", "claim": "claim_id", "subscription": "subscriptions_id",
	"pool": "pool_name", "flavor": "flavor_name",
}

// getHome answers with the home document, which lists the routes of the version.
func getHome(c *call) (reply, error) {
	version := c.target.version
	resources := map[string]any{}
	for _, rel := range relations {
		if slices.Contains(rel.versions, version) && c.srv.find("/"+version.name+rel.path) != nil {
			resources["rel/"+rel.name] = rel.resource(version)
		}
	}
	out, err := jsonReply(http.StatusOK, map[string]any{"resources": resources})
	return out.with("Content-Type", "application/json-home").with("Cache-Control", "max-age=86400"), err
}

// resource describes a relation.
func (rel relation) resource(version *apiVersion) map[string]any {
	hints := map[string]any{
		"allow":   strings.Fields(rel.allow),
		"formats": map[string]any{jsonType: struct{}{}},
	}
	if rel.hasBody {
		hints["accept-post"] = []string{jsonType}
	}
	template, vars := "/"+version.name+rel.path, map[string]string{}
	for part, name := range pathVariables {
		if strings.Contains(template, "{"+part+"}") {
			template = strings.ReplaceAll(template, "{"+part+"}", "{"+name+"}")
			vars[name] = "param/" + name
		}
	}
	var parameters []string
	for parameter := range strings.FieldsSeq(rel.query) {
		name, described, other := strings.Cut(parameter, "=")
		if !other {
			described = name
		}
		parameters = append(parameters, name)
		vars[name] = "param/" + described
	}
	if parameters != nil {
		template += "{?" + strings.Join(parameters, ",") + "}"
	}
	entry := map[string]any{"href-template": template, "hints": hints}
	switch {
	case rel.name == "health": // the only one with a plain href
		entry = map[string]any{"href": template, "hints": hints}
	case len(vars) > 0:
		entry["href-vars"] = vars
	}
	return entry
}

// getPing answers a liveness check. It reads the store.
func getPing(c *call) (reply, error) {
	err := c.srv.broker.View(func(*broker.ReadTx) error { return nil })
	return empty(http.StatusNoContent), err
}
