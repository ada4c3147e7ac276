package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// Redacted is the text that a secret prints as.
const Redacted = "[redacted]"

// Secret holds a token, a password or a signature. It prints as [Redacted] with every
// verb of fmt, in JSON and text encodings and in slog. Only [Secret.Reveal] returns the
// value. The zero Secret is empty.
type Secret struct {
	// The value is behind a function because fmt ignores String on unexported fields
	// and prints them by reflection, which cannot look into a function.
	reveal func() string
}

// NewSecret wraps a value. An empty value gives the zero Secret.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return value }}
}

// Reveal returns the value.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.reveal == nil }

// String returns [Redacted], or "" for an empty secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return Redacted
}

// Format prints what String returns, whatever the verb and flags.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText encodes what String returns, so that JSON, YAML and the like never
// contain the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue logs what String returns.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
