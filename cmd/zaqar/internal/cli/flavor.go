package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
)

// NewCmdFlavor returns the command zaqar flavor with its subcommands.
func NewCmdFlavor(app *App) *cobra.Command {
	return group("flavor", "Manage groups of pools (operators)",
		newCmdFlavorCreate(app),
		newCmdFlavorShow(app),
		newCmdFlavorUpdate(app),
		app.deletion(noun{"flavor", "FLAVOR", (*admin.Client).DeleteFlavor, "Delete flavors. Their pools stay."}),
		newCmdFlavorList(app),
	)
}

var flavorColumns = []string{"Name", "Pool list", "Capabilities"}

func flavorFields(f admin.Flavor) []any {
	return []any{f.Name, emptyNotNull(f.Pools), emptyNotNull(f.Capabilities)}
}

// emptyNotNull returns a list that prints as [] if it has no elements.
func emptyNotNull(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func newCmdFlavorCreate(app *App) *cobra.Command {
	var pools, capabilities string
	cmd := &cobra.Command{
		Use:     "create",
		Short:   "Create a flavor of pools",
		Long:    `Create a flavor of pools, or replace the flavor of that name.`,
		Example: `  zaqar flavor create fast --pool_list p1,p2`,
	}
	app.takes(cmd, "FLAVOR")
	cmd.Flags().StringVar(&pools, "pool-list", "", "its pools, a comma-separated `list`")
	cmd.Flags().StringVar(&capabilities, "capabilities", "", "its capabilities, a comma-separated `list`, on API version 1.1 only: version 2 takes those of its pools")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(flavorColumns...); err != nil {
			return err
		}
		if capabilities != "" && client.Conn().Version() != zaqar.V1_1 {
			return errCapabilities
		}
		operator := admin.New(client)
		flavor := admin.Flavor{Name: args[0], Pools: commaSeparated(pools), Capabilities: commaSeparated(capabilities)}
		if err := operator.CreateFlavor(ctx, flavor); err != nil {
			return err
		}
		flavor, err := operator.Flavor(ctx, args[0])
		if err != nil {
			return err
		}
		return out.show(flavorColumns, flavorFields(flavor))
	})
	return cmd
}

var errCapabilities = badUsage("--capabilities has no effect: in version 2 of the API a flavor has the capabilities of its pools; remove it")

func newCmdFlavorShow(app *App) *cobra.Command {
	cmd := &cobra.Command{Use: "show", Short: "Print a flavor"}
	app.takes(cmd, "FLAVOR")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(flavorColumns...); err != nil {
			return err
		}
		flavor, err := admin.New(client).Flavor(ctx, args[0])
		if err != nil {
			return err
		}
		return out.show(flavorColumns, flavorFields(flavor))
	})
	return cmd
}

func newCmdFlavorUpdate(app *App) *cobra.Command {
	var pools, capabilities string
	cmd := &cobra.Command{
		Use:     "update",
		Short:   "Replace the pools of a flavor",
		Example: `  zaqar flavor update fast --pool_list p1,p3`,
	}
	app.takes(cmd, "FLAVOR")
	cmd.Flags().StringVar(&pools, "pool-list", "", "its pools, a comma-separated `list`")
	cmd.Flags().StringVar(&capabilities, "capabilities", "", "refused: a flavor has the capabilities of its pools")
	_ = cmd.Flags().MarkHidden("capabilities")
	columns := []string{"Name", "Pool_list", "Capabilities"}
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(columns...); err != nil {
			return err
		}
		switch {
		case capabilities != "":
			return errCapabilities
		case pools == "":
			return badUsage("there is nothing to change: use --pool-list")
		}
		flavor, err := admin.New(client).UpdateFlavor(ctx, args[0], commaSeparated(pools)...)
		if err != nil {
			return err
		}
		return out.show(columns, flavorFields(flavor))
	})
	return cmd
}

func newCmdFlavorList(app *App) *cobra.Command {
	var page pageFlags
	var detailed bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the flavors",
		Long:  `List the flavors by name: all of them, unless --limit says otherwise.`,
		Args:  noArguments,
	}
	page.add(cmd, "flavors", "flavor")
	cmd.Flags().BoolVar(&detailed, "detailed", false, "print their capabilities, too")
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, _ []string) error {
		columns := flavorColumns
		if !detailed {
			columns = flavorColumns[:2]
		}
		if err := errors.Join(out.check(columns...), page.check()); err != nil {
			return err
		}
		var rows [][]any
		for flavor, err := range admin.New(client).Flavors(ctx) {
			if err != nil {
				return err
			}
			if flavor.Name <= page.marker {
				continue
			}
			if rows = append(rows, flavorFields(flavor)[:len(columns)]); len(rows) == page.limit {
				break
			}
		}
		return out.list(columns, rows)
	})
	return cmd
}
