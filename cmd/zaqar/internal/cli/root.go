// Package cli is the command line zaqar. It has one constructor for each command. All
// commands read and write through [Streams].
package cli

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
)

// The exit codes. After a signal, the code is 128 plus the signal's number, as in a
// shell: 130 after Ctrl-C, 143 after SIGTERM.
const (
	exitOK     = 0
	exitFailed = 1 // the command failed
	exitUsage  = 2 // the command line is wrong, and nothing was done
)

// Main runs the command line and returns its exit code. Results go to out,
// everything else to errOut.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	// When a reader goes away (zaqar tour | head), a write then fails instead of ending
	// the program, so that the tour can still clean up.
	signal.Ignore(syscall.SIGPIPE)

	streams := NewStreams(in, out, errOut)
	root := NewCmdRoot(streams)
	root.SetArgs(args)
	command, err := root.ExecuteC()
	if err == nil {
		// cobra does not check whether help and version could be printed.
		err = streams.Out.Err()
	}
	return report(streams, command, err)
}

// report prints an error and returns the exit code.
func report(streams *Streams, command *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	if stop, ok := errors.AsType[*interrupted](err); ok {
		return exitSignal(stop.signal)
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitSignal(syscall.SIGPIPE)
	}
	// The library's errors start with its name already.
	fmt.Fprintln(streams.Err, "zaqar: "+strings.TrimPrefix(err.Error(), "zaqar: "))
	if _, ok := errors.AsType[*usageError](err); ok {
		if command.Hidden {
			command = command.Root()
		}
		fmt.Fprintf(streams.Err, "Run \"%s --help\" for usage.\n", command.CommandPath())
		return exitUsage
	}
	return exitFailed
}

// usageError reports a wrong command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func badUsage(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

// NewCmdRoot returns the command zaqar with its subcommands.
func NewCmdRoot(streams *Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "zaqar",
		Short: "OpenStack Zaqar message queues, in Go",
		Long: `zaqar-go is a Go client library for Zaqar, OpenStack's message queues, with an
embedded server for tests. This command demonstrates both.`,
		Example: `  zaqar tour                      try the library on an embedded server
  zaqar tour --os-cloud devstack  try it on a cloud of your clouds.yaml
  zaqar serve                     run an embedded server`,
		Version:                    zaqar.Release,
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true, // report prints them
		SilenceUsage:               true,
		CompletionOptions:          cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			text := "there is no command " + shown(args[0])
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				text += "; did you mean " + strings.Join(near, " or ") + "?"
			}
			return &usageError{text: text}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetIn(streams.In)
	cmd.SetOut(streams.Out)
	cmd.SetErr(streams.Err)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{text: err.Error()} })
	cobra.AddTemplateFunc("flagGroups", flagGroups)
	cmd.SetUsageTemplate(usageTemplate)
	cmd.SetVersionTemplate(versionText())
	cmd.SetHelpCommand(&cobra.Command{Use: "help", Hidden: true, RunE: func(cmd *cobra.Command, args []string) error {
		about, rest, err := cmd.Root().Find(args)
		if err != nil || len(rest) > 0 {
			return badUsage("there is no command %s", shown(strings.Join(args, " ")))
		}
		return about.Help()
	}})
	cmd.AddCommand(NewCmdTour(streams), NewCmdServe(streams), NewCmdVersion(streams))
	return cmd
}

// NewCmdVersion returns the command zaqar version.
func NewCmdVersion(streams *Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprint(streams.Out, versionText())
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
{{- if .HasAvailableSubCommands}}

Run "{{.CommandPath}} COMMAND --help" for more about a command.{{end}}
`
