package wire

// The bodies that replace a 204 or a 404, because other versions answer like this.
const (
	noQueues   = `{"queues":[]}`
	noMessages = `{"messages":[]}`
	noStats    = `{"messages":{"claimed":0,"free":0,"total":0}}`
	noMetadata = `{}`
)

// PatchType is the exact media type that v2 requires for changes of a queue's metadata.
// If a charset is added, the server answers 415.
const PatchType = "application/openstack-messaging-v2.0-json-patch"

var v2 = Table{
	Versions: {Method: "GET", Path: "/", Repeatable: true, Success: []int{300, 200}, Answer: Object},
	Home:     {Method: "GET", Path: "/", Repeatable: true, Success: []int{200}, Answer: Object},
	Ping:     {Method: "GET", Path: "/ping", Action: "queue_list", Repeatable: true, Success: []int{204}},
	Health:   {Method: "GET", Path: "/health", Repeatable: true, Success: []int{200}, Answer: Object},

	QueueList: {
		Method: "GET", Path: "/queues", Action: "queue_list", Repeatable: true,
		Query: []string{"marker", "limit", "detailed", "name", "with_count"}, Spread: "metadata_filter",
		Success: []int{200}, Answer: Object,
	},
	QueueCreate: {Method: "PUT", Path: "/queues/{queue_name}", Action: "queue_create", BodyIs: "metadata", Repeatable: true, Success: []int{201, 204}},
	// GET answers 200 even if the queue does not exist. A patch without changes answers
	// 200 or 404.
	QueueExists: {Method: "PATCH", Path: "/queues/{queue_name}", BodyIs: "changes", Type: PatchType, Repeatable: true, Success: []int{200}, Answer: Object},
	QueueGet:    {Method: "GET", Path: "/queues/{queue_name}", Action: "queue_get", Repeatable: true, Success: []int{200}, Answer: Object},
	QueueUpdate: {Method: "PATCH", Path: "/queues/{queue_name}", BodyIs: "changes", Type: PatchType, Success: []int{200}, Answer: Object},
	QueueDelete: {Method: "DELETE", Path: "/queues/{queue_name}", Action: "queue_delete", Sweeps: true, Success: []int{204}},
	QueueStats:  {Method: "GET", Path: "/queues/{queue_name}/stats", Action: "queue_get_stats", Repeatable: true, Success: []int{200}, Answer: Object},
	QueuePurge:  {Method: "POST", Path: "/queues/{queue_name}/purge", Action: "queue_purge", Body: []string{"resource_types"}, Sweeps: true, Success: []int{204}},

	MessagePost: {Method: "POST", Path: "/queues/{queue_name}/messages", Action: "message_post", Body: []string{"messages"}, Message: []string{"ttl", "delay"}, Success: []int{201}, Answer: Object},
	MessageList: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Action: "message_list", Repeatable: true,
		Query:   []string{"marker", "limit", "echo", "include_claimed", "include_delayed"},
		Success: []int{200}, Answer: Object,
	},
	MessageGet: {Method: "GET", Path: "/queues/{queue_name}/messages/{message_id}", Action: "message_get", Repeatable: true, Success: []int{200}, Answer: Object},
	MessageGetMany: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Action: "message_get_many", Repeatable: true,
		Query: []string{"ids"}, Absent: noMessages,
		Success: []int{200}, Answer: Object,
	},
	MessageDelete: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages/{message_id}", Action: "message_delete", Repeatable: true,
		Query:   []string{"claim_id"},
		Success: []int{204},
	},
	MessageDeleteMany: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages", Action: "message_delete_many", Repeatable: true,
		Query:   []string{"ids", "claim_ids"},
		Success: []int{204},
	},
	MessagePop: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages", Action: "message_delete_many",
		Query:   []string{"pop"},
		Success: []int{200}, Answer: Object,
	},

	ClaimCreate: {
		Method: "POST", Path: "/queues/{queue_name}/claims", Action: "claim_create",
		Query: []string{"limit"}, Body: []string{"ttl", "grace"},
		Success: []int{201, 204}, Answer: Object,
	},
	ClaimGet:    {Method: "GET", Path: "/queues/{queue_name}/claims/{claim_id}", Action: "claim_get", Repeatable: true, Success: []int{200}, Answer: Object},
	ClaimUpdate: {Method: "PATCH", Path: "/queues/{queue_name}/claims/{claim_id}", Action: "claim_update", Body: []string{"ttl", "grace"}, Repeatable: true, Success: []int{204}},
	ClaimDelete: {Method: "DELETE", Path: "/queues/{queue_name}/claims/{claim_id}", Action: "claim_delete", Repeatable: true, Success: []int{204}},

	SubscriptionCreate: {
		// Repeatable: a second request finds the subscription of the first.
		Method: "POST", Path: "/queues/{queue_name}/subscriptions", Action: "subscription_create", Repeatable: true,
		Body:    []string{"subscriber", "ttl", "options"},
		Success: []int{201}, Answer: Object,
	},
	SubscriptionList: {
		Method: "GET", Path: "/queues/{queue_name}/subscriptions", Action: "subscription_list", Repeatable: true,
		Query:   []string{"marker", "limit"},
		Success: []int{200}, Answer: Object,
	},
	SubscriptionGet: {
		Method: "GET", Path: "/queues/{queue_name}/subscriptions/{subscription_id}", Action: "subscription_get", Repeatable: true,
		Success: []int{200}, Answer: Object,
	},
	SubscriptionUpdate: {
		Method: "PATCH", Path: "/queues/{queue_name}/subscriptions/{subscription_id}", Repeatable: true,
		Body:    []string{"subscriber", "ttl", "options"},
		Success: []int{204},
	},
	SubscriptionDelete: {
		Method: "DELETE", Path: "/queues/{queue_name}/subscriptions/{subscription_id}", Action: "subscription_delete", Repeatable: true,
		Success: []int{204},
	},
	SubscriptionConfirm: {
		Method: "PUT", Path: "/queues/{queue_name}/subscriptions/{subscription_id}/confirm", Repeatable: true,
		Body:    []string{"confirmed"},
		Success: []int{204},
	},
	QueueShare: {
		Method: "POST", Path: "/queues/{queue_name}/share", Repeatable: true,
		Body:    []string{"paths", "methods", "expires"},
		Success: []int{200}, Answer: Object,
	},
}
