package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
)

func newCmdQueueSignedURL(app *App) *cobra.Command {
	paths, methods, text := "messages", "GET", false
	var ttl seconds
	cmd := &cobra.Command{
		Use:   "url",
		Short: "Create a signed URL for a queue",
		Long: `Create a signed URL. It gives somebody without an account the right to some calls
on a queue. It is a secret, and nobody can revoke it before it expires.

With --text it is one line, which --signed-url, ZAQAR_SIGNED_URL and the library
accept.`,
		Example: `  zaqar queue signed url jobs --methods POST --ttl-seconds 3600 --text
  zaqar queue signed url jobs --paths messages,claims --methods GET,POST,DELETE`,
	}
	app.takes(cmd, "QUEUE")
	cmd.Flags().StringVar(&paths, "paths", paths, "what it is for, a comma-separated `list` of messages, subscriptions, claims")
	cmd.Flags().StringVar(&methods, "methods", methods, "HTTP methods that it allows, a comma-separated `list`")
	cmd.Flags().Var(&ttl, "ttl-seconds", "how long it is valid, in `seconds` (default: a day)")
	cmd.Flags().BoolVar(&text, "text", false, "print it as one line of text")
	out := app.showOutput(cmd)
	cmd.RunE = app.withClient(func(ctx context.Context, client *zaqar.Client, args []string) error {
		if err := out.check(signedColumns...); err != nil {
			return err
		}
		config := zaqar.ShareConfig{Methods: commaSeparated(strings.ToUpper(methods))}
		for _, path := range commaSeparated(paths) {
			if path != "messages" && path != "subscriptions" && path != "claims" {
				return badUsage("--paths has %q; it must be of messages, subscriptions and claims", path)
			}
			config.Paths = append(config.Paths, zaqar.Resource(path))
		}
		if ttl > 0 {
			config.Expires = time.Now().Add(time.Duration(ttl))
		}
		signed, err := client.Queue(args[0]).Share(ctx, config)
		if err != nil {
			return err
		}
		if text {
			fmt.Fprintln(app.Out, signed.Reveal())
			return nil
		}
		return out.show(signedColumns, signedFields(signed))
	})
	return cmd
}

// signedColumns are the columns of a signed URL.
var signedColumns = []string{"Paths", "Methods", "Expires", "Signature", "Project ID"}

// signedFields returns the fields of a signed URL, the signature included.
func signedFields(signed auth.SignedURL) []any {
	grant := signed.Grant()
	return []any{
		strings.Join(grant.Paths, ","), strings.Join(grant.Methods, ","), grant.Expires.UTC().Format("2006-01-02T15:04:05"),
		signed.Signature().Reveal(), grant.Project,
	}
}
