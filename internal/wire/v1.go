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
	Versions: {Method: "GET", Path: "/", Repeatable: true},
	Home:     {Method: "GET", Path: "/", Repeatable: true},
	Ping:     {Method: "GET", Path: "/health", Repeatable: true},

	QueueList: {
		Method: "GET", Path: "/queues", Repeatable: true,
		Query: []string{"marker", "limit", "detailed"}, Empty: noQueues,
	},
	QueueCreate:  {Method: "PUT", Path: "/queues/{queue_name}", Repeatable: true},
	QueueExists:  {Method: "GET", Path: "/queues/{queue_name}", Repeatable: true},
	QueueGet:     {Method: "GET", Path: "/queues/{queue_name}/metadata", Repeatable: true, Absent: noMetadata},
	QueueReplace: {Method: "PUT", Path: "/queues/{queue_name}/metadata", BodyIs: "metadata", OwnKeys: true, Repeatable: true},
	QueueDelete:  {Method: "DELETE", Path: "/queues/{queue_name}", Repeatable: true},
	QueueStats:   {Method: "GET", Path: "/queues/{queue_name}/stats", Repeatable: true, Absent: noStats},

	MessagePost: {
		Method: "POST", Path: "/queues/{queue_name}/messages", BodyIs: "messages", Message: []string{"ttl"},
		TTL: 3600, NeedsQueue: true,
	},
	MessageList: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query: []string{"marker", "limit", "echo", "include_claimed"}, Empty: noMessages, Absent: noMessages, HidesClaims: true,
	},
	MessageGet: {Method: "GET", Path: "/queues/{queue_name}/messages/{message_id}", Repeatable: true, HidesClaims: true},
	MessageGetMany: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query: []string{"ids"}, Empty: noMessages, Absent: noMessages, Bare: true, HidesClaims: true,
	},
	MessageDelete: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages/{message_id}", Repeatable: true,
		Query: []string{"claim_id"},
	},
	MessageDeleteMany: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query: []string{"ids"},
	},

	ClaimCreate: {
		Method: "POST", Path: "/queues/{queue_name}/claims",
		Query: []string{"limit"}, Body: []string{"ttl", "grace"}, Bare: true,
	},
	ClaimGet:    {Method: "GET", Path: "/queues/{queue_name}/claims/{claim_id}", Repeatable: true},
	ClaimUpdate: {Method: "PATCH", Path: "/queues/{queue_name}/claims/{claim_id}", Body: []string{"ttl", "grace"}, Repeatable: true},
	ClaimDelete: {Method: "DELETE", Path: "/queues/{queue_name}/claims/{claim_id}", Repeatable: true},
}
