package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
)

// NewCmdPing returns the command zaqar ping.
func NewCmdPing(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ping [flags]",
		Short: "Check that the service answers and accepts the credentials",
		Long: `Check that the service answers and accepts the credentials. If it does not, the
command prints why to standard error, and its exit code is not 0.`,
		Args: noArguments,
	}
	out := app.showOutput(cmd)
	columns := []string{"Pingable"}
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, _ []string) error {
		if err := out.check(columns...); err != nil {
			return err
		}
		failure := client.Ping(ctx)
		return errors.Join(failure, out.show(columns, []any{failure == nil}))
	})
	return cmd
}
