package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/doctor"
)

// The exit codes. After a signal, the code is 128 plus the signal's number, as in a
// shell: 130 after Ctrl-C, 143 after SIGTERM.
const (
	exitOK          = 0
	exitFailed      = 1 // anything else
	exitUsage       = 2 // the command line is wrong, and nothing was done
	exitRefused     = 3 // not signed in, or not allowed
	exitNotFound    = 4 // there is no such thing
	exitConflict    = 5 // another state than the command needs, or a claim was lost
	exitUnavailable = 6 // the service cannot be reached or cannot answer
)

// exits says which error leads to which exit code, and what to do about it. The first row
// that matches counts.
var exits = []struct {
	kind   error
	code   int
	advice string
}{
	{zaqar.ErrClaimLost, exitConflict, "the claim has ended: claim again"},
	{zaqar.ErrClaimEmpty, exitConflict, ""},
	{zaqar.ErrExists, exitConflict, ""},
	{zaqar.ErrConflict, exitConflict, ""},
	{errNotSignedIn, exitRefused, ""},
	{zaqar.ErrUnauthorized, exitRefused, "check the credentials"},
	{auth.ErrRefused, exitRefused, ""},
	{auth.ErrNotCovered, exitRefused, ""},
	{zaqar.ErrForbidden, exitRefused, "ask for the role, or use other credentials"},
	{zaqar.ErrUnavailable, exitUnavailable, "try again later"},
	{zaqar.ErrUnreachable, exitUnavailable, "check the URL and the network"},
	{context.DeadlineExceeded, exitUnavailable, "try again later"},
	{zaqar.ErrNotFound, exitNotFound, ""},
}

// inTerminal says for a terminal what the library's errors say in Go. The pairs are what an
// error names, and the flag or command that does it here.
var inTerminal = []string{
	"Metadata.Set or Metadata.Update", `"zaqar queue set key"`,
	"Subscription.Update", `"zaqar subscription update"`,
	"use WithClientCert, or cert and key in clouds.yaml", "use --os-cert and --os-key, or cert and key in clouds.yaml",
	"with WithCACert, or cacert in clouds.yaml", "with --os-cacert, or cacert in clouds.yaml",
	"connect to the URL of HTTP, and add the WebSocket with WithWebSocket", "leave out --transport ws",
	"needs the WebSocket: use WithWebSocket, or a ws or wss endpoint", "needs the WebSocket: use --transport ws",
	"it names a Keystone trust: use keystone.Trust", "it names a Keystone trust: use --os-trust-id",
}

// report prints an error and returns the exit code.
func report(streams *Streams, command *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	if stop, ok := errors.AsType[*interrupted](err); ok {
		return exitSignal(stop.signal)
	}
	// A connection can break with the same error, which must not end in silence.
	if errors.Is(err, syscall.EPIPE) && errors.Is(streams.Out.Err(), syscall.EPIPE) {
		return exitSignal(syscall.SIGPIPE)
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	text := "zaqar: " + said(err.Error())
	code, advice := classify(err)
	if advice != "" {
		text += "; " + advice
	}
	fmt.Fprintln(streams.Err, text)
	if _, ok := errors.AsType[*usageError](err); ok {
		if command.Hidden {
			command = command.Root()
		}
		fmt.Fprintf(streams.Err, "Run \"%s --help\" for usage.\n", command.CommandPath())
	}
	return code
}

// said returns the text of an error without the name of this program, which errors of the
// library begin with, also where another text is before them.
func said(text string) string {
	text = strings.TrimPrefix(text, "zaqar: ")
	text = strings.NewReplacer(": zaqar: ", ": ", "; zaqar: ", "; ").Replace(text)
	return strings.NewReplacer(inTerminal...).Replace(text)
}

// classify returns the exit code of an error and what to do about it.
func classify(err error) (code int, advice string) {
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage, ""
	}
	if _, ok := errors.AsType[*signInError](err); ok {
		return exitRefused, ""
	}
	if _, ok := errors.AsType[*zaqar.ArgumentError](err); ok {
		return exitUsage, ""
	}
	if advice := neededSetting(err); advice != "" {
		return exitNotFound, advice
	}
	if advice := doctor.AboutCertificate(err); advice != "" {
		return exitUnavailable, advice
	}
	if isClaimed(err) {
		return exitRefused, "name its claim with --claim-id, or wait until that has ended"
	}
	for _, row := range exits {
		if errors.Is(err, row.kind) {
			return row.code, row.advice
		}
	}
	if unanswered(err) {
		return exitUnavailable, "check the URL and the network"
	}
	return exitFailed, ""
}

// neededSettings says which settings of Zaqar an operation needs that is not there without them.
var neededSettings = []struct{ op, advice string }{
	{"pool_", "this Zaqar has no pools; its operator sets pooling and admin_mode to have them"},
	{"flavor_", "this Zaqar has no flavors; its operator sets pooling and admin_mode to have them"},
	{"GET /v2/health", "this Zaqar does not tell its health; its operator sets admin_mode to have it"},
}

// neededSetting returns what to do about an operation that the service does not have: it says
// nothing but "Not Found" then, and not what was not found.
func neededSetting(err error) string {
	call, ok := errors.AsType[*zaqar.Error](err)
	if !ok || !errors.Is(err, zaqar.ErrNotFound) || call.Description != "" {
		return ""
	}
	for _, setting := range neededSettings {
		if strings.HasPrefix(call.Op, setting.op) {
			return setting.advice
		}
	}
	return ""
}

// isClaimed reports whether a message was not deleted because it is claimed. A 403 can also
// be about a role.
func isClaimed(err error) bool {
	call, ok := errors.AsType[*zaqar.Error](err)
	return ok && call.Op == "message_delete" && call.Code == http.StatusForbidden && !errors.Is(err, zaqar.ErrClaimLost) &&
		strings.Contains(call.Description, "is claimed")
}

// unanswered reports whether the network failed between a request and its answer.
func unanswered(err error) bool {
	call, fromZaqar := errors.AsType[*zaqar.Error](err)
	signIn, fromKeystone := errors.AsType[*keystone.Error](err)
	_, network := errors.AsType[net.Error](err)
	return network && (fromZaqar && call.Code == 0 || fromKeystone && signIn.Status == 0)
}

// exitCode is an error that ends a command with a code of its own and without a message,
// such as that of "queue exists".
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usageError reports a wrong command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func badUsage(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}
