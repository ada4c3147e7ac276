package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// usersVariable is the variable with users, one a line, for those who want their
// passwords neither in a file nor in the list of processes.
const usersVariable = "ZAQAR_USERS"

// readUsers returns the users of the flags, of the file and of the environment.
func (f *serveFlags) readUsers() ([]zaqartest.User, error) {
	texts := f.users
	if f.userFile != "" {
		content, err := os.ReadFile(f.userFile)
		if err != nil {
			return nil, fmt.Errorf("--user-file: %w", err)
		}
		lines := userLines(string(content))
		if len(lines) == 0 {
			return nil, fmt.Errorf("--user-file: %s has no users", f.userFile)
		}
		texts = append(texts, lines...)
	}
	texts = append(texts, userLines(os.Getenv(usersVariable))...)
	users := make([]zaqartest.User, len(texts))
	for i, text := range texts {
		var err error
		if users[i], err = parseUser(text); err != nil {
			return nil, err
		}
	}
	return users, nil
}

// userLines returns the lines that are users. Empty lines and lines that begin with # are
// not.
func userLines(content string) []string {
	var lines []string
	for line := range strings.Lines(content) {
		line = strings.TrimRight(line, "\r\n")
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// parseUser reads NAME:PASSWORD:PROJECT[:ROLE,…]. Its error does not contain the text,
// which includes a password.
func parseUser(text string) (zaqartest.User, error) {
	fields := strings.Split(text, ":")
	if len(fields) != 3 && len(fields) != 4 {
		return zaqartest.User{}, badUsage("a user must be NAME:PASSWORD:PROJECT or NAME:PASSWORD:PROJECT:ROLE,…; one has %d parts", len(fields))
	}
	for i, part := range []string{"name", "password", "project"} {
		if fields[i] == "" {
			return zaqartest.User{}, badUsage("a user has an empty %s; it must be NAME:PASSWORD:PROJECT[:ROLE,…]", part)
		}
	}
	user := zaqartest.User{Name: fields[0], Password: fields[1], Project: fields[2]}
	if len(fields) == 4 {
		user.Roles = strings.Split(fields[3], ",")
	}
	return user, nil
}

// warnOfSecrets tells that the command line shows secrets.
func (f *serveFlags) warnOfSecrets(streams *Streams) {
	if len(f.users) > 0 {
		fmt.Fprintf(streams.Err, "zaqar: warning: other users of this machine can see the passwords of --user in the list of processes; use --user-file or %s\n", usersVariable)
	}
	if f.secretKey != "" {
		fmt.Fprintf(streams.Err, "zaqar: warning: other users of this machine can see --secret-key in the list of processes; use --secret-key-file or %s\n", secretKeyVariable)
	}
}
