package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
)

func newCmdQueueGetMetadata(app *App) *cobra.Command {
	cmd := &cobra.Command{Use: "metadata", Short: "Print the metadata of a queue"}
	app.takes(cmd, "QUEUE")
	out, columns := app.showOutput(cmd), []string{"Metadata"}
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(columns...); err != nil {
			return err
		}
		metadata, err := client.Queue(args[0]).Metadata(ctx)
		if err != nil {
			return err
		}
		return out.show(columns, []any{metadata.Content()})
	})
	return cmd
}

func newCmdQueueSetMetadata(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "metadata",
		Short: "Replace all metadata of a queue",
		Long: `Replace all metadata of a queue by METADATA, which is a JSON object, @FILE or -.
Keys that are not in it are removed. To change a single key use "queue set key".`,
		Example: `  zaqar queue set metadata jobs '{"team": "red", "_default_message_ttl": 600}'`,
	}
	app.takes(cmd, "QUEUE", "METADATA")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		var content zaqar.Content
		if err := app.jsonArgument("METADATA", args[1], &content); err != nil {
			return err
		}
		metadata, err := client.Queue(args[0]).Metadata(ctx)
		if err != nil {
			return err
		}
		return metadata.Update(ctx, content)
	})
	return cmd
}

func newCmdQueueSetKey(app *App) *cobra.Command {
	var asText bool
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Set one key of a queue's metadata",
		Long: `Set one key of a queue's metadata. VALUE is JSON; what is not JSON is a string.
Other keys stay as they are.`,
		Example: `  zaqar queue set key jobs _default_message_ttl 600
  zaqar queue set key jobs team red
  zaqar queue set key jobs postcode 01234 --string`,
	}
	app.takes(cmd, "QUEUE", "KEY", "VALUE")
	cmd.Flags().BoolVar(&asText, "string", false, "VALUE is a string, even if it is JSON")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		var value any
		if asText || app.jsonArgument("VALUE", args[2], &value) != nil {
			value = args[2]
		}
		metadata, err := client.Queue(args[0]).Metadata(ctx)
		if err != nil {
			return err
		}
		return metadata.Set(ctx, args[1], value)
	})
	return cmd
}

func newCmdQueueUnsetKey(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "key",
		Short:   "Remove one key of a queue's metadata",
		Long:    `Remove one key of a queue's metadata. Zaqar's own keys return to their defaults.`,
		Example: `  zaqar queue unset key jobs team`,
	}
	app.takes(cmd, "QUEUE", "KEY")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		metadata, err := client.Queue(args[0]).Metadata(ctx)
		if err != nil {
			return err
		}
		return metadata.Remove(ctx, args[1])
	})
	return cmd
}
