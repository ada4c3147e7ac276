package wire

// v1_1 is the second version of the API. Its bodies are those of v2, but metadata can be
// set only when a queue is created, and no request reports whether a queue exists.
var v1_1 = Table{
	Versions: {Method: "GET", Path: "/", Repeatable: true},
	Home:     {Method: "GET", Path: "/", Repeatable: true},
	Ping:     {Method: "GET", Path: "/ping", Repeatable: true},
	Health:   {Method: "GET", Path: "/health", Repeatable: true},

	QueueList: {
		Method: "GET", Path: "/queues", Repeatable: true,
		Query: []string{"marker", "limit", "detailed"},
	},
	QueueCreate: {Method: "PUT", Path: "/queues/{queue_name}", BodyIs: "metadata", Repeatable: true},
	QueueGet:    {Method: "GET", Path: "/queues/{queue_name}", Repeatable: true},
	QueueDelete: {Method: "DELETE", Path: "/queues/{queue_name}", Repeatable: true},
	QueueStats:  {Method: "GET", Path: "/queues/{queue_name}/stats", Repeatable: true},

	MessagePost: {
		Method: "POST", Path: "/queues/{queue_name}/messages", Body: []string{"messages"}, Message: []string{"ttl"},
	},
	MessageList: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query: []string{"marker", "limit", "echo", "include_claimed"},
	},
	MessageGet: {Method: "GET", Path: "/queues/{queue_name}/messages/{message_id}", Repeatable: true},
	MessageGetMany: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query: []string{"ids"}, Absent: noMessages,
	},
	MessageDelete: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages/{message_id}", Repeatable: true,
		Query: []string{"claim_id"},
	},
	MessageDeleteMany: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query: []string{"ids"},
	},
	MessagePop: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages",
		Query: []string{"pop"},
	},

	ClaimCreate: {
		Method: "POST", Path: "/queues/{queue_name}/claims",
		Query: []string{"limit"}, Body: []string{"ttl", "grace"},
	},
	ClaimGet:    {Method: "GET", Path: "/queues/{queue_name}/claims/{claim_id}", Repeatable: true},
	ClaimUpdate: {Method: "PATCH", Path: "/queues/{queue_name}/claims/{claim_id}", Body: []string{"ttl", "grace"}, Repeatable: true},
	ClaimDelete: {Method: "DELETE", Path: "/queues/{queue_name}/claims/{claim_id}", Repeatable: true},
}
