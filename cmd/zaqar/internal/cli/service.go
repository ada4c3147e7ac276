package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/output"
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
	out, columns := app.showOutput(cmd), []string{"Pingable"}
	ping := app.withClient(func(ctx context.Context, client *zaqar.Client, _ []string) error {
		return client.Ping(ctx)
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := out.check(columns...); err != nil {
			return err
		}
		failure := ping(cmd, args)
		code, _ := classify(failure)
		if _, stopped := errors.AsType[*interrupted](failure); stopped || failure != nil && code != exitUnavailable && code != exitFailed {
			return failure // it is not known whether the service answers
		}
		return errors.Join(failure, out.show(columns, []any{failure == nil}))
	}
	return cmd
}

// NewCmdHealth returns the command zaqar health.
func NewCmdHealth(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "health [flags]",
		Short: "Print the state of the stores behind the service (operators)",
		Long: `Print the state of the stores behind the service as JSON. The server tries every
operation on them, so the answer can take long. It needs the role admin and a
server in admin mode; "zaqar ping" needs neither.`,
		Args: noArguments,
	}
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, _ []string) error {
		if version := client.Conn().Version(); !version.Supports("health") {
			_, err := client.Health(ctx) // says why not
			return err
		}
		reply, err := client.Conn().Get(ctx, "/"+string(client.Conn().Version())+"/health")
		if err != nil {
			return err
		}
		return output.JSON(app.Out, reply.Body)
	})
	return cmd
}

// NewCmdHomeDoc returns the command zaqar homedoc.
func NewCmdHomeDoc(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "homedoc [flags]",
		Short: "Print the resources that the server says it has",
		Long:  `Print the server's home document as JSON: the resources that it says it has.`,
		Args:  noArguments,
	}
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, _ []string) error {
		home, err := client.Home(ctx)
		if err != nil {
			return err
		}
		return output.JSON(app.Out, home.Raw())
	})
	return cmd
}
