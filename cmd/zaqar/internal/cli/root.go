// Package cli is the command line zaqar. It has one constructor for each command. All
// commands read and write through [Streams].
package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zaqar-go/zaqar"
)

// Main runs the command line and returns its exit code. Results go to out,
// everything else to errOut.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	// When a reader goes away (zaqar tour | head), a write then fails instead of ending
	// the program, so that the tour can still clean up.
	signal.Ignore(syscall.SIGPIPE)

	streams := NewStreams(in, out, errOut)
	app := NewApp(streams)
	root := NewCmdRoot(app)
	root.SetArgs(args)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		app.addFlagCompletions(root) // takes milliseconds, which other commands need not spend
	}
	command, err := root.ExecuteC()
	if err == nil {
		// cobra does not check whether help and version could be printed.
		err = streams.Out.Err()
	}
	return report(streams, command, err)
}

// commands are the constructors of all commands, in the order of help.
var commands = []func(*App) *cobra.Command{
	NewCmdQueue,
	NewCmdMessage,
	NewCmdClaim,
	NewCmdSubscription,
	NewCmdTopic,
	NewCmdSignedURL,
	NewCmdPool,
	NewCmdFlavor,
	NewCmdPost,
	NewCmdTail,
	NewCmdPeek,
	NewCmdDump,
	NewCmdLoad,
	NewCmdPing,
	NewCmdHealth,
	NewCmdHomeDoc,
	NewCmdConsume,
	NewCmdDead,
	NewCmdMove,
	NewCmdDoctor,
	NewCmdTour,
	NewCmdServe,
	NewCmdCompletion,
	NewCmdVersion,
}

// NewCmdRoot returns the command zaqar with its subcommands.
func NewCmdRoot(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "zaqar",
		Short: "OpenStack Zaqar message queues, in Go",
		Long: `zaqar works with Zaqar, OpenStack's message queues, and runs an embedded Zaqar
for tests. It signs in with the OS_* variables or the clouds.yaml that you use
for the openstack command, and has its commands: "openstack messaging queue
list" is "zaqar queue list".

Exit codes:
  0  it worked
  1  it failed in another way than those below
  2  the command line is wrong, and nothing was done
  3  not signed in, or not allowed
  4  there is no such queue, message, …
  5  the state is another than the command needs, or a claim was lost
  6  the service cannot be reached, or cannot answer
  128 plus a signal's number, such as 130 after Ctrl-C`,
		Example: `  zaqar tour                      try the library on an embedded server
  zaqar --os-cloud devstack ping  is the Zaqar of this cloud there?
  zaqar queue list                with the variables of an openrc file
  zaqar serve                     run an embedded server`,
		Version:                    zaqar.Release,
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true, // report prints them
		SilenceUsage:               true,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true}, // there is one of our own
		Args:                       noSuchCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return cmp.Or(app.global.refuseIdle(cmd), refuseEmpty(cmd))
		},
	}
	cmd.SetIn(app.In)
	cmd.SetOut(silently{app.Out})
	cmd.SetErr(app.Err)
	cmd.SetFlagErrorFunc(flagError)
	cobra.AddTemplateFunc("flagGroups", flagGroups)
	cobra.AddTemplateFunc("wrapped", wrapped)
	cmd.SetUsageTemplate(usageTemplate)
	cmd.SetHelpTemplate(helpTemplate)
	cmd.SetVersionTemplate(versionText())
	cmd.SetHelpCommand(&cobra.Command{Use: "help", Hidden: true, RunE: func(cmd *cobra.Command, args []string) error {
		about, rest, err := cmd.Root().Find(args)
		if err != nil || len(rest) > 0 {
			return badUsage("there is no command %s", shown(strings.Join(args, " ")))
		}
		return about.Help()
	}})
	cmd.Flags().SortFlags = false
	app.global.add(cmd)
	app.global.addCompletions(cmd)
	for _, command := range commands {
		cmd.AddCommand(command(app))
	}
	return cmd
}

// noSuchCommand is the Args of commands that only have subcommands.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := "there is no command " + shown(args[0])
	if cmd.HasParent() {
		text = cmd.CommandPath() + " has no command " + shown(args[0])
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return &usageError{text: text}
}

// flagError returns the error of a wrong flag. Where a flag has a similar name, it says so.
func flagError(cmd *cobra.Command, err error) error {
	// zaqar queue get jobs -f json: the mistake is not the flag.
	if args := cmd.Flags().Args(); cmd.HasAvailableSubCommands() && len(args) > 0 {
		return noSuchCommand(cmd, args)
	}
	text := err.Error()
	if missing, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
		if near := nearest(missing.GetSpecifiedName(), names); near != "" && missing.GetSpecifiedShortnames() == "" {
			text += "; did you mean --" + near + "?"
		}
	}
	return &usageError{text: text}
}

// NewCmdVersion returns the command zaqar version.
func NewCmdVersion(app *App) *cobra.Command {
	return &cobra.Command{
		Use:         "version",
		Short:       "Print the version",
		Args:        noArguments,
		Annotations: map[string]string{offline: "true"},
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprint(app.Out, versionText())
			return nil
		},
	}
}

func versionText() string {
	return fmt.Sprintf("zaqar %s (%s, %s/%s)\n", zaqar.Release, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return badUsage("%s takes no arguments, only flags; remove %s", cmd.CommandPath(), shown(args[0]))
	}
	return nil
}

// shown quotes an argument for an error. Arguments that may hold a password, such as a URL
// without its flag, are not shown.
func shown(argument string) string {
	if strings.ContainsAny(argument, ":@") {
		return "the argument (not shown: it may hold a password)"
	}
	return strconv.Quote(argument)
}

// helpTemplate is cobra's template with wrapped lines.
const helpTemplate = `{{with or .Long .Short}}{{wrapped .}}

{{end}}{{.UsageString}}`

// usageTemplate is cobra's template without the parts that are not used here, and with
// groups of flags.
const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND [flags]{{else}}{{.UseLine}}{{end}}
{{- if .HasAvailableSubCommands}}

Commands:
{{- range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- if .HasAvailableLocalFlags}}{{range flagGroups .LocalFlags}}

{{.Title}}:
{{.Usages | trimTrailingWhitespaces}}{{end}}{{end}}
{{- if .HasParent}}

"{{.Root.Name}} --help" lists the options of all commands, such as --os-cloud.{{end}}
{{- if .HasAvailableSubCommands}}

Run "{{.CommandPath}} COMMAND --help" for more about a command.{{end}}
`
