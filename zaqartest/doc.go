// Package zaqartest is a Zaqar for tests and development: the OpenStack message
// queue service with its HTTP API, and a Keystone that is just large enough for
// it, inside the process that uses them.
//
// A test takes a server, lets its client talk to it, and then looks at both
// sides:
//
//	srv := zaqartest.Run(t) // or RunInMemory(t), without sockets
//	…                       // a client at srv.URL(), through srv.HTTPClient()
//	srv.Messages("project", "queue")  // what is stored
//	srv.Requests("message_post")      // what was asked for, and answered
//
// Time is the server's own: [Server.Advance] lets hours pass at once, so that
// messages, claims, delays and tokens end without a test that sleeps. Inside a
// testing/synctest bubble a server that listens in memory follows the bubble's
// clock. [Server.Inject] makes things go wrong on purpose.
//
// # What it does
//
// It answers as real servers do, also where the published reference says
// something else: status codes, the order in which a request is checked, limits
// and their defaults, bodies of errors. It does not copy what is broken in the
// usual Redis-backed servers. So a page of one moves on, a page is full while
// more follows, a claim never takes what another live claim holds, an expired
// claim is 404, what the caller did wrong is 400 and never 500, and an id leads
// to nothing in another queue or project.
//
//	discovery   GET /, the home document, ping, health     v1 v1.1 v2
//	queues      create, list, delete, statistics           v1 v1.1 v2
//	            metadata                                   v1 (replace all), v1.1 (read), v2 (JSON patch)
//	            filters of listings, with_count, purge     v2
//	messages    post, list, get, delete, by id or several  v1 v1.1 v2
//	            pop                                        v1.1 v2
//	            checksums                                  v1.1 v2
//	            delays, sizes and lives set by the queue   v2
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
//	            revocation; the catalogue
//
// Pools and flavors are records, with [WithPooling]: all queues are in one store.
// Topics are in a place of their own; their messages, claims and subscriptions
// are 404, since no real server has them.
//
// Not yet: encryption of messages at rest (the metadata key is kept, and bodies
// are stored as they are), and of Keystone: domains other than Default, its own
// API of trusts, and tokens for a domain or the system.
//
// # The WebSocket
//
// Real servers have it on a port of its own. Here [Server.WebSocketURL] is the
// endpoint of HTTP with another scheme: a request to upgrade is answered at any
// path that leads to nothing else. It speaks v2, as JSON in text frames and as
// MessagePack in binary ones, with the actions queue_list, queue_create,
// queue_get, queue_delete, queue_get_stats, queue_purge, message_post,
// message_list, message_get, message_get_many, message_delete,
// message_delete_many, claim_create, claim_get, claim_update, claim_delete,
// subscription_create, subscription_list, subscription_get, subscription_delete
// and, with Keystone, authenticate. Answers come in the order of the requests.
// Actions that real servers know by name but never answer are refused with 400.
// A frame of more than twice the largest body ends the connection, and so does a
// client that does not read. [Server.DropWebSockets] cuts all connections.
//
// A subscription without a subscriber is for the connection itself and ends with
// it. Its messages are pushed once they are stored, and before their post is
// answered: so the push comes before the answer to one's own post. Real servers
// do that in any order; a [Fault] of the kind push changes it.
//
// # Authentication
//
// Without [WithKeystone] the server believes what callers say about themselves:
// X-Project-Id is the project and X-Roles are the roles. With it, every path
// but / wants a token from [Server.KeystoneURL], and only the token counts. A
// request with a pre-signed URL, in v2, needs none. On a WebSocket a token is
// shown by the action authenticate, and opens its own project until it ends; then
// the connection is closed with the code 4003.
//
// # Whom it tells
//
// Who subscribes a webhook to a queue makes the server send requests: one POST
// for each message that is posted, soon after the post was answered, several at
// once and in no order. By itself the server reaches this machine only, so that
// tests talk to nobody; [WithDeliveryClient] decides otherwise. Mails are written
// down and not sent. [Server.Deliveries] tells what was sent, or would have been,
// and [Server.WaitDeliveries] waits until it was.
//
// A webhook that answers is never told again, whatever it answers. One that
// cannot be reached is tried again by the _retry_policy of its subscription, or
// that of the queue, until it answers with less than 400 or the policy ends:
// three times at once, three times after 5 seconds, then with growing delays, and
// three times after 30. That is what real servers do; as described, theirs should
// repeat what was answered with 5xx, too. Unlike them this one also repeats
// confirmations, delivers to subscriptions whose options are null, and does not
// forget the other messages of a post when one cannot be delivered. The times are
// those of the server's clock, and [Server.Advance] lets them come at once.
//
// With [WithRequireConfirmation] a subscriber is first asked whether it wants
// messages. A subscriber of the scheme trust+http or trust+https gets a token with
// each message, where there is a Keystone: of the one who subscribed it, with the
// same roles in the same project.
//
// # Kinds
//
// Faults and the request log call an operation by its kind: versions, home,
// ping, health; queue_list, queue_create, queue_get, queue_update,
// queue_delete, queue_get_stats, queue_purge, queue_share; message_post, message_list,
// message_get, message_get_many, message_delete, message_delete_many,
// message_pop; claim_create, claim_get, claim_update, claim_delete;
// subscription_list, subscription_create, subscription_get, subscription_update,
// subscription_delete, subscription_confirm; pool_list, pool_create, pool_get,
// pool_update, pool_delete; flavor_list, flavor_create, flavor_get,
// flavor_update, flavor_delete; topic_list, topic_create, topic_get,
// topic_update, topic_delete, topic_get_stats, topic_purge;
// token_issue, token_validate, token_revoke, identity_versions, catalog. The
// opening of a WebSocket is websocket, and what comes through it is called as
// over HTTP, message_delete_many with a pop message_pop; there is authenticate,
// too. A message on its way to a WebSocket is a push. What leads nowhere is
// unknown.
package zaqartest
