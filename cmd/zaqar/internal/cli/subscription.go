package cli

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
)

// NewCmdSubscription returns the command zaqar subscription with its subcommands.
func NewCmdSubscription(app *App) *cobra.Command {
	return group("subscription", "Have the server notify webhooks and mail addresses",
		newCmdSubscriptionCreate(app),
		newCmdSubscriptionUpdate(app),
		newCmdSubscriptionDelete(app),
		newCmdSubscriptionShow(app),
		newCmdSubscriptionList(app),
		newCmdSubscriptionConfirm(app),
	)
}

var (
	// createdColumns are the columns of a subscription that was created or changed.
	createdColumns = []string{"ID", "Subscriber", "TTL", "Options"}
	// subscriptionColumns are the columns of a subscription that was read.
	subscriptionColumns = []string{"ID", "Subscriber", "TTL", "Age", "Confirmed", "Options"}
)

func createdFields(s *zaqar.Subscription) []any {
	return []any{s.ID(), s.Subscriber(), whole(s.TTL()), optionsDocument(s.Options())}
}

func subscriptionFields(s *zaqar.Subscription) []any {
	return []any{s.ID(), s.Subscriber(), whole(s.TTL()), whole(s.Age()), s.Confirmed(), optionsDocument(s.Options())}
}

// optionsDocument returns a subscription's options in the server's form.
func optionsDocument(o zaqar.SubscriptionOptions) map[string]any {
	document := map[string]any{}
	maps.Copy(document, o.Extra)
	for key, text := range map[string]string{"post_data": o.PostData, "from": o.From, "subject": o.Subject, "trust_id": o.TrustID} {
		if text != "" {
			document[key] = text
		}
	}
	if len(o.PostHeaders) > 0 {
		document["post_headers"] = o.PostHeaders
	}
	p := o.RetryPolicy
	policy := map[string]any{}
	for key, n := range map[string]int64{
		"retries_with_no_delay": int64(p.RetriesWithNoDelay), "minimum_delay_retries": int64(p.MinimumDelayRetries),
		"maximum_delay_retries": int64(p.MaximumDelayRetries), "minimum_delay": whole(p.MinimumDelay), "maximum_delay": whole(p.MaximumDelay),
	} {
		if n != 0 {
			policy[key] = n
		}
	}
	if p.Backoff != "" {
		policy["retry_backoff_function"] = p.Backoff
	}
	if p.IgnoreSubscriptionOverride {
		policy["ignore_subscription_override"] = true
	}
	if len(policy) > 0 {
		document["_retry_policy"] = policy
	}
	return document
}

func newCmdSubscriptionCreate(app *App) *cobra.Command {
	var options string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Subscribe somebody to a queue",
		Long: `Subscribe SUBSCRIBER, an http or https URL or a mailto address, to a queue for TTL
seconds. The server then sends it each message that is posted.

If the same subscriber has a subscription already, that is not changed. It is no
error if it has this TTL and these options and is not confirmed. Otherwise the
exit code is 5, and the existing subscription is printed.`,
		Example: `  zaqar subscription create jobs https://hooks.example.com/jobs 3600
  zaqar subscription create jobs mailto:a@example.com 86400 --options '{"subject": "jobs"}'`,
	}
	app.takes(cmd, "QUEUE", "SUBSCRIBER", "TTL")
	cmd.Flags().StringVar(&options, "options", "", "how the subscriber is notified: a `JSON` object, @FILE or -")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(createdColumns...); err != nil {
			return err
		}
		var ttl seconds
		if err := ttl.Set(args[2]); err != nil {
			return badUsage("TTL is %s: %v", shown(args[2]), err)
		}
		config := zaqar.SubscriptionConfig{Subscriber: args[1], TTL: time.Duration(ttl)}
		if options != "" {
			if err := app.jsonArgument("--options", options, &config.Options.Extra); err != nil {
				return err
			}
		}
		subscription, err := client.Queue(args[0]).CreateSubscription(ctx, config)
		if subscription == nil {
			return err
		}
		// With an error it is the one that exists.
		return errors.Join(err, out.show(createdColumns, createdFields(subscription)))
	})
	return cmd
}

func newCmdSubscriptionUpdate(app *App) *cobra.Command {
	var subscriber, options string
	var ttl seconds
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Change a subscription",
		Long: `Change a subscription and print it. What is not given stays as it is. A TTL counts
from now on. --options replaces all options.`,
		Example: `  zaqar subscription update jobs 57692aa63990b48c644bb7e5 --ttl 3600`,
	}
	app.takes(cmd, "QUEUE", "SUBSCRIPTION")
	cmd.Flags().StringVar(&subscriber, "subscriber", "", "send messages to this `URI`")
	cmd.Flags().Var(&ttl, "ttl", "how long it lasts from now on, in `seconds`")
	cmd.Flags().StringVar(&options, "options", "", "how the subscriber is notified: a `JSON` object, @FILE or -")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(createdColumns...); err != nil {
			return err
		}
		var changes []zaqar.SubscriptionChange
		if cmd.Flags().Changed("subscriber") {
			changes = append(changes, zaqar.SubscriberURI(subscriber))
		}
		if cmd.Flags().Changed("ttl") {
			changes = append(changes, zaqar.TTL(ttl))
		}
		if cmd.Flags().Changed("options") {
			var extra map[string]any
			if err := app.jsonArgument("--options", options, &extra); err != nil {
				return err
			}
			changes = append(changes, zaqar.SubscriptionOptions{Extra: extra})
		}
		if len(changes) == 0 {
			return badUsage("there is nothing to change: use --subscriber, --ttl or --options")
		}
		subscription, err := client.Queue(args[0]).Subscription(ctx, args[1])
		if err != nil {
			return err
		}
		if err := subscription.Update(ctx, changes...); err != nil {
			return err
		}
		return out.show(createdColumns, createdFields(subscription))
	})
	return cmd
}

func newCmdSubscriptionDelete(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete",
		Short: "Delete a subscription",
		Long:  `Delete a subscription. It is no error if there is none.`,
	}
	app.takes(cmd, "QUEUE", "SUBSCRIPTION")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		subscription, err := client.Queue(args[0]).Subscription(ctx, args[1])
		if errors.Is(err, zaqar.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return subscription.Delete(ctx)
	})
	return cmd
}

func newCmdSubscriptionShow(app *App) *cobra.Command {
	cmd := &cobra.Command{Use: "show", Short: "Print a subscription"}
	app.takes(cmd, "QUEUE", "SUBSCRIPTION")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(subscriptionColumns...); err != nil {
			return err
		}
		subscription, err := client.Queue(args[0]).Subscription(ctx, args[1])
		if err != nil {
			return err
		}
		return out.show(subscriptionColumns, subscriptionFields(subscription))
	})
	return cmd
}

func newCmdSubscriptionList(app *App) *cobra.Command {
	var page pageFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the subscriptions of a queue",
		Long:  `List the subscriptions of a queue: all of them, unless --limit says otherwise.`,
	}
	app.takes(cmd, "QUEUE")
	page.add(cmd, "subscriptions", "subscription")
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := errors.Join(out.check(subscriptionColumns...), page.check()); err != nil {
			return err
		}
		var options []zaqar.SubscriptionsOption
		if page.limit > 0 {
			options = append(options, zaqar.Limit(page.limit))
		}
		if page.marker != "" {
			options = append(options, zaqar.Marker(page.marker))
		}
		var rows [][]any
		for subscription, err := range client.Queue(args[0]).Subscriptions(ctx, options...) {
			if err != nil {
				return err
			}
			rows = append(rows, subscriptionFields(subscription))
		}
		return out.list(subscriptionColumns, rows)
	})
	return cmd
}

func newCmdSubscriptionConfirm(app *App) *cobra.Command {
	var cancel bool
	cmd := &cobra.Command{
		Use:   "confirm",
		Short: "Confirm a subscription in the subscriber's place",
		Long: `Confirm a subscription in the subscriber's place. Servers that require confirmation
send no messages before.`,
	}
	app.takes(cmd, "QUEUE", "SUBSCRIPTION")
	cmd.Flags().BoolVar(&cancel, "cancel", false, "cancel the confirmation instead")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		subscription, err := client.Queue(args[0]).Subscription(ctx, args[1])
		if err != nil {
			return err
		}
		return subscription.Confirm(ctx, !cancel)
	})
	return cmd
}
