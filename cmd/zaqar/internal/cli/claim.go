package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
)

// NewCmdClaim returns the command zaqar claim with its subcommands.
func NewCmdClaim(app *App) *cobra.Command {
	return group("claim", "Claim messages, extend and release claims",
		newCmdClaimCreate(app),
		newCmdClaimQuery(app),
		newCmdClaimRenew(app),
		newCmdClaimRelease(app),
	)
}

func newCmdClaimCreate(app *App) *cobra.Command {
	ttl, grace, limit := seconds(5*time.Minute), seconds(time.Minute), 10
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Claim messages and print them",
		Long: `Claim messages, oldest first, and print them. Nobody else can claim them until
the TTL of the claim is over or it is released. Delete them with "message
delete --claim-id" when they are done.

If there is nothing to claim, nothing is printed but the empty list.`,
		Example: `  zaqar claim create jobs --limit 1 --ttl 600 -f json`,
	}
	app.takes(cmd, "QUEUE")
	cmd.Flags().Var(&ttl, "ttl", "how long the claim lasts, in `seconds`")
	cmd.Flags().Var(&grace, "grace", "how much longer its messages live at least, in `seconds`")
	cmd.Flags().IntVar(&limit, "limit", limit, "claim at most `n` messages")
	out, columns := app.listOutput(cmd), []string{"Claim_ID", "Message_ID", "TTL", "Age", "Messages", "Checksum"}
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(columns...); err != nil {
			return err
		}
		claim, err := client.Queue(args[0]).Claim(ctx, zaqar.TTL(ttl), zaqar.Grace(grace), zaqar.Limit(limit))
		if claim == nil {
			return err
		}
		var rows [][]any
		for _, m := range claim.Messages() {
			rows = append(rows, []any{claim.ID(), m.ID(), whole(m.TTL()), whole(m.Age()), m.Body(), orNil(m.Checksum())})
		}
		return errors.Join(err, out.list(columns, rows))
	})
	return cmd
}

// claimColumns are the columns of a claim that exists.
var claimColumns = []string{"Message_ID", "Age", "TTL", "Message"}

func claimRows(claim *zaqar.Claim) [][]any {
	var rows [][]any
	for _, m := range claim.Messages() {
		rows = append(rows, []any{m.ID(), whole(m.Age()), whole(m.TTL()), m.Body()})
	}
	return rows
}

func newCmdClaimQuery(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "query",
		Short: "Print the messages of a claim",
		Long:  `Print the messages of a claim that were not deleted. If it has ended, the exit code is 5.`,
	}
	app.takes(cmd, "QUEUE", "CLAIM")
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(claimColumns...); err != nil {
			return err
		}
		claim, err := client.Queue(args[0]).ClaimByID(ctx, args[1])
		if err != nil {
			return err
		}
		return out.list(claimColumns, claimRows(claim))
	})
	return cmd
}

func newCmdClaimRenew(app *App) *cobra.Command {
	var ttl, grace seconds
	cmd := &cobra.Command{
		Use:   "renew",
		Short: "Extend a claim and print its messages",
		Long: `Extend a claim: its age starts again at zero. Print its messages. If it has ended,
the exit code is 5.`,
		Example: `  zaqar claim renew jobs 51db7067821e727dc24df754 --ttl 600`,
	}
	app.takes(cmd, "QUEUE", "CLAIM")
	cmd.Flags().Var(&ttl, "ttl", "how long the claim lasts from now on, in `seconds` (default: as before)")
	cmd.Flags().Var(&grace, "grace", "how much longer its messages live at least, in `seconds` (default: 60)")
	out := app.listOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(claimColumns...); err != nil {
			return err
		}
		claim, err := client.Queue(args[0]).ClaimByID(ctx, args[1])
		if err != nil {
			return err
		}
		var options []zaqar.UpdateOption
		if cmd.Flags().Changed("ttl") {
			options = append(options, zaqar.TTL(ttl))
		}
		if cmd.Flags().Changed("grace") {
			options = append(options, zaqar.Grace(grace))
		}
		if err := claim.Update(ctx, options...); err != nil {
			return err
		}
		return out.list(claimColumns, claimRows(claim))
	})
	return cmd
}

func newCmdClaimRelease(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release",
		Short: "End a claim",
		Long: `End a claim, so that others can claim its messages at once. If it has ended
already, the exit code is 5.`,
	}
	app.takes(cmd, "QUEUE", "CLAIM")
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		claim, err := client.Queue(args[0]).ClaimByID(ctx, args[1])
		if err != nil {
			return err
		}
		return claim.Release(ctx)
	})
	return cmd
}
