package zaqartest

import (
	"net/url"
	"slices"
	"strings"
)

// route is a row of the table of everything that the server does.
type route struct {
	method   string
	path     string // below the version; a name in braces, such as {queue}, matches one segment
	versions []*apiVersion
	with     string // a query parameter that must be present
	kind     string // the operation's name, for faults and the request log
	private  bool   // exists only in admin mode
	pooling  bool   // exists only with pools
	role     string // the role that the caller needs, or ""
	serve    func(*call) (reply, error)
}

// routes is the table. Of rows with the same method and path, the first whose
// parameter is present applies.
var routes = []route{
	{method: "GET", path: "/", versions: everyVersion, kind: "home", serve: getHome},
	{method: "GET", path: "/ping", versions: sinceV11, kind: "ping", serve: getPing},
	{method: "HEAD", path: "/ping", versions: sinceV11, kind: "ping", serve: getPing},
	{method: "GET", path: "/health", versions: onlyV1, kind: "ping", serve: getPing},
	{method: "HEAD", path: "/health", versions: onlyV1, kind: "ping", serve: getPing},
	{method: "GET", path: "/health", versions: onlyV11, kind: "health", private: true, serve: getHealth},
	{method: "GET", path: "/health", versions: onlyV2, kind: "health", private: true, role: "admin", serve: getHealth},

	{method: "GET", path: "/queues", versions: onlyV1, kind: "queue_list", serve: listQueuesV1},
	{method: "GET", path: "/queues", versions: sinceV11, kind: "queue_list", serve: listQueues},
	{method: "PUT", path: "/queues/{queue}", versions: onlyV1, kind: "queue_create", serve: putQueueV1},
	{method: "PUT", path: "/queues/{queue}", versions: sinceV11, kind: "queue_create", serve: putQueue},
	{method: "GET", path: "/queues/{queue}", versions: onlyV1, kind: "queue_get", serve: queueExistsV1},
	{method: "HEAD", path: "/queues/{queue}", versions: onlyV1, kind: "queue_get", serve: queueExistsV1},
	{method: "GET", path: "/queues/{queue}", versions: onlyV11, kind: "queue_get", serve: getQueueV11},
	{method: "GET", path: "/queues/{queue}", versions: onlyV2, kind: "queue_get", serve: getQueue},
	{method: "GET", path: "/queues/{queue}/metadata", versions: onlyV1, kind: "queue_get", serve: getMetadataV1},
	{method: "PUT", path: "/queues/{queue}/metadata", versions: onlyV1, kind: "queue_update", serve: putMetadataV1},
	{method: "PATCH", path: "/queues/{queue}", versions: onlyV2, kind: "queue_update", serve: patchQueue},
	{method: "DELETE", path: "/queues/{queue}", versions: everyVersion, kind: "queue_delete", serve: deleteQueue},
	{method: "GET", path: "/queues/{queue}/stats", versions: onlyV1, kind: "queue_get_stats", serve: getStatsV1},
	{method: "GET", path: "/queues/{queue}/stats", versions: sinceV11, kind: "queue_get_stats", serve: getStats},
	{method: "POST", path: "/queues/{queue}/share", versions: onlyV2, kind: "queue_share", serve: shareQueue},
	{method: "POST", path: "/queues/{queue}/purge", versions: onlyV2, kind: "queue_purge", serve: purgeQueue},

	{method: "POST", path: "/queues/{queue}/messages", versions: onlyV1, kind: "message_post", serve: postMessagesV1},
	{method: "POST", path: "/queues/{queue}/messages", versions: onlyV11, kind: "message_post", serve: postMessagesV11},
	{method: "POST", path: "/queues/{queue}/messages", versions: onlyV2, kind: "message_post", serve: postMessages},
	{method: "GET", path: "/queues/{queue}/messages", versions: onlyV1, with: "ids", kind: "message_get_many", serve: getMessagesV1},
	{method: "GET", path: "/queues/{queue}/messages", versions: sinceV11, with: "ids", kind: "message_get_many", serve: getMessages},
	{method: "GET", path: "/queues/{queue}/messages", versions: onlyV1, kind: "message_list", serve: listMessagesV1},
	{method: "GET", path: "/queues/{queue}/messages", versions: sinceV11, kind: "message_list", serve: listMessages},
	{method: "DELETE", path: "/queues/{queue}/messages", versions: sinceV11, with: "pop", kind: "message_pop", serve: popMessages},
	{method: "DELETE", path: "/queues/{queue}/messages", versions: everyVersion, kind: "message_delete_many", serve: deleteMessages},
	{method: "GET", path: "/queues/{queue}/messages/{message}", versions: everyVersion, kind: "message_get", serve: getMessage},
	{method: "DELETE", path: "/queues/{queue}/messages/{message}", versions: everyVersion, kind: "message_delete", serve: deleteMessage},

	{method: "POST", path: "/queues/{queue}/claims", versions: onlyV1, kind: "claim_create", serve: createClaimV1},
	{method: "POST", path: "/queues/{queue}/claims", versions: sinceV11, kind: "claim_create", serve: createClaim},
	{method: "GET", path: "/queues/{queue}/claims/{claim}", versions: everyVersion, kind: "claim_get", serve: getClaim},
	{method: "PATCH", path: "/queues/{queue}/claims/{claim}", versions: onlyV1, kind: "claim_update", serve: updateClaimV1},
	{method: "PATCH", path: "/queues/{queue}/claims/{claim}", versions: sinceV11, kind: "claim_update", serve: updateClaim},
	{method: "DELETE", path: "/queues/{queue}/claims/{claim}", versions: everyVersion, kind: "claim_delete", serve: deleteClaim},

	{method: "GET", path: "/queues/{queue}/subscriptions", versions: onlyV2, kind: "subscription_list", serve: listSubscriptions},
	{method: "POST", path: "/queues/{queue}/subscriptions", versions: onlyV2, kind: "subscription_create", serve: createSubscription},
	{method: "GET", path: "/queues/{queue}/subscriptions/{subscription}", versions: onlyV2, kind: "subscription_get", serve: getSubscription},
	{method: "PATCH", path: "/queues/{queue}/subscriptions/{subscription}", versions: onlyV2, kind: "subscription_update", serve: updateSubscription},
	{method: "DELETE", path: "/queues/{queue}/subscriptions/{subscription}", versions: onlyV2, kind: "subscription_delete", serve: deleteSubscription},
	{method: "PUT", path: "/queues/{queue}/subscriptions/{subscription}/confirm", versions: onlyV2, kind: "subscription_confirm", serve: confirmSubscription},

	{method: "GET", path: "/topics", versions: onlyV2, kind: "topic_list", serve: asTopics(listTopics)},
	{method: "PUT", path: "/topics/{queue}", versions: onlyV2, kind: "topic_create", serve: asTopics(putQueue)},
	{method: "GET", path: "/topics/{queue}", versions: onlyV2, kind: "topic_get", serve: asTopics(getQueue)},
	{method: "PATCH", path: "/topics/{queue}", versions: onlyV2, kind: "topic_update", serve: asTopics(patchQueue)},
	{method: "DELETE", path: "/topics/{queue}", versions: onlyV2, kind: "topic_delete", serve: asTopics(deleteQueue)},
	{method: "GET", path: "/topics/{queue}/stats", versions: onlyV2, kind: "topic_get_stats", serve: asTopics(getStats)},
	{method: "POST", path: "/topics/{queue}/purge", versions: onlyV2, kind: "topic_purge", serve: asTopics(purgeQueue)},

	{method: "GET", path: "/pools", versions: onlyV1, kind: "pool_list", private: true, pooling: true, serve: listPoolsV1},
	{method: "GET", path: "/pools/{pool}", versions: beforeV2, kind: "pool_get", private: true, pooling: true, serve: getPool},
	{method: "PUT", path: "/pools/{pool}", versions: beforeV2, kind: "pool_create", private: true, pooling: true, serve: putPool},
	{method: "PATCH", path: "/pools/{pool}", versions: beforeV2, kind: "pool_update", private: true, pooling: true, serve: patchPoolV1},
	{method: "DELETE", path: "/pools/{pool}", versions: beforeV2, kind: "pool_delete", private: true, pooling: true, serve: deletePool},
	{method: "GET", path: "/pools", versions: onlyV11, kind: "pool_list", private: true, pooling: true, serve: listPools},
	{method: "GET", path: "/pools", versions: onlyV2, kind: "pool_list", private: true, pooling: true, role: "admin", serve: listPools},
	{method: "GET", path: "/pools/{pool}", versions: onlyV2, kind: "pool_get", private: true, pooling: true, role: "admin", serve: getPool},
	{method: "PUT", path: "/pools/{pool}", versions: onlyV2, kind: "pool_create", private: true, pooling: true, role: "admin", serve: putPool},
	{method: "PATCH", path: "/pools/{pool}", versions: onlyV2, kind: "pool_update", private: true, pooling: true, role: "admin", serve: patchPool},
	{method: "DELETE", path: "/pools/{pool}", versions: onlyV2, kind: "pool_delete", private: true, pooling: true, role: "admin", serve: deletePool},
	{method: "GET", path: "/flavors", versions: onlyV11, kind: "flavor_list", private: true, pooling: true, serve: listFlavors},
	{method: "GET", path: "/flavors/{flavor}", versions: onlyV11, kind: "flavor_get", private: true, pooling: true, serve: getFlavorV11},
	{method: "PUT", path: "/flavors/{flavor}", versions: onlyV11, kind: "flavor_create", private: true, pooling: true, serve: putFlavorV11},
	{method: "PATCH", path: "/flavors/{flavor}", versions: onlyV11, kind: "flavor_update", private: true, pooling: true, serve: patchFlavorV11},
	{method: "DELETE", path: "/flavors/{flavor}", versions: onlyV11, kind: "flavor_delete", private: true, pooling: true, serve: deleteFlavor},
	{method: "GET", path: "/flavors", versions: onlyV2, kind: "flavor_list", private: true, pooling: true, serve: listFlavors},
	{method: "GET", path: "/flavors/{flavor}", versions: onlyV2, kind: "flavor_get", private: true, pooling: true, serve: getFlavor},
	{method: "PUT", path: "/flavors/{flavor}", versions: onlyV2, kind: "flavor_create", private: true, pooling: true, role: "admin", serve: putFlavor},
	{method: "PATCH", path: "/flavors/{flavor}", versions: onlyV2, kind: "flavor_update", private: true, pooling: true, role: "admin", serve: patchFlavor},
	{method: "DELETE", path: "/flavors/{flavor}", versions: onlyV2, kind: "flavor_delete", private: true, pooling: true, role: "admin", serve: deleteFlavor},
}

// target is what a path leads to.
type target struct {
	version *apiVersion
	path    string // as in the table
	params  map[string]string
	rows    []*route // for every method of the path
}

// versionsTarget is the only path without a version.
var versionsTarget = &target{path: "/", rows: []*route{{method: "GET", kind: "versions", serve: getVersions}}}

// routeGroup is what the routes of a group have in common.
type routeGroup struct {
	version  *apiVersion
	segments int
}

// groupRoutes returns the routes that a server has, in groups and in the order of the
// table.
func groupRoutes(o options) map[routeGroup][]*route {
	groups := map[routeGroup][]*route{}
	for i := range routes {
		row := &routes[i]
		if row.private && !o.adminMode || row.pooling && !o.pooling {
			continue
		}
		for _, version := range row.versions {
			group := routeGroup{version, strings.Count(row.path, "/")}
			groups[group] = append(groups[group], row)
		}
	}
	return groups
}

// find resolves a path. It returns nil for an unknown one.
func (s *Server) find(path string) *target {
	if path == "/" {
		return versionsTarget
	}
	version, segments := splitVersion(path)
	if version == nil {
		return nil
	}
	t := &target{version: version}
	for _, row := range s.routes[routeGroup{version, len(segments)}] {
		if t.path == "" {
			params, ok := row.match(segments)
			if !ok {
				continue
			}
			t.path, t.params = row.path, params
		}
		if row.path == t.path {
			t.rows = append(t.rows, row)
		}
	}
	if t.path == "" {
		return nil
	}
	return t
}

// splitVersion splits the version off a path. The rest begins with a slash: "/v2" is
// unknown, "/v2/" is the home document.
func splitVersion(path string) (*apiVersion, []string) {
	for _, v := range everyVersion {
		if rest, ok := strings.CutPrefix(path, "/"+v.name+"/"); ok {
			return v, strings.Split(rest, "/")
		}
	}
	return nil, nil
}

// match compares a row's path with as many segments. A name may be empty: it is then the
// name of nothing.
func (r *route) match(segments []string) (map[string]string, bool) {
	i := -1
	for want := range strings.SplitSeq(r.path[1:], "/") {
		if i++; want != segments[i] && !strings.HasPrefix(want, "{") {
			return nil, false
		}
	}
	params, i := map[string]string{}, -1
	for want := range strings.SplitSeq(r.path[1:], "/") {
		i++
		if name, isParam := strings.CutPrefix(want, "{"); isParam {
			params[strings.TrimSuffix(name, "}")] = segments[i]
		}
	}
	return params, true
}

// row returns the row that serves a method, or nil.
func (t *target) row(method string, query url.Values) *route {
	for _, row := range t.rows {
		if row.method == method && (row.with == "" || lastValue(query, row.with) != "") {
			return row
		}
	}
	return nil
}

// allow returns the methods of a path, for the Allow header.
func (t *target) allow() string {
	var methods []string
	for _, row := range t.rows {
		if !slices.Contains(methods, row.method) {
			methods = append(methods, row.method)
		}
	}
	return strings.Join(methods, ", ")
}
