package cli

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
)

// NewCmdPool returns the command zaqar pool with its subcommands.
func NewCmdPool(app *App) *cobra.Command {
	return group("pool", "Manage the stores behind the service (operators)",
		newCmdPoolCreate(app),
		newCmdPoolShow(app),
		newCmdPoolUpdate(app),
		app.deletion(noun{
			"pool", "POOL", (*admin.Client).DeletePool,
			"Delete pools from the service. Their queues are no longer found, but their messages\nstay in the store.",
		}),
		newCmdPoolList(app),
	)
}

var poolColumns = []string{"Name", "Weight", "URI", "Flavor", "Options"}

func poolFields(p admin.Pool) []any {
	options := p.Options
	if options == nil {
		options = map[string]any{}
	}
	return []any{p.Name, p.Weight, p.URI, orNil(p.Flavor), options}
}

// noun is something that has a command to delete it.
type noun struct {
	name, argument string
	remove         func(client *admin.Client, ctx context.Context, name string) error
	long           string
}

// deletion returns the command that deletes things of a kind.
func (a *App) deletion(n noun) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete",
		Short: "Delete " + n.name + "s",
		Long:  n.long + "\nIt is no error if one does not exist.\n\nOn a terminal the command asks first.",
	}
	a.takes(cmd, n.argument+"...")
	addYes(cmd, &yes)
	cmd.RunE = a.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := a.confirm(ctx, yes, "Delete %s?", counted(args, "the "+n.name, n.name+"s")); err != nil {
			return err
		}
		return deleteEach(args, n.name+"s", func(name string) error {
			return n.remove(admin.New(client), ctx, name)
		})
	})
	return cmd
}

func newCmdPoolCreate(app *App) *cobra.Command {
	var flavor, options string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Add a store to the service",
		Long: `Add a store to the service, or replace the pool of that name. URI is the store's
address as seen by the server. WEIGHT is its share of new queues: a pool with
weight 0 gets none.`,
		Example: `  zaqar pool create p1 redis://10.0.0.5:6379 100`,
	}
	app.takes(cmd, "POOL", "URI", "WEIGHT")
	cmd.Flags().StringVar(&flavor, "flavor", "", "the `flavor` that the pool belongs to")
	cmd.Flags().StringVar(&options, "pool-options", "", "options of the server's driver: a `JSON` object, @FILE or -")
	_ = cmd.RegisterFlagCompletionFunc("flavor", app.completeFlag("FLAVOR"))
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(poolColumns...); err != nil {
			return err
		}
		weight, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			return badUsage("WEIGHT is %s; it must be a number", shown(args[2]))
		}
		pool := admin.Pool{Name: args[0], URI: args[1], Weight: weight, Flavor: flavor}
		if options != "" {
			if err := app.jsonArgument("--pool-options", options, &pool.Options); err != nil {
				return err
			}
		}
		if err := admin.New(client).CreatePool(ctx, pool); err != nil {
			return err
		}
		return out.show(poolColumns, poolFields(pool))
	})
	return cmd
}

func newCmdPoolShow(app *App) *cobra.Command {
	cmd := &cobra.Command{Use: "show", Short: "Print a pool"}
	app.takes(cmd, "POOL")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(poolColumns...); err != nil {
			return err
		}
		pool, err := admin.New(client).Pool(ctx, args[0])
		if err != nil {
			return err
		}
		return out.show(poolColumns, poolFields(pool))
	})
	return cmd
}

func newCmdPoolUpdate(app *App) *cobra.Command {
	var uri, flavor, options string
	var weight int64
	cmd := &cobra.Command{
		Use:     "update",
		Short:   "Change a pool",
		Long:    `Change a pool and print it. What is not given stays as it is.`,
		Example: `  zaqar pool update p1 --pool_weight 0`,
	}
	app.takes(cmd, "POOL")
	cmd.Flags().StringVar(&uri, "pool-uri", "", "address of the store, a `URI`; no data is copied")
	cmd.Flags().Int64Var(&weight, "pool-weight", 0, "share of new queues, a `number`")
	cmd.Flags().StringVar(&flavor, "flavor", "", "the `flavor` that it belongs to; \"\" for none")
	cmd.Flags().StringVar(&options, "pool-options", "", "all options of the server's driver: a `JSON` object, @FILE or -")
	_ = cmd.RegisterFlagCompletionFunc("flavor", app.completeFlag("FLAVOR"))
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(poolColumns...); err != nil {
			return err
		}
		var changes []admin.PoolChange
		given := cmd.Flags().Changed
		if given("pool-uri") {
			changes = append(changes, admin.URI(uri))
		}
		if given("pool-weight") {
			changes = append(changes, admin.Weight(weight))
		}
		if given("flavor") {
			changes = append(changes, admin.InFlavor(flavor))
		}
		if given("pool-options") {
			all := admin.Options{}
			if err := app.jsonArgument("--pool-options", options, (*map[string]any)(&all)); err != nil {
				return err
			}
			changes = append(changes, all)
		}
		if len(changes) == 0 {
			return badUsage("there is nothing to change: use --pool-uri, --pool-weight, --flavor or --pool-options")
		}
		pool, err := admin.New(client).UpdatePool(ctx, args[0], changes...)
		if err != nil {
			return err
		}
		return out.show(poolColumns, poolFields(pool))
	})
	return cmd
}

func newCmdPoolList(app *App) *cobra.Command {
	var page pageFlags
	var detailed bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the pools",
		Long:  `List the pools by name: all of them, unless --limit says otherwise.`,
		Args:  noArguments,
	}
	page.add(cmd, "pools", "pool")
	cmd.Flags().BoolVar(&detailed, "detailed", false, "print their options, too")
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, _ []string) error {
		columns := poolColumns
		if !detailed {
			columns = poolColumns[:4]
		}
		if err := errors.Join(out.check(columns...), page.check()); err != nil {
			return err
		}
		var rows [][]any
		for pool, err := range admin.New(client).Pools(ctx) {
			if err != nil {
				return err
			}
			if pool.Name <= page.marker {
				continue
			}
			if rows = append(rows, poolFields(pool)[:len(columns)]); len(rows) == page.limit {
				break
			}
		}
		return out.list(columns, rows)
	})
	return cmd
}
