package broker

import "fmt"

// Invalid is a request that breaks a rule of Zaqar. Its caller is told both the
// title and the text.
type Invalid struct{ Title, Text string }

// Error implements error.
func (i *Invalid) Error() string { return i.Title + ": " + i.Text }

// invalidRequest refuses a request that breaks a rule of the API.
func invalid(format string, args ...any) error {
	return &Invalid{"Invalid API request", fmt.Sprintf(format, args...)}
}

// invalidDocument refuses a document that is not what it should be.
func invalidBody(format string, args ...any) error {
	return &Invalid{"Invalid request body", fmt.Sprintf(format, args...)}
}
