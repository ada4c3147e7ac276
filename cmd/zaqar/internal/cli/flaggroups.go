package cli

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// groupKey is the annotation that names a flag's group.
const groupKey = "group"

// flagGroup is a group of flags, which help shows below a title.
type flagGroup struct {
	Title string
	Flags *pflag.FlagSet
}

// inGroup puts existing flags into a group.
func inGroup(flags *pflag.FlagSet, title string, names ...string) {
	for _, name := range names {
		_ = flags.SetAnnotation(name, groupKey, []string{title}) // fails only if the flag does not exist
	}
}

// usageWidth is the width of help, in columns.
const usageWidth = 80

// Usages describes the flags, wrapped.
func (g flagGroup) Usages() string { return g.Flags.FlagUsagesWrapped(usageWidth) }

// flagGroups returns the groups of a command's flags, in the order of their first flags.
// Flags without a group, such as --help, are in the group "Flags", which comes first.
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

// wrapped breaks the lines of a text at the width of help. Lines that begin with a space
// stay as they are.
func wrapped(text string) string {
	var b strings.Builder
	column := 0
	for line := range strings.Lines(strings.TrimSpace(text)) {
		if line == "\n" || strings.HasPrefix(line, " ") {
			if column > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(line)
			column = 0
			continue
		}
		for _, word := range strings.Fields(line) {
			width := len([]rune(word))
			switch {
			case column == 0:
			case column+1+width > usageWidth:
				b.WriteByte('\n')
				column = 0
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += width
		}
	}
	return strings.TrimRight(b.String(), "\n")
}
