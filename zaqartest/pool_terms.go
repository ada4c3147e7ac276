package zaqartest

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// poolTerms is what an administrator says about a pool. What is nil was not said.
type poolTerms struct {
	uri, flavor *string
	weight      *int64
	options     json.RawMessage
}

func (t poolTerms) apply(p pool) pool {
	if t.uri != nil {
		p.URI = *t.uri
	}
	if t.weight != nil {
		p.Weight = *t.weight
	}
	if t.flavor != nil {
		p.Flavor = t.flavor
	}
	if t.options != nil {
		p.Options = t.options
	}
	return p
}

// parsePool reads the body of a new pool or of a change; flavored says that a
// flavor can be named.
func parsePool(document []byte, isNew, flavored bool) (poolTerms, error) {
	var terms poolTerms
	fields, err := object(document)
	if err != nil {
		return terms, invalidDocument("A pool must be an object.")
	}
	said := 0
	for name, value := range fields {
		switch name {
		case "uri":
			terms.uri, err = shortText(name, value)
			if err == nil {
				err = checkPoolURI(*terms.uri)
			}
		case "weight":
			terms.weight, err = poolWeight(value)
		case "flavor":
			terms.flavor, err = shortText(name, value)
			if !flavored {
				said--
			}
		case "options":
			if terms.options = value; !isObject(value) {
				err = invalidDocument("The options of a pool must be an object.")
			}
		default:
			said--
			if isNew {
				err = invalidDocument("A pool has no %q.", name)
			}
		}
		if err != nil {
			return terms, err
		}
		said++
	}
	switch {
	case isNew && (terms.uri == nil || terms.weight == nil):
		return terms, invalidDocument("A pool must have a uri and a weight.")
	case said == 0:
		return terms, invalidDocument("There is nothing to change.")
	case !flavored:
		terms.flavor = nil
	}
	return terms, nil
}

func shortText(name string, value json.RawMessage) (*string, error) {
	content, ok := text(value)
	if !ok || utf8.RuneCountInString(content) > 255 {
		return nil, invalidDocument("The %s of a pool must be a string of at most 255 characters.", name)
	}
	return &content, nil
}

// checkPoolURI stands for the attempt to connect.
func checkPoolURI(uri string) error {
	if kind, rest, _ := strings.Cut(uri, "://"); poolKinds[strings.ToLower(kind)] == nil || rest == "" {
		return invalidDocument("cannot connect to %s", uri)
	}
	return nil
}

// poolWeight reads a weight. Unlike elsewhere, the two booleans are no integers.
func poolWeight(value json.RawMessage) (*int64, error) {
	n, ok := integer(value)
	if !ok || isBool(value) || n < 0 || n > 1<<32-1 {
		return nil, invalidDocument("The weight of a pool must be an integer from 0 to 4294967295.")
	}
	return &n, nil
}

// checkAdminName refuses names of pools and flavors that no database takes.
func checkAdminName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > maxQueueName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return invalidRequest("The name of a pool or a flavor is 1 to %d printable characters.", maxQueueName)
	}
	return nil
}

// parseFlavor reads the body of a new flavor, which has nothing that nobody
// knows, or of a change.
func parseFlavor(document []byte, isNew bool) ([]string, error) {
	fields, err := object(document)
	if err != nil {
		return nil, invalidDocument("A flavor must be an object.")
	}
	for name, value := range fields {
		switch {
		case name == "pool_list" || !isNew:
		case name != "capabilities":
			return nil, invalidDocument("A flavor has no %q.", name)
		case !isObject(value):
			return nil, invalidDocument("The capabilities of a flavor must be an object.")
		}
	}
	items, err := array(fields["pool_list"])
	if err != nil {
		return nil, invalidDocument("A flavor must have a pool_list, which is an array.")
	}
	var names []string
	for _, item := range items {
		name, ok := text(item)
		if !ok {
			name = string(item) // which is the name of no pool
		}
		names = append(names, name)
	}
	return names, nil
}
