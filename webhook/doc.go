// Package webhook is the other end of a subscription: an http.Handler that receives
// what Zaqar sends to a webhook.
//
//	client, err := zaqar.Connect(ctx, endpoint, zaqar.WithProject(project))
//	…
//	handler, err := webhook.New(webhook.Config{
//		Queues: []string{"wot"},
//		Client: client,
//		Handle: func(ctx context.Context, n webhook.Notification) error {
//			var event Event
//			if err := n.Decode(&event); err != nil {
//				return err
//			}
//			…
//		},
//	})
//	…
//	http.Handle("/zaqar", handler)
//
// A server that requires confirmation asks the subscriber first. The handler answers
// for it, by a [Policy].
//
// # What Zaqar promises
//
// Little: a notification is a doorbell, the message itself is in the queue. Zaqar sends
// one request for each message, in no certain order, before it has stored the message.
// It tries again (zaqar.RetryPolicy) only when it got no answer: after a 4xx or 5xx it
// does not come back, so an error of Handle is the end of that notification. A
// notification has no message id, so that one which comes twice cannot be told from two
// equal messages: put an id of your own into the body where that matters. Who must not
// miss a message claims it from the queue.
//
// # Who may call
//
// Anybody who knows the URL: Zaqar does not sign what it sends. Serve it by https under
// a URL that is hard to guess, or let the subscription send a secret header
// (zaqar.SubscriptionOptions.PostHeaders) and check it before the handler. The handler
// itself takes nothing on trust: a forged notice cannot make it call anything but the
// one endpoint of its client, and there nothing but the confirmation of a subscription
// to one of its queues, with a signature that the server checks.
package webhook
