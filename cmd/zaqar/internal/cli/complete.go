package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
	"github.com/zaqar-go/zaqar/auth/keystone"
)

const (
	// completionTime limits the requests of a completion: somebody waits at a prompt.
	completionTime = 3 * time.Second
	// completions is how many names a completion has at most.
	completions = 200
)

// complete returns the names of the things that an argument stands for. Errors are not
// shown: they would garble the prompt.
func (a *App) complete(cmd *cobra.Command, argument string, args []string, begin string) ([]string, cobra.ShellCompDirective) {
	names := live[argument]
	if argument == "FILE" {
		return nil, cobra.ShellCompDirectiveDefault
	}
	if names == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(contextOf(cmd)), completionTime)
	defer cancel()
	a.global.debug, a.global.timing = false, false
	client, err := a.connect(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer func() { _ = client.Close() }()
	var found []string
	names(ctx, client, args, func(name, about string) bool {
		if strings.HasPrefix(name, begin) {
			if about != "" {
				name += "\t" + about
			}
			found = append(found, name)
		}
		return len(found) < completions
	})
	return found, cobra.ShellCompDirectiveNoFileComp
}

func contextOf(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

// live lists the names for each argument. It stops when found returns false.
var live = map[string]func(ctx context.Context, client *zaqar.Client, args []string, found func(name, about string) bool){
	"QUEUE": func(ctx context.Context, client *zaqar.Client, _ []string, found func(string, string) bool) {
		for queue, err := range client.Queues(ctx) {
			if err != nil || !found(queue.Name(), "") {
				return
			}
		}
	},
	"SUBSCRIPTION": func(ctx context.Context, client *zaqar.Client, args []string, found func(string, string) bool) {
		for subscription, err := range client.Queue(args[0]).Subscriptions(ctx) {
			if err != nil || !found(subscription.ID(), "") {
				return
			}
		}
	},
	"MESSAGE": func(ctx context.Context, client *zaqar.Client, args []string, found func(string, string) bool) {
		for message, err := range client.Queue(args[0]).Messages(ctx) {
			if err != nil || !found(message.ID(), "") {
				return
			}
		}
	},
	"POOL": func(ctx context.Context, client *zaqar.Client, _ []string, found func(string, string) bool) {
		for pool, err := range admin.New(client).Pools(ctx) {
			if err != nil || !found(pool.Name, "") {
				return
			}
		}
	},
	"FLAVOR": func(ctx context.Context, client *zaqar.Client, _ []string, found func(string, string) bool) {
		for flavor, err := range admin.New(client).Flavors(ctx) {
			if err != nil || !found(flavor.Name, "") {
				return
			}
		}
	},
	"TOPIC": func(ctx context.Context, client *zaqar.Client, _ []string, found func(string, string) bool) {
		for topic, err := range admin.New(client).Topics(ctx) {
			if err != nil || !found(topic.Name, "") {
				return
			}
		}
	},
}

// completeFlag completes the value of a flag that stands for the same as an argument.
func (a *App) completeFlag(argument string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		return a.complete(cmd, argument, args, begin)
	}
}

// fixed completes one of a few values.
func fixed(values ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	}
}

// addCompletions adds the completion of the global flags.
func (g *globalOptions) addCompletions(root *cobra.Command) {
	for name, complete := range map[string]cobra.CompletionFunc{
		"os-cloud": func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			names, _ := keystone.Clouds()
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		"os-auth-type":    fixed("password", "token", "v3applicationcredential", "none"),
		"os-interface":    fixed("public", "internal", "admin"),
		"os-system-scope": fixed("all"),
		"transport":       fixed("http", "ws"),
		"api-version":     fixed("2", "1.1", "1"),
	} {
		_ = root.RegisterFlagCompletionFunc(name, complete) // fails only if there is no such flag
	}
}

// addFlagCompletions adds the completion of the flags of cmd and of all commands below it by
// what they take: a queue, or one of a few values, which their help names.
func (a *App) addFlagCompletions(cmd *cobra.Command) {
	cmd.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		what, about := pflag.UnquoteUsage(flag)
		var complete cobra.CompletionFunc
		switch {
		case what == "queue":
			complete = a.completeFlag("QUEUE")
		case strings.Contains(what, "|"):
			complete = fixed(strings.Split(what, "|")...)
		case what == "format":
			_, formats, _ := strings.Cut(about, ": ")
			complete = fixed(strings.Split(formats, ", ")...)
		default:
			return
		}
		_ = cmd.RegisterFlagCompletionFunc(flag.Name, complete) // fails only for a flag that has one
	})
	for _, child := range cmd.Commands() {
		a.addFlagCompletions(child)
	}
}
