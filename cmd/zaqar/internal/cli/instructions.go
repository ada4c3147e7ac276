package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// instructions returns the commands to paste into a shell to use the server. All other
// lines are comments, so that eval can read it. The password of a user is printed only if
// everybody knows it: journals and logs of builds keep what is printed here.
func (f *serveFlags) instructions(server *zaqartest.Server, user zaqartest.User) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The embedded Zaqar listens at %s\n", server.URL())
	fmt.Fprintf(&b, "# Its WebSocket listens at %s\n", server.WebSocketURL())
	fmt.Fprintln(&b, "# Press Ctrl-C to stop it and drop its queues. To use it, run in another shell:")
	for _, variable := range f.variables(server, user) {
		if variable.name == "OS_PASSWORD" && variable.value == "" {
			fmt.Fprintf(&b, "# Also set OS_PASSWORD to the password of %q.\n", user.Name)
			continue
		}
		fmt.Fprintf(&b, "export %s=%s\n", variable.name, quote(variable.value))
	}
	fmt.Fprintln(&b, "unset OS_CLOUD")
	fmt.Fprintln(&b, "# Then run: zaqar ping, or zaqar tour --embedded=false")
	return b.String()
}

type variable struct{ name, value string }

// variables are the variables that select the server, for this program and for others.
func (f *serveFlags) variables(server *zaqartest.Server, user zaqartest.User) []variable {
	if f.auth == "none" {
		return []variable{
			{"OS_AUTH_TYPE", "none"},
			{"OS_ENDPOINT", server.URL()},
			{"OS_PROJECT_ID", "demo"},
		}
	}
	return []variable{
		{"OS_AUTH_TYPE", "password"},
		{"OS_AUTH_URL", server.KeystoneURL()},
		{"OS_IDENTITY_API_VERSION", "3"},
		{"OS_USERNAME", user.Name},
		{"OS_PASSWORD", user.Password},
		{"OS_USER_DOMAIN_NAME", "Default"},
		{"OS_PROJECT_NAME", user.Project},
		{"OS_PROJECT_DOMAIN_NAME", "Default"},
	}
}

var bare = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quote returns text as one word of a shell command.
func quote(text string) string {
	if bare.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
