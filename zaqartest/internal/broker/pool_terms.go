package broker

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// PoolTerms is what an administrator sets on a pool. A nil field was not sent.
type PoolTerms struct {
	URI, Flavor *string
	Weight      *int64
	Options     json.RawMessage
}

// Apply returns a pool with the fields that were sent.
func (t PoolTerms) Apply(p Pool) Pool {
	if t.URI != nil {
		p.URI = *t.URI
	}
	if t.Weight != nil {
		p.Weight = *t.Weight
	}
	if t.Flavor != nil {
		p.Flavor = t.Flavor
	}
	if t.Options != nil {
		p.Options = t.Options
	}
	return p
}

// ParsePool reads the body of a new pool or of a change. If flavored is true, the
// body may name a flavor.
func ParsePool(document []byte, isNew, flavored bool) (PoolTerms, error) {
	var terms PoolTerms
	fields, err := rawjson.Object(document)
	if err != nil {
		return terms, invalidBody("A pool must be an object.")
	}
	said := 0
	for name, value := range fields {
		switch name {
		case "uri":
			terms.URI, err = shortText(name, value)
			if err == nil {
				err = checkPoolURI(*terms.URI)
			}
		case "weight":
			terms.Weight, err = poolWeight(value)
		case "flavor":
			terms.Flavor, err = shortText(name, value)
			if !flavored {
				said--
			}
		case "options":
			if terms.Options = value; !rawjson.IsObject(value) {
				err = invalidBody("The options of a pool must be an object.")
			}
		default:
			said--
			if isNew {
				err = invalidBody("A pool has no field %q.", name)
			}
		}
		if err != nil {
			return terms, err
		}
		said++
	}
	switch {
	case isNew && (terms.URI == nil || terms.Weight == nil):
		return terms, invalidBody("A pool must have a uri and a weight.")
	case said == 0:
		return terms, invalidBody("There is nothing to change.")
	case !flavored:
		terms.Flavor = nil
	}
	return terms, nil
}

func shortText(name string, value json.RawMessage) (*string, error) {
	content, ok := rawjson.Text(value)
	if !ok || utf8.RuneCountInString(content) > 255 {
		return nil, invalidBody("The %s of a pool must be a string of at most 255 characters.", name)
	}
	return &content, nil
}

// checkPoolURI stands in for Zaqar's attempt to connect.
func checkPoolURI(uri string) error {
	if kind, rest, _ := strings.Cut(uri, "://"); poolKinds[strings.ToLower(kind)] == nil || rest == "" {
		return invalidBody("cannot connect to %s", uri)
	}
	return nil
}

// poolWeight reads a weight. Unlike elsewhere, true and false are not integers here.
func poolWeight(value json.RawMessage) (*int64, error) {
	n, ok := rawjson.Integer(value)
	if !ok || rawjson.IsBool(value) || n < 0 || n > 1<<32-1 {
		return nil, invalidBody("The weight of a pool must be an integer from 0 to 4294967295.")
	}
	return &n, nil
}

// CheckAdminName refuses names of pools and flavors that no database accepts.
func CheckAdminName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > maxQueueName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return invalid("The name of a pool or a flavor has 1 to %d printable characters.", maxQueueName)
	}
	return nil
}

// ParseFlavor reads the pools of a new flavor or of a change. A new flavor may have
// no unknown fields.
func ParseFlavor(document []byte, isNew bool) ([]string, error) {
	fields, err := rawjson.Object(document)
	if err != nil {
		return nil, invalidBody("A flavor must be an object.")
	}
	for name, value := range fields {
		switch {
		case name == "pool_list" || !isNew:
		case name != "capabilities":
			return nil, invalidBody("A flavor has no field %q.", name)
		case !rawjson.IsObject(value):
			return nil, invalidBody("The capabilities of a flavor must be an object.")
		}
	}
	items, err := rawjson.Array(fields["pool_list"])
	if err != nil {
		return nil, invalidBody("A flavor must have a pool_list, which is an array.")
	}
	var names []string
	for _, item := range items {
		name, ok := rawjson.Text(item)
		if !ok {
			name = string(item) // the name of no pool
		}
		names = append(names, name)
	}
	return names, nil
}
