// Package zaqartest is a Zaqar for tests and development: the OpenStack message queue
// service with its HTTP API and WebSocket, and a Keystone just large enough for it.
// It runs inside the process that uses it.
//
// A test starts a server, lets its client talk to it, and looks at both sides:
//
//	srv := zaqartest.Run(t) // or RunInMemory(t), without sockets
//	…                       // a client at srv.URL(), through srv.HTTPClient()
//	srv.Messages("project", "queue")  // what is stored
//	srv.Requests("message_post")      // what was asked for, and answered
//
// The server has a clock of its own. [Server.Advance] lets hours pass at once, so
// messages, claims, delays and tokens expire without a sleep. Inside a testing/synctest
// bubble, a server that listens in memory follows the bubble's clock. [Server.Inject]
// makes requests fail on purpose.
//
// # What it does
//
// It answers as real servers do, even where the published reference differs: status
// codes, the order of checks, limits and their defaults, bodies of errors. It does not
// copy the faults of the usual servers on Redis. A page of one message makes progress,
// a page is full as long as more messages follow, two live claims never hold the same
// message, an expired claim is 404, a mistake of the caller is 400 and never 500, and
// an id means nothing in another queue or project.
//
//	discovery   GET /, the home document, ping, health     v1 v1.1 v2
//	queues      create, list, delete, statistics           v1 v1.1 v2
//	            metadata                                   v1 (replace all), v1.1 (read), v2 (JSON patch)
//	            filters of listings, with_count, purge     v2
//	messages    post, list, get, delete, by id or several  v1 v1.1 v2
//	            pop                                        v1.1 v2
//	            checksums                                  v1.1 v2
//	            delays, sizes and TTLs set by the queue    v2
//	claims      create, get, update, release, grace        v1 v1.1 v2
//	            dead letters                               v1 v1.1 v2
//	subscribers create, list, get, update, confirm, delete v2
//	            delivery of messages, confirmation         v2
//	pre-signed  share, and requests that come with one     v2
//	WebSocket   JSON and MessagePack, subscriptions, push  v2
//	pools       put, list, get, update, delete; flavors    v1 (pools), v1.1, v2
//	topics      as queues, without messages                v2
//	Keystone    v3: discovery; tokens by password, token and application
//	            credential, unscoped or in a project; their validation and
//	            revocation; the catalog
//
// Pools and flavors exist with [WithPooling]. They are descriptions only: all queues
// are in one store. Topics are kept apart from queues. Their messages, claims and
// subscriptions are 404, since no real server has them.
//
// Not implemented: encryption of messages at rest (the metadata key is kept, but bodies
// are stored as they are), and of Keystone: domains other than Default, the API of
// trusts, and tokens for a domain or the system.
//
// # The WebSocket
//
// Real servers have the WebSocket on a port of its own. Here [Server.WebSocketURL] is
// the HTTP endpoint with another scheme: an upgrade is accepted at any path that leads
// nowhere else. The WebSocket speaks v2, as JSON in text frames and as MessagePack in
// binary ones, with the actions queue_list, queue_create, queue_get, queue_delete,
// queue_get_stats, queue_purge, message_post, message_list, message_get,
// message_get_many, message_delete, message_delete_many, claim_create, claim_get,
// claim_update, claim_delete, subscription_create, subscription_list, subscription_get,
// subscription_delete and, with Keystone, authenticate. Answers arrive in the order of
// the requests. Real servers know more actions by name but never answer them; this one
// refuses them with 400. A frame larger than twice the largest body ends the
// connection, and so does a client that does not read. [Server.DropWebSockets] cuts all
// connections.
//
// A subscription without a subscriber is for the connection itself and ends with it.
// Its messages are pushed after they are stored and before their post is answered. So
// the push of one's own post arrives before the answer. On real servers the order
// varies; a [Fault] of the kind push changes it.
//
// # Authentication
//
// Without [WithKeystone] the server takes the project from the header X-Project-Id and
// the roles from X-Roles. With it, every path except / requires a token from
// [Server.KeystoneURL], and only the token counts. In v2, a request with a pre-signed
// URL needs no token. On a WebSocket, the action authenticate presents a token, which
// gives access to its project until it expires; then the connection is closed with the
// code 4003.
//
// # Webhooks
//
// A webhook that is subscribed to a queue gets one POST for each message, soon after
// the post of the message was answered, several at once and in no order. By default the
// server only reaches this machine, so tests send nothing to other hosts;
// [WithDeliveryClient] changes that. Mails are recorded and not sent.
// [Server.Deliveries] returns what was sent or would have been, and
// [Server.WaitDeliveries] waits for it.
//
// A webhook that answers, with any status, is not tried again. A webhook that cannot be
// reached is tried again, by the _retry_policy of its subscription or its queue, until
// it answers with less than 400 or the policy ends. The default policy retries three
// times at once, three times after 5 seconds, then with growing delays, and three times
// after 30 seconds. Real servers do the same, although by their documentation they
// should also retry after a 5xx. Unlike them, this server also retries confirmations,
// delivers to subscriptions whose options are null, and delivers the other messages of a
// post if one of them cannot be delivered. The delays pass on the server's clock, so
// [Server.Advance] skips them.
//
// With [WithRequireConfirmation] a subscriber is first asked whether it wants messages.
// With Keystone, a subscriber of the scheme trust+http or trust+https gets a token with
// each message. The token belongs to the user who made the subscription, with the same
// roles in the same project.
//
// # Kinds
//
// Faults and the request log name an operation by its kind: versions, home, ping,
// health; queue_list, queue_create, queue_get, queue_update, queue_delete,
// queue_get_stats, queue_purge, queue_share; message_post, message_list, message_get,
// message_get_many, message_delete, message_delete_many, message_pop; claim_create,
// claim_get, claim_update, claim_delete; subscription_list, subscription_create,
// subscription_get, subscription_update, subscription_delete, subscription_confirm;
// pool_list, pool_create, pool_get, pool_update, pool_delete; flavor_list,
// flavor_create, flavor_get, flavor_update, flavor_delete; topic_list, topic_create,
// topic_get, topic_update, topic_delete, topic_get_stats, topic_purge; token_issue,
// token_validate, token_revoke, identity_versions, catalog. Opening a WebSocket is
// websocket. Requests on a WebSocket have the same kinds as over HTTP, plus
// authenticate; message_delete_many with pop is message_pop. A message on its way to a
// WebSocket is push. A request that leads nowhere is unknown.
package zaqartest
