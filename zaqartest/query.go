package zaqartest

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// parseQuery reads a query as Zaqar does: an unescaped comma begins another value,
// and a wrong escape stands for itself.
func parseQuery(raw string) url.Values {
	query := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, values, _ := strings.Cut(pair, "=")
		for value := range strings.SplitSeq(values, ",") {
			if value != "" {
				query.Add(unescaped(name), unescaped(value))
			}
		}
	}
	return query
}

func unescaped(text string) string {
	if out, err := url.QueryUnescape(text); err == nil {
		return out
	}
	return strings.ReplaceAll(text, "+", " ")
}

// lastValue returns a parameter as Zaqar sees it: the last value that is not empty.
func lastValue(query url.Values, name string) string {
	values := query[name]
	for i := len(values) - 1; i >= 0; i-- {
		if values[i] != "" {
			return values[i]
		}
	}
	return ""
}

// listValue returns a parameter that is a list.
func listValue(query url.Values, name string) []string {
	return slices.DeleteFunc(slices.Clone(query[name]), func(s string) bool { return s == "" })
}

// flag reads a boolean parameter in the spellings that Zaqar knows.
func flag(query url.Values, name string) (bool, error) {
	switch lastValue(query, name) {
	case "true", "True", "yes", "on", "1":
		return true, nil
	case "", "false", "False", "no", "off", "0":
		return false, nil
	}
	return false, badRequest("Invalid parameter", "The parameter "+name+" is neither true nor false.")
}

// count reads a number from 1 to most. It returns fallback if the parameter is
// missing.
func count(query url.Values, name string, most, fallback int) (int, error) {
	value := lastValue(query, name)
	if value == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(value)) // a plus sign is a space here
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, badRequest("Invalid parameter", "The parameter "+name+" is not an integer.")
	}
	if err != nil || n < 1 || n > most {
		return 0, invalid("The parameter %s must be from 1 to %d.", name, most)
	}
	return n, nil
}

// looseCount reads a number without bounds. It returns fallback if the parameter is
// missing.
func looseCount(query url.Values, name string, fallback int) (int, error) {
	value := lastValue(query, name)
	if value == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil {
		return 0, badRequest("Invalid parameter", "The parameter "+name+" is not an integer.")
	}
	return n, nil
}

// nextLink returns the link to the page after marker: the same request with that
// marker, unless it is "", and with the known parameters only. If known is nil, all
// are kept.
func nextLink(path string, query url.Values, known []string, marker string) link {
	next := url.Values{}
	for name := range query {
		if value := lastValue(query, name); value != "" && (known == nil || slices.Contains(known, name)) {
			next.Set(name, value)
		}
	}
	if marker != "" {
		next.Set("marker", marker)
	}
	if len(next) > 0 {
		path += "?" + next.Encode()
	}
	return link{Rel: "next", Href: path}
}

// link is an element of a listing's links.
type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

// setBool writes a boolean parameter as Zaqar does.
func setBool(query url.Values, name string, value bool) {
	query.Set(name, strconv.FormatBool(value))
}
