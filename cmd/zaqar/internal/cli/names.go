package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// queueArguments are the arguments that name queues.
var queueArguments = []string{"QUEUE", "FROM", "TO"}

// checkNames checks the arguments that name queues and files, before anything is done: the
// library checks a queue when its turn comes, and then others may be deleted already.
func checkNames(names, args []string) error {
	for i, arg := range args {
		name := strings.Trim(names[min(i, len(names)-1)], "[.]")
		switch {
		case slices.Contains(queueArguments, name):
			if err := checkQueueName(name, arg); err != nil {
				return err
			}
		case name == "FILE" && arg == "":
			return badUsage("FILE is empty; it must be the name of a file")
		}
	}
	return nil
}

// checkQueueName checks the name of a queue by the library's rule. what is what errors call
// it.
func checkQueueName(what, name string) error {
	const legal = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
	switch {
	case name == "":
		return badUsage("%s is empty; it must be the name of a queue", what)
	case name == "." || name == "..":
		return badUsage("%s cannot be %q, because that can lead to another path", what, name)
	case len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(legal, r) }):
		return badUsage("%s cannot be %s; the name of a queue has 1 to 64 of the characters A-Z a-z 0-9 _ - and the dot", what, shown(name))
	}
	return nil
}

// refuseEmpty refuses a command's own flags that name a queue or a file and are given as
// "", as from a variable of the shell that is not set. Without it they would have no effect.
func refuseEmpty(cmd *cobra.Command) (err error) {
	cmd.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if err != nil || !flag.Changed {
			return
		}
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		what, _ := pflag.UnquoteUsage(flag)
		for _, value := range values {
			switch {
			case what == "queue" && flag.Name != "marker": // a marker may come from a listing that has none
				err = checkQueueName("--"+flag.Name, value)
			case what == "file" && value == "":
				err = badUsage("--%s is empty; it must be the name of a file", flag.Name)
			}
			if err != nil {
				return
			}
		}
	})
	return err
}

// deleteEach deletes things one after another. If one fails behind others, the error says how
// many are deleted, and is no wrong command line, behind which nothing was done.
func deleteEach(names []string, many string, do func(name string) error) error {
	for i, name := range names {
		if err := do(name); err != nil && i > 0 {
			return &incompleteError{fmt.Sprintf("deleted %d of %d %s; %v", i, len(names), many, err), err}
		} else if err != nil {
			return err
		}
	}
	return nil
}
