package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// takes sets the arguments of a command, such as "QUEUE" and "CLAIM": their number, their
// names in help and errors, and their completion. The last one may end in "..." for one or
// more, and those in brackets may be left out.
func (a *App) takes(cmd *cobra.Command, names ...string) {
	cmd.Use += " " + strings.Join(names, " ")
	cmd.DisableFlagsInUseLine = false
	least, most := 0, len(names)
	for _, name := range names {
		if !strings.HasPrefix(name, "[") {
			least++
		}
		if strings.HasSuffix(name, "...") {
			most = -1
		}
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return badUsage("%s needs %s; %s is missing", cmd.CommandPath(), strings.Join(names, " "), strings.TrimSuffix(names[len(args)], "..."))
		case most >= 0 && len(args) > most:
			return badUsage("%s takes %s; remove %s, or put it in quotes with the argument before it", cmd.CommandPath(), strings.Join(names, " "), shown(args[most]))
		}
		return checkNames(names, args)
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		at := len(args)
		if at >= len(names) {
			if most >= 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			at = len(names) - 1
		}
		return a.complete(cmd, strings.Trim(names[at], "[.]"), args, begin)
	}
}

// group returns a command that only has subcommands.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:                        use,
		Short:                      short,
		Args:                       noSuchCommand,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(commands...)
	return cmd
}

// maxArgument bounds what is read from a file in place of an argument.
const maxArgument = 64 << 20

// jsonArgument reads an argument that is JSON into v. Numbers keep their digits. "@FILE"
// reads it from a file, and "-" from standard input. name is what errors call it.
func (a *App) jsonArgument(name, argument string, v any) error {
	raw, err := a.textArgument(name, argument)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return badUsage("%s is not valid: %s", name, explained(err))
	}
	if decoder.More() {
		return badUsage("%s has text after its JSON value", name)
	}
	return nil
}

// textArgument returns an argument, or what "@FILE" or "-" stand for.
func (a *App) textArgument(name, argument string) ([]byte, error) {
	from := a.In
	switch file, ok := strings.CutPrefix(argument, "@"); {
	case ok:
		opened, err := os.Open(file) //nolint:gosec // the user names the file
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		defer func() { _ = opened.Close() }()
		from = opened
	case argument != "-":
		return []byte(argument), nil
	}
	raw, err := io.ReadAll(io.LimitReader(from, maxArgument+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(raw) > maxArgument {
		return nil, fmt.Errorf("%s has more than 64 MiB", name)
	}
	return raw, nil
}

// explained says what is wrong with JSON. It does not name Go's types.
func explained(err error) string {
	switch e := err.(type) { //nolint:errorlint // json wraps none of its errors
	case *json.UnmarshalTypeError:
		what := "a " + e.Value
		if strings.IndexByte("aeiou", e.Value[0]) >= 0 {
			what = "an " + e.Value
		}
		if e.Field != "" {
			return fmt.Sprintf("%s cannot be %s", e.Field, what)
		}
		return "it cannot be " + what
	case *json.SyntaxError:
		return fmt.Sprintf("at byte %d: %v", e.Offset, e)
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF { //nolint:errorlint // json returns these as they are
		return "it ends too early; it must be JSON"
	}
	return err.Error()
}

// seconds is a duration as the value of a flag: a number of seconds, or a duration such as
// 5m.
type seconds time.Duration

// Set implements pflag.Value.
func (s *seconds) Set(text string) error {
	if number, err := time.ParseDuration(text + "s"); err == nil && !strings.ContainsAny(text, "hmnuµ.") {
		*s = seconds(number)
		return nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed%time.Second != 0 {
		return fmt.Errorf("it must be whole seconds, such as 300 or 5m")
	}
	*s = seconds(parsed)
	return nil
}

// String implements pflag.Value.
func (s *seconds) String() string {
	if *s == 0 {
		return ""
	}
	return fmt.Sprint(int64(time.Duration(*s) / time.Second))
}

// Type implements pflag.Value.
func (s *seconds) Type() string { return "seconds" }

// whole returns the whole seconds of a duration.
func whole(d time.Duration) int64 { return int64(d / time.Second) }

// orNil returns nil for "", so that it prints as null.
func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// commaSeparated splits the value of a flag. "" has no parts.
func commaSeparated(text string) []string {
	if text == "" {
		return nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// addYes adds the flag that skips the question before something is deleted.
func addYes(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}

// counted names what a command works on: the only name, or how many there are.
func counted(names []string, one, many string) string {
	if len(names) == 1 {
		return one + " " + names[0]
	}
	return fmt.Sprintf("%d %s", len(names), many)
}

// pageFlags are the flags that choose a part of a listing.
type pageFlags struct {
	marker string
	limit  int
	cmd    *cobra.Command
}

func (p *pageFlags) add(cmd *cobra.Command, many, one string) {
	p.cmd = cmd
	cmd.Flags().StringVar(&p.marker, "marker", "", "begin after this `"+one+"`")
	cmd.Flags().IntVar(&p.limit, "limit", 0, "at most `n` "+many+" in all (default: all)")
}

func (p *pageFlags) check() error {
	if p.cmd.Flags().Changed("limit") && p.limit < 1 {
		return badUsage("--limit is %d; it must be at least 1", p.limit)
	}
	return nil
}
