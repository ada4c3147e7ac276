package cli

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
)

func newRoot() *cobra.Command {
	return NewCmdRoot(NewApp(NewStreams(strings.NewReader(""), io.Discard, io.Discard)))
}

// each calls visit for a command and all below it.
func each(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, child := range cmd.Commands() {
		each(child, visit)
	}
}

func TestTheHelpOfEveryCommandFitsEightyColumns(t *testing.T) {
	commands := 0
	each(newRoot(), func(cmd *cobra.Command) {
		commands++
		var b bytes.Buffer
		cmd.SetOut(&b)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > usageWidth && !strings.HasPrefix(line, "  zaqar ") {
				t.Errorf("the help of %s has a line of %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || cmd.Long != "" && !strings.HasSuffix(strings.TrimSpace(cmd.Long), ".") && !cmd.HasAvailableSubCommands() {
			t.Errorf("%s is described as %q, %q", cmd.CommandPath(), cmd.Short, cmd.Long)
		}
	})
	if commands < 50 {
		t.Errorf("there are only %d commands", commands)
	}
}

// The commands of "openstack messaging", with their options.
func TestEveryCommandOfTheOpenstackCommandExists(t *testing.T) {
	const list, show = "format column sort-column max-width fit-width noindent quote", "format column max-width fit-width noindent prefix"
	for words, flags := range map[string]string{
		"queue create":        show,
		"queue delete":        "",
		"queue list":          "marker limit detailed with_count " + list,
		"queue stats":         show,
		"queue set metadata":  "",
		"queue get metadata":  show,
		"queue purge":         "resource_types",
		"queue signed url":    "paths ttl-seconds methods " + show,
		"message post":        "client-id",
		"message list":        "message-ids limit echo include-claimed include-delayed client-id " + list,
		"claim create":        "ttl grace limit " + list,
		"claim query":         list,
		"claim renew":         "ttl grace " + list,
		"claim release":       "",
		"subscription create": "options " + show,
		"subscription update": "subscriber ttl options " + show,
		"subscription delete": "",
		"subscription show":   show,
		"subscription list":   "marker limit " + list,
		"pool create":         "flavor pool_options " + show,
		"pool show":           show,
		"pool update":         "pool_uri pool_weight flavor pool_options " + show,
		"pool delete":         "",
		"pool list":           "marker limit detailed " + list,
		"flavor create":       "pool_list " + show,
		"flavor show":         show,
		"flavor update":       "pool_list capabilities " + show,
		"flavor delete":       "",
		"flavor list":         "marker limit detailed " + list,
		"ping":                show,
		"health":              "",
		"homedoc":             "",
	} {
		cmd, rest, err := newRoot().Find(strings.Fields(words))
		if err != nil || len(rest) > 0 || cmd.HasSubCommands() {
			t.Errorf("there is no command %s", words)
			continue
		}
		for _, name := range strings.Fields(flags) {
			if cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
				t.Errorf("%s has no --%s", words, name)
			}
		}
	}
	for _, defaults := range []struct{ words, flag, want string }{
		{"claim create", "ttl", "300"},
		{"claim create", "grace", "60"},
		{"claim create", "limit", "10"},
		{"queue signed url", "paths", "messages"},
		{"queue signed url", "methods", "GET"},
	} {
		cmd, _, err := newRoot().Find(strings.Fields(defaults.words))
		if err != nil || cmd.Flags().Lookup(defaults.flag).DefValue != defaults.want {
			t.Errorf("%s --%s is not %s by default", defaults.words, defaults.flag, defaults.want)
		}
	}
}

func TestEachKindOfErrorHasItsExitCode(t *testing.T) {
	for want, failures := range map[int][]error{
		exitFailed:      {errors.New("x"), zaqar.ErrUnsupported, &zaqar.Error{Code: 400}, &zaqar.Error{Code: 500}},
		exitUsage:       {badUsage("x"), &zaqar.ArgumentError{}},
		exitRefused:     {errNotSignedIn, &signInError{cause: errors.New("x")}, auth.ErrRefused, auth.ErrExpired, auth.ErrNotCovered, &zaqar.Error{Code: 401}, &zaqar.Error{Code: 403}},
		exitNotFound:    {&zaqar.Error{Code: 404, Op: "message_get"}, exitCode(4)},
		exitConflict:    {zaqar.ErrExists, &zaqar.Error{Code: 409}, &zaqar.Error{Code: 404, Op: "claim_update"}, zaqar.ErrClaimEmpty},
		exitUnavailable: {&zaqar.Error{Code: 503}, &zaqar.Error{Err: context.DeadlineExceeded}, zaqar.ErrUnreachable, x509.HostnameError{Certificate: &x509.Certificate{}}, x509.CertificateInvalidError{}},
		128 + 13:        nil,
	} {
		for _, failure := range failures {
			for _, err := range []error{failure, fmt.Errorf("call: %w", failure)} {
				if got := report(NewStreams(nil, io.Discard, io.Discard), newRoot(), err); got != want {
					t.Errorf("after %v (%T) the exit code is %d, want %d", err, failure, got, want)
				}
			}
		}
	}
}

func TestNearestFindsWhatWasMeant(t *testing.T) {
	names := []string{"os-cloud", "os-cacert", "endpoint", "limit", "detailed"}
	for wrong, want := range map[string]string{
		"os-cluod": "os-cloud", "oscloud": "os-cloud", "endpiont": "endpoint", "limits": "limit", "detail": "detailed", "colour": "", "x": "",
	} {
		if got := nearest(wrong, names); got != want {
			t.Errorf("%s is taken for %q, want %q", wrong, got, want)
		}
	}
}

func TestAnErrorIsOneLineWithWhatToDoNext(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&zaqar.Error{Op: "message_post", Queue: "jobs", Code: 503}, "zaqar: message_post jobs: (503): Service Unavailable; try again later\n"},
		{&zaqar.Error{Op: "pool_list", Code: 403}, "zaqar: pool_list: (403): Forbidden; ask for the role, or use other credentials\n"},
		{errors.New("zaqar: x"), "zaqar: x\n"},
		{fmt.Errorf("reading: %w", errors.New("zaqar: x")), "zaqar: reading: x\n"},
		{&incompleteError{text: "1 message is stored; zaqar: x"}, "zaqar: 1 message is stored; x\n"},
		{badUsage("--limit is 0"), "zaqar: --limit is 0\nRun \"zaqar --help\" for usage.\n"},
		{&interrupted{signal: os.Interrupt}, ""},
		{exitCode(4), ""},
	} {
		var b bytes.Buffer
		report(NewStreams(nil, io.Discard, &b), newRoot(), c.err)
		if b.String() != c.want {
			t.Errorf("it prints %q, want %q", b.String(), c.want)
		}
	}
}
