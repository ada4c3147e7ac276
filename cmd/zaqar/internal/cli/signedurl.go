package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar/auth"
)

// NewCmdSignedURL returns the command zaqar signed-url with its subcommands.
func NewCmdSignedURL(app *App) *cobra.Command {
	cmd := group("signed-url", "Show, verify and sign signed URLs, without a server",
		newCmdSignedURLShow(app),
		newCmdSignedURLVerify(app),
		newCmdSignedURLSign(app),
	)
	cmd.Long = `Show, verify and sign signed URLs. Nothing is sent to a server.

"zaqar queue signed url" has the server make one. To use one, give it to any
command with --signed-url or ZAQAR_SIGNED_URL.`
	return cmd
}

func newCmdSignedURLShow(app *App) *cobra.Command {
	var reveal bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print what a signed URL allows",
		Long: `Print what a signed URL allows. URL is its text or JSON, @FILE, or - for standard
input. The signature is not printed unless there is --reveal.`,
		Example:     `  zaqar signed-url show @url.txt`,
		Annotations: map[string]string{offline: "true"},
	}
	app.takes(cmd, "URL")
	cmd.Flags().BoolVar(&reveal, "reveal", false, "print the signature, too")
	columns := []string{"Endpoint", "Paths", "Methods", "Project ID", "Expires", "Expired"}
	out := app.showOutput(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if reveal {
			columns = append(columns, "Signature")
		}
		if err := out.check(columns...); err != nil {
			return err
		}
		signed, err := readSignedURL("URL", args[0], app.In)
		if err != nil {
			return err
		}
		grant := signed.Grant()
		return out.show(columns, []any{
			orNil(grant.Endpoint), strings.Join(grant.Paths, ","), strings.Join(grant.Methods, ","), grant.Project,
			grant.Expires.UTC().Format(time.RFC3339), time.Now().After(grant.Expires), signed.Signature().Reveal(),
		}[:len(columns)])
	}
	return cmd
}

func newCmdSignedURLVerify(app *App) *cobra.Command {
	var keyFile string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the signature of a signed URL",
		Long: `Check that a signed URL was signed with the servers' key and has not expired. URL is
its text or JSON, @FILE, or - for standard input. The exit code is 3 if it was
not, or has.

The key is secret_key in section [signed_url] of zaqar.conf.`,
		Example:     `  zaqar signed-url verify @url.txt --secret-key-file key`,
		Annotations: map[string]string{offline: "true"},
	}
	app.takes(cmd, "URL")
	addSigningKey(cmd, &keyFile)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		key, err := signingKey(keyFile)
		if err != nil {
			return err
		}
		signed, err := readSignedURL("URL", args[0], app.In)
		if err != nil {
			return err
		}
		if err := signed.Verify(key, time.Now()); err != nil {
			return err
		}
		fmt.Fprintf(app.Out, "The signature is right. It expires at %s.\n", signed.Grant().Expires.UTC().Format(time.RFC3339))
		return nil
	}
	return cmd
}

func newCmdSignedURLSign(app *App) *cobra.Command {
	var keyFile, endpoint, project string
	paths, methods := "messages", "GET"
	ttl := seconds(24 * time.Hour)
	cmd := &cobra.Command{
		Use:   "sign",
		Short: "Create a signed URL with the servers' key",
		Long: `Create a signed URL with the servers' key, without asking a server, and print it
as one line. It is a secret. Without the key use "zaqar queue signed url".

The key is secret_key in section [signed_url] of zaqar.conf.`,
		Example:     `  zaqar signed-url sign jobs --for-project 3e1c… --secret-key-file key --methods POST`,
		Annotations: map[string]string{offline: "true"},
	}
	app.takes(cmd, "QUEUE")
	cmd.ValidArgsFunction = cobra.NoFileCompletions // it would need a server
	addSigningKey(cmd, &keyFile)
	cmd.Flags().StringVar(&project, "for-project", "", "`id` of the queue's project")
	cmd.Flags().StringVar(&endpoint, "for-endpoint", "", "`URL` at which the receiver reaches the service")
	cmd.Flags().StringVar(&paths, "paths", paths, "what it is for, a comma-separated `list` of messages, subscriptions, claims")
	cmd.Flags().StringVar(&methods, "methods", methods, "HTTP methods that it allows, a comma-separated `list`")
	cmd.Flags().Var(&ttl, "ttl-seconds", "how long it is valid, in `seconds`")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		key, err := signingKey(keyFile)
		if err != nil {
			return err
		}
		if project == "" {
			return badUsage("--for-project is missing: a signed URL belongs to a project")
		}
		grant := auth.Grant{
			Endpoint: endpoint, Project: project, Methods: commaSeparated(strings.ToUpper(methods)),
			Expires: time.Now().Add(time.Duration(ttl)),
		}
		for _, path := range commaSeparated(paths) {
			grant.Paths = append(grant.Paths, "/v2/queues/"+args[0]+"/"+path)
		}
		signed, err := auth.Sign(key, grant)
		if err != nil {
			return badUsage("%v", err)
		}
		fmt.Fprintln(app.Out, signed.Reveal())
		return nil
	}
	return cmd
}

func addSigningKey(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "secret-key-file", "", "the key is in this `file` (default: it is in "+secretKeyVariable+")")
}

// signingKey returns the servers' key.
func signingKey(file string) (string, error) {
	f := serveFlags{secretKeyFile: file}
	key, err := f.key()
	if err == nil && key == "" {
		return "", badUsage("there is no key: use --secret-key-file or set %s", secretKeyVariable)
	}
	return key, err
}
