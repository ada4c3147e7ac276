package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/doctor"
)

// NewCmdDoctor returns the command zaqar doctor.
func NewCmdDoctor(app *App) *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use:   "doctor [flags]",
		Short: "Find out why the service cannot be used",
		Long: `Try, step by step, what is needed to use the service: credentials, the catalogue,
the service and its API versions, the time of a round trip, the clock, rights,
and the WebSocket. Each line says ok, note or fail, and what to do.

The exit code is 0 if all that most users need works; else it is that of the
first failure: 3 if signing in or a right is missing, 6 if something cannot be
reached. Nothing is changed, except with --write.`,
		Example: `  zaqar doctor
  zaqar doctor --os-cloud devstack --write`,
		Args: noArguments,
	}
	cmd.Flags().BoolVar(&write, "write", false, "also create a queue, use it, and delete it again")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := untilSignal(cmd.Context(), func() {})
		defer stop()
		patient, err := app.patient()
		if _, wrong := err.(*usageError); wrong { //nolint:errorlint // badUsage returns it as it is
			return err
		}
		if err != nil {
			app.tell(doctor.Finding{State: doctor.Failed, About: "credentials", Text: err.Error(), Err: err})
		} else {
			patient.Write = write
			err = doctor.Examine(ctx, patient, app.tell)
		}
		app.global.finish(app.Streams)
		if err != nil && ctx.Err() == nil {
			code, _ := classify(err)
			return exitCode(code)
		}
		return ended(ctx, err)
	}
	return cmd
}

// patient returns what the global options select.
func (a *App) patient() (doctor.Patient, error) {
	g := &a.global
	endpoint, options, err := g.target(a.Streams)
	if err != nil {
		return doctor.Patient{}, err
	}
	p := doctor.Patient{Endpoint: endpoint, WebSocket: os.Getenv("OS_MESSAGING_WEBSOCKET_ENDPOINT_OVERRIDE")}
	signed, err := g.signed(a.In)
	if err != nil {
		return p, err
	}
	var credentials auth.Authorizer = signed
	if signed.IsZero() {
		if credentials, err = g.credentials(a.Streams); err != nil {
			return p, err
		}
	}
	// One sign-in for all that follows.
	p.Credentials, p.Options = credentials, append(options, zaqar.WithAuth(credentials))
	if at := g.endpointWithoutKeystone(); g.withoutKeystone() && p.WebSocket == "" {
		p.WebSocket = asWebSocket(at)
	}
	return p, nil
}

// asWebSocket returns the URL of a WebSocket at the place of an HTTP service.
func asWebSocket(url string) string {
	if rest, ok := strings.CutPrefix(url, "http"); ok {
		return "ws" + rest
	}
	return url
}

// tell prints a finding.
func (a *App) tell(f doctor.Finding) {
	colour := map[doctor.State]style{doctor.OK: green, doctor.Note: cyan, doctor.Failed: bold}[f.State]
	text := said(f.Text)
	fmt.Fprintf(a.Out, "%s  %-11s  %s\n", a.Out.paint(colour, fmt.Sprintf("%-4s", f.State)), f.About, text)
	if f.Advice != "" {
		fmt.Fprintf(a.Out, "%19s%s\n", "", f.Advice)
	}
}
