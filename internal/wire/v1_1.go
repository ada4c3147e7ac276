package wire

// v1_1 is the second version of the API. Its bodies are those of v2, but metadata can be
// set only when a queue is created, and no request reports whether a queue exists.
var v1_1 = Table{
	Versions: {Method: "GET", Path: "/", Repeatable: true, Success: []int{300, 200}, Answer: Object},
	Home:     {Method: "GET", Path: "/", Repeatable: true, Success: []int{200}, Answer: Object},
	Ping:     {Method: "GET", Path: "/ping", Repeatable: true, Success: []int{204}},
	Health:   {Method: "GET", Path: "/health", Repeatable: true, Success: []int{200}, Answer: Object},

	QueueList: {
		Method: "GET", Path: "/queues", Repeatable: true,
		Query:   []string{"marker", "limit", "detailed"},
		Success: []int{200}, Answer: Object,
	},
	QueueCreate: {Method: "PUT", Path: "/queues/{queue_name}", BodyIs: "metadata", Repeatable: true, Success: []int{201, 204}},
	QueueGet:    {Method: "GET", Path: "/queues/{queue_name}", Repeatable: true, Success: []int{200}, Answer: Object},
	QueueDelete: {Method: "DELETE", Path: "/queues/{queue_name}", Sweeps: true, Success: []int{204}},
	QueueStats:  {Method: "GET", Path: "/queues/{queue_name}/stats", Repeatable: true, Success: []int{200}, Answer: Object},

	MessagePost: {
		Method: "POST", Path: "/queues/{queue_name}/messages", Body: []string{"messages"}, Message: []string{"ttl"},
		Success: []int{201}, Answer: Object,
	},
	MessageList: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query:   []string{"marker", "limit", "echo", "include_claimed"},
		Success: []int{200}, Answer: Object,
	},
	MessageGet: {Method: "GET", Path: "/queues/{queue_name}/messages/{message_id}", Repeatable: true, Success: []int{200}, Answer: Object},
	MessageGetMany: {
		Method: "GET", Path: "/queues/{queue_name}/messages", Repeatable: true,
		Query: []string{"ids"}, Absent: noMessages,
		Success: []int{200}, Answer: Object,
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
	MessagePop: {
		Method: "DELETE", Path: "/queues/{queue_name}/messages",
		Query:   []string{"pop"},
		Success: []int{200}, Answer: Object,
	},

	ClaimCreate: {
		Method: "POST", Path: "/queues/{queue_name}/claims",
		Query: []string{"limit"}, Body: []string{"ttl", "grace"},
		Success: []int{201, 204}, Answer: Object,
	},
	ClaimGet:    {Method: "GET", Path: "/queues/{queue_name}/claims/{claim_id}", Repeatable: true, Success: []int{200}, Answer: Object},
	ClaimUpdate: {Method: "PATCH", Path: "/queues/{queue_name}/claims/{claim_id}", Body: []string{"ttl", "grace"}, Repeatable: true, Success: []int{204}},
	ClaimDelete: {Method: "DELETE", Path: "/queues/{queue_name}/claims/{claim_id}", Repeatable: true, Success: []int{204}},
}
