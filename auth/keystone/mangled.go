package keystone

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// secretKeys are settings whose value may be anything.
var secretKeys = []string{"password", "passcode", "token", "auth_token", "application_credential_secret"}

const (
	quoted = " is in quotes, which belong to its value: a file for docker's --env-file must not have them"
	spaced = " begins or ends with a space"
	broken = " has a line break: the file it comes from may have Windows line ends"
)

// mangled returns an error that names the variables that were used and whose value was
// changed on its way: files for --env-file keep quotes and carriage returns. A secret may
// be in quotes.
func (s settings) mangled() error {
	var problems []string
	for _, key := range slices.Sorted(maps.Keys(s.used)) {
		v := s.values[key]
		if !v.env {
			continue
		}
		secret := slices.Contains(secretKeys, key)
		switch {
		case strings.ContainsAny(v.text, "\r\n"):
			problems = append(problems, v.label+broken)
		case inQuotes(v.text) && !secret:
			problems = append(problems, v.label+quoted)
		case strings.TrimSpace(v.text) != v.text && !secret:
			problems = append(problems, v.label+spaced)
		}
	}
	if problems == nil {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}

// suspects describes the secrets in quotes. They may be right, so they are mentioned only
// when Keystone refuses them.
func (s settings) suspects() []string {
	var found []string
	for _, key := range secretKeys {
		if v := s.values[key]; s.used[key] && v.env && inQuotes(v.text) {
			found = append(found, v.label+quoted)
		}
	}
	return found
}

func inQuotes(text string) bool {
	return len(text) > 1 && text[0] == text[len(text)-1] && (text[0] == '"' || text[0] == '\'')
}
