package broker

import "regexp"

var queueNameForm = regexp.MustCompile(`^[a-zA-Z0-9_\-.]+$`)

// ValidQueueName reports whether a queue can have this name.
func ValidQueueName(name string) bool {
	return len(name) <= maxQueueName && queueNameForm.MatchString(name)
}

// ValidProject reports whether the id of a project is short enough.
func ValidProject(id string) bool { return len(id) <= maxProjectName }
