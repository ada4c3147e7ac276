package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// NewCmdCompletion returns the command zaqar completion.
func NewCmdCompletion(app *App) *cobra.Command {
	shells := map[string]func(root *cobra.Command) error{
		"bash":       func(root *cobra.Command) error { return root.GenBashCompletionV2(app.Out, true) },
		"zsh":        func(root *cobra.Command) error { return root.GenZshCompletion(app.Out) },
		"fish":       func(root *cobra.Command) error { return root.GenFishCompletion(app.Out, true) },
		"powershell": func(root *cobra.Command) error { return root.GenPowerShellCompletionWithDesc(app.Out) },
	}
	names := slices.Sorted(maps.Keys(shells))
	cmd := &cobra.Command{
		Use:   "completion",
		Short: "Print a script that completes commands in your shell",
		Long: `Print a script that completes commands, flags, and the names of queues, pools,
flavors and clouds, for bash, zsh, fish or PowerShell.

Names are asked for as you type, with your credentials. --token-cache makes
that fast.`,
		Example: `  # bash, with the package bash-completion: for this shell, and for all
  source <(zaqar completion bash)
  zaqar completion bash > ~/.local/share/bash-completion/completions/zaqar
  # zsh; the folder must be in $fpath
  zaqar completion zsh > "${fpath[1]}/_zaqar"
  # fish
  zaqar completion fish > ~/.config/fish/completions/zaqar.fish
  # PowerShell
  zaqar completion powershell | Out-String | Invoke-Expression`,
		Annotations: map[string]string{offline: "true"},
	}
	app.takes(cmd, "SHELL")
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		generate, ok := shells[args[0]]
		if !ok {
			return badUsage("SHELL is %s; it must be one of %s", shown(args[0]), strings.Join(names, ", "))
		}
		return generate(cmd.Root())
	}
	return cmd
}
