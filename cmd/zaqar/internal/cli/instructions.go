package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// instructions is what to paste into a shell to use the server. All that is no
// command is a comment, so eval can read it.
func (f *serveFlags) instructions(server *zaqartest.Server, user zaqartest.User) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# An embedded Zaqar listens at %s\n", server.URL())
	fmt.Fprintf(&b, "# and its WebSocket at %s\n", server.WebSocketURL())
	fmt.Fprintln(&b, "# Its queues end with it; Ctrl-C ends it. In another shell:")
	if f.auth == "none" {
		fmt.Fprintf(&b, "zaqar tour --endpoint %s --project demo\n", server.URL())
		return b.String()
	}
	for _, variable := range []struct{ name, value string }{
		{"OS_AUTH_TYPE", "password"},
		{"OS_AUTH_URL", server.KeystoneURL()},
		{"OS_IDENTITY_API_VERSION", "3"},
		{"OS_USERNAME", user.Name},
		{"OS_PASSWORD", user.Password},
		{"OS_USER_DOMAIN_NAME", "Default"},
		{"OS_PROJECT_NAME", user.Project},
		{"OS_PROJECT_DOMAIN_NAME", "Default"},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", variable.name, quote(variable.value))
	}
	fmt.Fprintln(&b, "# and then: zaqar tour")
	return b.String()
}

var bare = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quote makes one word of a shell command.
func quote(text string) string {
	if bare.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
