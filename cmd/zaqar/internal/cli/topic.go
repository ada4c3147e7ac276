package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
)

// NewCmdTopic returns the command zaqar topic with its subcommands.
func NewCmdTopic(app *App) *cobra.Command {
	cmd := group("topic", "Manage topics, where servers have them",
		newCmdTopicCreate(app),
		newCmdTopicShow(app),
		newCmdTopicSet(app),
		newCmdTopicUnset(app),
		newCmdTopicStats(app),
		newCmdTopicPurge(app),
		app.deletion(noun{"topic", "TOPIC", (*admin.Client).DeleteTopic, "Delete topics."}),
		newCmdTopicList(app),
	)
	cmd.Long = `Manage topics, where servers have them: those that store in MongoDB, and the
embedded server. Servers do not accept messages for topics; use queues instead.`
	return cmd
}

var topicColumns = []string{"Name", "Metadata"}

func topicFields(t admin.Topic) []any {
	metadata := t.Metadata
	if metadata == nil {
		metadata = map[string]any{}
	}
	return []any{t.Name, metadata}
}

func newCmdTopicCreate(app *App) *cobra.Command {
	var metadata string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a topic",
		Long:  `Create a topic. If it exists, the server ignores --metadata.`,
	}
	app.takes(cmd, "TOPIC")
	cmd.Flags().StringVar(&metadata, "metadata", "", "the topic's metadata, a `JSON` object, @FILE or -")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(topicColumns...); err != nil {
			return err
		}
		topic := admin.Topic{Name: args[0]}
		if metadata != "" {
			if err := app.jsonArgument("--metadata", metadata, &topic.Metadata); err != nil {
				return err
			}
		}
		if err := admin.New(client).CreateTopic(ctx, topic); err != nil {
			return err
		}
		return showTopic(ctx, client, args[0], out)
	})
	return cmd
}

// showTopic prints a topic.
func showTopic(ctx context.Context, client *zaqar.Client, name string, out *printer) error {
	topic, err := admin.New(client).Topic(ctx, name)
	if err != nil {
		return err
	}
	return out.show(topicColumns, topicFields(topic))
}

func newCmdTopicShow(app *App) *cobra.Command {
	cmd := &cobra.Command{Use: "show", Short: "Print a topic"}
	app.takes(cmd, "TOPIC")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(topicColumns...); err != nil {
			return err
		}
		return showTopic(ctx, client, args[0], out)
	})
	return cmd
}

func newCmdTopicSet(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set",
		Short: "Set one key of a topic's metadata",
		Long:  `Set one key of a topic's metadata. VALUE is JSON; what is not JSON is a string.`,
	}
	app.takes(cmd, "TOPIC", "KEY", "VALUE")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		var value any
		if app.jsonArgument("VALUE", args[2], &value) != nil {
			value = args[2]
		}
		return admin.New(client).UpdateTopic(ctx, args[0], map[string]any{args[1]: value})
	})
	return cmd
}

func newCmdTopicUnset(app *App) *cobra.Command {
	cmd := &cobra.Command{Use: "unset", Short: "Remove one key of a topic's metadata"}
	app.takes(cmd, "TOPIC", "KEY")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		return admin.New(client).UpdateTopic(ctx, args[0], nil, args[1])
	})
	return cmd
}

func newCmdTopicStats(app *App) *cobra.Command {
	cmd := &cobra.Command{Use: "stats", Short: "Print the statistics of a topic"}
	app.takes(cmd, "TOPIC")
	out, columns := app.showOutput(cmd), []string{"Stats"}
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(columns...); err != nil {
			return err
		}
		stats, err := admin.New(client).TopicStats(ctx, args[0])
		if err != nil {
			return err
		}
		return out.show(columns, []any{stats})
	})
	return cmd
}

func newCmdTopicPurge(app *App) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Delete the contents of a topic",
		Long:  "Delete the contents of a topic.\n\nOn a terminal the command asks first.",
	}
	app.takes(cmd, "TOPIC")
	addYes(cmd, &yes)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := app.confirm(ctx, yes, "Delete the contents of the topic %s?", args[0]); err != nil {
			return err
		}
		return admin.New(client).PurgeTopic(ctx, args[0])
	})
	return cmd
}

func newCmdTopicList(app *App) *cobra.Command {
	var page pageFlags
	var detailed bool
	cmd := &cobra.Command{Use: "list", Short: "List the topics", Args: noArguments}
	page.add(cmd, "topics", "topic")
	cmd.Flags().BoolVar(&detailed, "detailed", false, "print their metadata, too")
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, _ []string) error {
		columns := topicColumns
		if !detailed {
			columns = topicColumns[:1]
		}
		if err := errors.Join(out.check(columns...), page.check()); err != nil {
			return err
		}
		var rows [][]any
		for topic, err := range admin.New(client).Topics(ctx) {
			if err != nil {
				return err
			}
			if topic.Name <= page.marker {
				continue
			}
			if rows = append(rows, topicFields(topic)[:len(columns)]); len(rows) == page.limit {
				break
			}
		}
		return out.list(columns, rows)
	})
	return cmd
}
