// Package webhook is the receiving end of a subscription: an http.Handler for the
// requests that Zaqar sends to a webhook.
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
// A server that requires confirmation first asks the subscriber. The handler answers
// according to a [Policy].
//
// # Delivery guarantees
//
// Zaqar guarantees little: a notification says that there is a message, and the message
// itself is in the queue. Zaqar sends one request for each message, without any ordering,
// before it has stored the message. It retries (zaqar.RetryPolicy) only if it got no
// answer. After a 4xx or 5xx it does not retry, so an error of Handle ends that
// notification. A notification has no message id, so a repeated notification looks like
// an equal message: put an id of your own into the body if that matters. To miss no
// message, claim from the queue.
//
// # Security
//
// Anybody who knows the URL can call the handler: Zaqar does not sign its requests. Serve
// it over https at a URL that is hard to guess, or let the subscription send a secret
// header (zaqar.SubscriptionOptions.PostHeaders) and check it before the handler. The
// handler does not trust its input: a forged notice can make it call nothing but its
// client's endpoint, and there only confirm a subscription to one of its queues, with a
// signature that the server checks.
package webhook
