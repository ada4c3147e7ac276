package broker

import "fmt"

// Invalid is the error for a request that breaks a rule of Zaqar. The caller is told
// the title and the text.
type Invalid struct{ Title, Text string }

// Error implements error.
func (i *Invalid) Error() string { return i.Title + ": " + i.Text }

// invalid is the error for a request that breaks a rule of the API.
func invalid(format string, args ...any) error {
	return &Invalid{"Invalid API request", fmt.Sprintf(format, args...)}
}

// invalidBody is the error for a body that is not of the expected form.
func invalidBody(format string, args ...any) error {
	return &Invalid{"Invalid request body", fmt.Sprintf(format, args...)}
}
