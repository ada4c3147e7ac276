package wire

// v1 is the first version of the API. It differs from the others:
//
//   - A post is a bare array, and each message must have a TTL.
//   - An empty listing is a 204.
//   - Reading a queue that does not exist, or its metadata, is a 404.
//   - Messages posted to a queue that does not exist cannot be listed (quirk 13), so the
//     queue is created first.
//   - Metadata is a resource of its own, without Zaqar's own keys.
//   - Ping is called health.
var v1 = Table{
	Versions: {Method: "GET", Path: "/", Repeatable: true, Success: []int{300, 200}, Answer: Object},
	Home:     {Method: "GET", Path: "/", Repeatable: true, Success: []int{200}, Answer: Object},
	Ping:     {Method: "GET", Path: "/health", Repeatable: true, Success: []int{204}},

	QueueList: {
		Method: "GET", Path: "/queues", Repeatable: true,
		Query: []string{"marker", "limit", "detailed"}, Empty: noQueues,
		Success: []int{200, 204}, Answer: Object,
	},
	QueueCreate:  {Method: "PUT", Path: "/queues/{queue_name}", Repeatable: true, Success: []int{201, 204}},
	QueueExists:  {Method: "GET", Path: "/queues/{queue_name}", Repeatable: true, Silent: true, Success: []int{204}},
	QueueGet:     {Method: "GET", Path: "/queues/{queue_name}/metadata", Repeatable: true, Absent: noMetadata, Success: []int{200}, Answer: Object},
	QueueReplace: {Method: "PUT", Path: "/queues/{queue_name}/metadata", BodyIs: "metadata", OwnKeys: true, Repeatable: true, Success: []int{204}},
	QueueDelete:  {Method: "DELETE", Path: "/queues/{queue_name}", Sweeps: true, Success: []int{204}},
	QueueStats:   {Method: "GET", Path: "/queues/{queue_name}/stats", Repeatable: true, Absent: noStats, Success: []int{200}, Answer: Object},

	MessagePost: {
		Method: "POST", Path: "/queues/{queue_name}/messages", BodyIs: "messages", Message: []string{"ttl"},
		TTL: 3600, NeedsQueue: true,
		Success: []int{201}, Answer: Object,
	},
	MessageList: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query: []string{"marker", "limit", "echo", "include_claimed"}, Empty: noMessages, Absent: noMessages, HidesClaims: true,
		Success: []int{200, 204}, Answer: Object,
	},
	MessageGet: {Method: "GET", Path: "/queues/{queue_name}/messages/{message_id}", Repeatable: true, HidesClaims: true, Success: []int{200}, Answer: Object},
	MessageGetMany: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query: []string{"ids"}, Empty: noMessages, Absent: noMessages, Bare: true, HidesClaims: true,
		Success: []int{200, 204}, Answer: Array,
	},
	MessageDelete: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages/{message_id}", Repeatable: true,
		Query:   []string{"claim_id"},
		Success: []int{204},
	},
	MessageDeleteMany: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query:   []string{"ids"},
		Success: []int{204},
	},

	ClaimCreate: {
		Method: "POST", Path: "/queues/{queue_name}/claims",
		Query: []string{"limit"}, Body: []string{"ttl", "grace"}, Bare: true,
		Success: []int{201, 204}, Answer: Array,
	},
	ClaimGet:    {Method: "GET", Path: "/queues/{queue_name}/claims/{claim_id}", Repeatable: true, Success: []int{200}, Answer: Object},
	ClaimUpdate: {Method: "PATCH", Path: "/queues/{queue_name}/claims/{claim_id}", Body: []string{"ttl", "grace"}, Repeatable: true, Success: []int{204}},
	ClaimDelete: {Method: "DELETE", Path: "/queues/{queue_name}/claims/{claim_id}", Repeatable: true, Success: []int{204}},
}
