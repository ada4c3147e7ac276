package cli

import (
	"slices"

	"github.com/spf13/pflag"
)

// groupKey is the annotation of a flag that names its group.
const groupKey = "group"

// flagGroup is a part of the flags that help shows below a title of its own.
type flagGroup struct {
	Title string
	Flags *pflag.FlagSet
}

// inGroup puts flags, which exist, below a title.
func inGroup(flags *pflag.FlagSet, title string, names ...string) {
	for _, name := range names {
		_ = flags.SetAnnotation(name, groupKey, []string{title}) // fails for a flag that does not exist only
	}
}

// flagGroups are the groups of a command's flags, in the order of their first
// flags. Flags without a group are "Flags", and come first; of them --help.
func flagGroups(flags *pflag.FlagSet) []flagGroup {
	groups := []flagGroup{{Title: "Flags", Flags: newGroup()}}
	flags.VisitAll(func(f *pflag.Flag) {
		title := "Flags"
		if named := f.Annotations[groupKey]; len(named) > 0 {
			title = named[0]
		}
		at := slices.IndexFunc(groups, func(g flagGroup) bool { return g.Title == title })
		if at < 0 {
			at = len(groups)
			groups = append(groups, flagGroup{Title: title, Flags: newGroup()})
		}
		groups[at].Flags.AddFlag(f)
	})
	return groups
}

func newGroup() *pflag.FlagSet {
	group := pflag.NewFlagSet("", pflag.ContinueOnError)
	group.SortFlags = false
	return group
}
