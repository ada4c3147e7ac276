package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
)

// NewCmdQueue returns the command zaqar queue with its subcommands.
func NewCmdQueue(app *App) *cobra.Command {
	return group("queue", "Create, list, change and delete queues",
		newCmdQueueCreate(app),
		newCmdQueueDelete(app),
		newCmdQueueExists(app),
		newCmdQueueList(app),
		newCmdQueueStats(app),
		newCmdQueuePurge(app),
		group("get", "Print a queue's metadata", newCmdQueueGetMetadata(app)),
		group("set", "Change a queue's metadata", newCmdQueueSetMetadata(app), newCmdQueueSetKey(app)),
		group("unset", "Remove from a queue's metadata", newCmdQueueUnsetKey(app)),
		group("signed", "Give access to a queue without an account", newCmdQueueSignedURL(app)),
	)
}

func newCmdQueueCreate(app *App) *cobra.Command {
	var metadata string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a queue",
		Long: `Create a queue. It is no error if the queue exists, unless its metadata differs
from --metadata: then the exit code is 5.`,
		Example: `  zaqar queue create jobs
  zaqar queue create jobs --metadata '{"_default_message_ttl": 86400}'`,
	}
	app.takes(cmd, "QUEUE")
	cmd.Flags().StringVar(&metadata, "metadata", "", "the queue's metadata, a `JSON` object, @FILE or -")
	out, columns := app.showOutput(cmd), []string{"Name"}
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(columns...); err != nil {
			return err
		}
		var options []zaqar.CreateOption
		if cmd.Flags().Changed("metadata") {
			var content zaqar.Content
			if err := app.jsonArgument("--metadata", metadata, &content); err != nil {
				return err
			}
			options = append(options, content)
		}
		queue, err := client.CreateQueue(ctx, args[0], options...)
		if err != nil {
			return err
		}
		return out.show(columns, []any{queue.Name()})
	})
	return cmd
}

func newCmdQueueDelete(app *App) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete",
		Short: "Delete queues and their messages",
		Long: `Delete queues and their messages. It is no error if a queue does not exist.

On a terminal the command asks first.`,
		Example: `  zaqar queue delete jobs
  zaqar queue delete --yes jobs jobs-failed`,
	}
	app.takes(cmd, "QUEUE...")
	addYes(cmd, &yes)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := app.confirm(ctx, yes, "Delete %s with all messages?", counted(args, "the queue", "queues")); err != nil {
			return err
		}
		return deleteEach(args, "queues", func(name string) error { return client.Queue(name).Delete(ctx) })
	})
	return cmd
}

func newCmdQueueExists(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exists",
		Short: "Check whether a queue exists",
		Long: `Check whether a queue exists. The exit code is 0 if it does and 4 if it does not.
Nothing is printed.`,
		Example: `  zaqar queue exists jobs || zaqar queue create jobs`,
	}
	app.takes(cmd, "QUEUE")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		exists, err := client.Queue(args[0]).Exists(ctx)
		if err == nil && !exists {
			return exitCode(exitNotFound)
		}
		return err
	})
	return cmd
}

func newCmdQueueList(app *App) *cobra.Command {
	var page pageFlags
	var detailed, count bool
	var like string
	var having []string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the queues of the project",
		Long:  `List the queues of the project by name: all of them, unless --limit says otherwise.`,
		Example: `  zaqar queue list
  zaqar queue list --detailed -f json
  zaqar queue list -f value -c Name`,
		Args: noArguments,
	}
	page.add(cmd, "queues", "queue")
	cmd.Flags().BoolVar(&detailed, "detailed", false, "print their metadata, too")
	cmd.Flags().BoolVar(&count, "with-count", false, "print the number of all queues to standard error")
	cmd.Flags().StringVar(&like, "name", "", "only those whose name has this `text` in it, on servers that can")
	cmd.Flags().StringArrayVar(&having, "having", nil, "only those with this `key=value` in their metadata, on servers that can (repeatable)")
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, _ []string) error {
		columns := []string{"Name"}
		if detailed {
			columns = append(columns, "Metadata_Dict", "Href")
		}
		if err := errors.Join(out.check(columns...), page.check()); err != nil {
			return err
		}
		options := []zaqar.QueuesOption{zaqar.Detailed(detailed)}
		if page.limit > 0 {
			options = append(options, zaqar.Limit(page.limit))
		}
		if page.marker != "" {
			options = append(options, zaqar.Marker(page.marker))
		}
		if like != "" {
			options = append(options, zaqar.NameLike(like))
		}
		filter := zaqar.Having{}
		for _, pair := range having {
			key, value, ok := strings.Cut(pair, "=")
			if !ok {
				return badUsage("--having is %q; it must be key=value", pair)
			}
			filter[key] = value
		}
		if len(filter) > 0 {
			options = append(options, filter)
		}
		var rows [][]any
		for queue, err := range client.Queues(ctx, options...) {
			if err != nil {
				return err
			}
			rows = append(rows, []any{queue.Name(), queue.Listed(), queue.Href()}[:len(columns)])
		}
		if count {
			if err := printCount(ctx, app, client); err != nil {
				return err
			}
		}
		return out.list(columns, rows)
	})
	return cmd
}

func printCount(ctx context.Context, app *App, client *zaqar.Client) error {
	n, ok, err := client.CountQueues(ctx)
	if err != nil {
		return err
	}
	if !ok {
		fmt.Fprintln(app.Err, "The server does not count its queues.")
		return nil
	}
	fmt.Fprintf(app.Err, "Queues in total: %d\n", n)
	return nil
}

func newCmdQueueStats(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Print how many messages a queue has",
		Long: `Print how many messages a queue has, and its oldest and newest one. For a queue
that does not exist the numbers are 0.`,
	}
	app.takes(cmd, "QUEUE")
	out, columns := app.showOutput(cmd), []string{"Stats"}
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(columns...); err != nil {
			return err
		}
		stats, err := client.Queue(args[0]).Stats(ctx)
		if err != nil {
			return err
		}
		return out.show(columns, []any{statsDocument(stats)})
	})
	return cmd
}

// statsDocument returns statistics in the server's form.
func statsDocument(stats zaqar.Stats) any {
	type message struct {
		Age      int64           `json:"age"`
		Body     json.RawMessage `json:"body,omitempty"`
		Checksum string          `json:"checksum,omitempty"`
		Count    int             `json:"claim_count"`
		Claim    any             `json:"claim_id"`
		Created  string          `json:"created,omitempty"`
		Href     string          `json:"href"`
		TTL      int64           `json:"ttl"`
	}
	described := func(m *zaqar.MessageStats) *message {
		if m == nil {
			return nil
		}
		d := &message{
			Age: whole(m.Age), TTL: whole(m.TTL), Body: m.Body, Href: m.Href, Count: m.ClaimCount, Claim: orNil(m.ClaimID), Checksum: m.Checksum,
		}
		if !m.Created.IsZero() {
			d.Created = m.Created.UTC().Format("2006-01-02T15:04:05Z")
		}
		return d
	}
	type messages struct {
		Claimed int      `json:"claimed"`
		Free    int      `json:"free"`
		Newest  *message `json:"newest,omitempty"`
		Oldest  *message `json:"oldest,omitempty"`
		Total   int      `json:"total"`
	}
	return map[string]any{"messages": messages{stats.Claimed, stats.Free, described(stats.Newest), described(stats.Oldest), stats.Total}}
}

func newCmdQueuePurge(app *App) *cobra.Command {
	var types []string
	var all, yes bool
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Delete the messages and subscriptions of a queue",
		Long: `Delete the messages and the subscriptions of a queue, or only one of the two. The
queue and its metadata stay.

Servers leave claimed messages, and all subscriptions but the first ten. With
--all these are deleted, too, claimed messages even while somebody works on them.

On a terminal the command asks first.`,
		Example: `  zaqar queue purge jobs
  zaqar queue purge jobs --resource_types messages --all`,
	}
	app.takes(cmd, "QUEUE")
	cmd.Flags().StringArrayVar(&types, "resource-types", nil, "delete only these: `messages|subscriptions` (repeatable)")
	cmd.Flags().BoolVar(&all, "all", false, "repeat until nothing is left, claimed messages included")
	addYes(cmd, &yes)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		var resources []zaqar.Resource
		for _, name := range types {
			if name != "messages" && name != "subscriptions" {
				return badUsage("--resource-types is %q; it must be messages or subscriptions", name)
			}
			resources = append(resources, zaqar.Resource(name))
		}
		what := "messages and subscriptions"
		if len(types) > 0 {
			what = strings.Join(types, " and ")
		}
		if err := app.confirm(ctx, yes, "Delete all %s of the queue %s?", what, args[0]); err != nil {
			return err
		}
		if all {
			return client.Queue(args[0]).PurgeAll(ctx, resources...)
		}
		return client.Queue(args[0]).Purge(ctx, resources...)
	})
	return cmd
}
