// Package zaqar is a client for OpenStack Zaqar, a message queue service like Amazon SQS.
// (It was once called Marconi.)
//
// A [Client] works on queues and a [Queue] on messages. One program posts messages.
// Another claims them, handles them and deletes them:
//
//	client, err := zaqar.Connect(ctx, "", zaqar.WithAuth(keystone.FromEnv()))
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//
//	queue := client.Queue("wot")
//	ids, err := queue.Post(ctx, map[string]any{"event": "winning", "score": 10})
//
//	claim, err := queue.Claim(ctx, zaqar.Limit(10))
//	for _, msg := range claim.Messages() {
//		var event Event
//		if err := msg.Decode(&event); err != nil { … }
//		if err := msg.Delete(ctx); err != nil { … }
//	}
//
// Most programs need no claims of their own. A [Consumer] makes them in a loop. It
// extends them while handlers run, acknowledges what succeeds, retries what fails, and
// stops without losing a message:
//
//	worker := queue.Consumer(zaqar.ConsumerConfig{DeadLetter: "wot-dead"})
//	err := worker.Run(ctx, zaqar.Handle(func(ctx context.Context, event Event, msg *zaqar.Message) error {
//		…
//	}))
//
// A [Publisher] posts many messages in few requests. That gives a high throughput, at the
// price of some latency. A [Subscriber] reads queues without claiming anything, so that
// every subscriber sees every message. [Async] runs any call in the background and
// returns a [Future] of its result.
//
// # Delivery and order
//
// Delivery is at least once. A message whose id [Queue.Post] returned is stored. It is
// delivered again each time its claim ends before it is deleted, until it is deleted or
// its TTL ends. So make handlers idempotent; docs/delivery-guarantees.md lists when a
// message is delivered twice. [Queue.Pop] delivers at most once.
//
// Order is not guaranteed in general. Listings and claims take the oldest messages first
// (FIFO), and a Publisher with its default Concurrency of 1 stores messages in the order
// in which they were published. But a message that failed is delivered again after newer
// ones, and several workers finish in any order. A Subscriber yields the messages of
// each queue in the order of that queue. There is no order between queues.
//
// This package does not post a message again if it may have been stored; see
// [Error.MayHaveActed]. Only AllowDuplicates, of a Publisher or of [Retry], changes that.
//
// # Errors
//
// Every answer other than 2xx is an [*Error]. Compare kinds with errors.Is, such as
// [ErrNotFound] and [ErrClaimLost]. After a fault that may pass, the client repeats what it
// can repeat without harm; see [Retry]. [SafeToRetry] tells whether you can repeat a call
// without harm. A wrong argument is an [*ArgumentError], and nothing is sent.
//
// # Durations, bodies, lists
//
// Every duration is a time.Duration. Zaqar counts whole seconds, so a fraction of one is
// an error. A body is any JSON value, and numbers keep all their digits. Lists are
// iter.Seq2: they fetch pages as the loop needs them, and you can leave the loop at any
// time.
//
// A call blocks until its answer has arrived, its context ends, or, if the context has
// no deadline, the time set by [WithTimeout] is over.
//
// # Glossary
//
//   - Queue: messages under a name. The first post creates it.
//   - Message: a JSON value with an id and a TTL.
//   - TTL: how long the server keeps a message, a claim or a subscription. What expires
//     is deleted without a notice. (SQS: message retention period.)
//   - Claim: the right to work on some messages for a while. It is a lease: nobody else
//     can claim them until it ends (but see quirk 5). (SQS: messages in flight; RabbitMQ:
//     unacknowledged.)
//   - Visibility timeout: the TTL of a claim. (SQS: visibility timeout; Pub/Sub: ack
//     deadline.)
//   - Extend: to start the TTL of a claim again, with [Claim.Update]. (SQS:
//     ChangeMessageVisibility; Pub/Sub: modifyAckDeadline.)
//   - Acknowledge, ack: to delete a claimed message after it was handled. (RabbitMQ and
//     Pub/Sub: ack; SQS: DeleteMessage.)
//   - Release: to end a claim early, so that its messages can be claimed at once.
//     (RabbitMQ: nack with requeue.) Zaqar releases whole claims only.
//   - Grace: how much longer than their claim the claimed messages live, at least.
//   - Consumer: claims messages and hands them to handlers. Consumers of one queue share
//     its messages. (SQS and RabbitMQ: consumer; Kafka: consumer group.)
//   - Worker: one of the goroutines of a Consumer that run its handler.
//   - Back-off: the wait before a retry, which grows with each failure.
//   - Dead letter: a message that could not be handled and was moved to another queue, the
//     dead-letter queue.
//   - Idempotent: doing it twice has the same effect as doing it once.
//   - At least once: no message is lost before its TTL ends, but some are delivered more
//     than once.
//   - Publisher: collects messages in a buffer and posts them in batches.
//   - Flow control, backpressure: when the buffer is full, Publish blocks until there is
//     room, or refuses or drops the message, as configured.
//   - Subscriber: follows queues and yields their messages without claiming them.
//     (RabbitMQ: a fanout exchange; Kafka: a consumer without a group.)
//   - Poller: the part of a Subscriber that reads one queue, at an interval or when the
//     server pushes over the WebSocket.
//   - Marker: where a page of a listing starts, as the server defines it.
//   - Cursor, position: how far a Subscriber has read. A [Position] can be saved. (Kafka:
//     offset.)
//   - Echo: whether a listing includes the messages that the client posted itself.
//   - Subscription: the server's own delivery to a webhook or a mailbox; package webhook is
//     the receiving end. (SNS: subscription; Pub/Sub: push subscription.)
//
// # Packages
//
// Credentials are in auth and auth/keystone, pools and flavors in admin, webhooks in
// webhook, logs and traces in observe. Package zaqartest is an embedded server for tests.
//
// Servers differ from their documentation. How, and what this library does about it, is
// in docs/server-quirks.md: "quirk 5" in a comment means number 5 there.
package zaqar
