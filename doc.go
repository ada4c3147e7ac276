// Package zaqar is a client for OpenStack Zaqar, the message queue service that
// was once called Marconi.
//
// A [Client] works on queues, a [Queue] on messages. Whoever posts, posts; whoever
// works, claims messages, handles them and deletes them:
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
// A [Consumer] does the latter for as long as it takes: it keeps the claims alive,
// tries again what fails, and stops without losing anything.
//
//	worker := queue.Consumer(zaqar.ConsumerConfig{DeadLetter: "wot-dead"})
//	err := worker.Run(ctx, zaqar.Handle(func(ctx context.Context, event Event, msg *zaqar.Message) error {
//		…
//	}))
//
// # What is guaranteed
//
// Delivery is at least once. A message that [Queue.Post] returned an id for is
// stored, and is handed out again and again, each time its claim ends without it
// being deleted, until it is deleted or its TTL is over. A handler must bear
// seeing a message twice; docs/delivery-guarantees.md tells when it does. Posting is never repeated by this library when it may
// have been carried out; see [Error.MayHaveActed]. Only a [Publisher] does so, when it
// was told that duplicates do no harm.
//
// # The words
//
// A [Conn] sends one request: sign-in, identity, errors. A [Client] does what
// concerns the whole account. A [Queue] is a handle by name. A [Message] was
// read; an [Outgoing] is to be posted. A [Claim] is the right to work on messages
// for a while. A [Consumer] makes claims, keeps them alive, and hands the messages to
// a [Handler]. A [Publisher] posts many messages in few requests, and a [Future] is
// the outcome of what runs without its caller. [Metadata] is what a queue carries
// beside its messages. An [Error] is every answer other than 2xx. A [Subscription] has
// the server tell a webhook or a mailbox of messages (package webhook is the receiving
// end), and [Queue.Share] gives somebody without an account a right to a queue
// (auth.SignedURL). Pools and flavors are in package admin.
//
// # Durations, bodies, lists
//
// Every time span is a time.Duration; Zaqar counts whole seconds, and a fraction
// is an error. Bodies are any JSON value, and numbers keep all their digits. Lists
// are iter.Seq2: lazy, and safe to leave at any point.
//
// What servers do differently from their documentation, and how this library
// deals with it, is in docs/server-quirks.md; "quirk 5" in a comment means the
// fifth there.
package zaqar
