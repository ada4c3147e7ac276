package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// seen is the part of an answer that is compared: a tree of JSON values.
func (a answer) seen() map[string]any {
	out := map[string]any{"status": a.status, "body": a.document()}
	for _, name := range []string{"Location", "Content-Location", "Cache-Control", "Www-Authenticate"} {
		if value := a.header.Get(name); value != "" {
			out[name] = value
		}
	}
	if value := a.header.Get("Content-Type"); value != "" {
		kind, _, err := mime.ParseMediaType(value)
		if err != nil {
			kind = value
		}
		out["Content-Type"] = kind
	}
	if value := a.header.Get("Allow"); value != "" {
		methods := strings.Split(strings.ReplaceAll(value, " ", ""), ",")
		slices.Sort(methods)
		out["Allow"] = strings.Join(methods, " ")
	}
	return out
}

// document returns the body: a JSON value, or text if it is not JSON.
func (a answer) document() any {
	if len(a.body) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(a.body))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil || dec.More() {
		return "not JSON: " + string(a.body)
	}
	return out
}

var (
	anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	words = regexp.MustCompile(`<description>[^<]*</description>`) // in an XML error
	date  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?$`)
)

// masked replaces values that always differ: ids, by their names in the conversation;
// ages, dates and durations; the words of a description. It also sorts the parameters of
// links.
func (c *conversation) masked(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, v := range value {
			out[k] = c.masked(k, v)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, v := range value {
			out[i] = c.masked("", v)
		}
		return out
	case json.Number:
		if key == "age" || key == "seconds" {
			return "a time"
		}
		if value == "-0" {
			return json.Number("0")
		}
		if f, err := value.Float64(); err == nil && strings.ContainsAny(string(value), ".eE") {
			return strconv.FormatFloat(f, 'g', -1, 64) // 1e2 is 100.0
		}
	case string:
		return c.maskedText(key, value)
	}
	return value
}

func (c *conversation) maskedText(key, value string) string {
	switch {
	case key == "description":
		return "some words"
	case date.MatchString(value):
		return "a date"
	case c.names[value] != "":
		return "${" + c.names[value] + "}"
	}
	value = words.ReplaceAllString(value, "<description>some words</description>")
	value = strings.ReplaceAll(value, c.values["unique"], "${unique}")
	value = anyID.ReplaceAllStringFunc(value, func(id string) string {
		if name := c.names[id]; name != "" {
			return "${" + name + "}"
		}
		return "${an id}"
	})
	path, query, ok := strings.Cut(value, "?")
	if !ok || !strings.HasPrefix(path, "/v") {
		return value
	}
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return value
	}
	query, err = url.QueryUnescape(parameters.Encode())
	if err != nil {
		return value
	}
	return path + "?" + query
}

// differences returns the differences of two answers after masking, one per line.
// identical is true if they were equal even without masking.
func differences(real, ours *conversation, a, b answer) (lines []string, identical bool) {
	left, right := a.seen(), b.seen()
	if reflect.DeepEqual(left, right) {
		return nil, true
	}
	if a.status != b.status {
		return []string{fmt.Sprintf("%s, ours %s", a.summary(), b.summary())}, false
	}
	compare("", real.masked("", left), ours.masked("", right), &lines)
	return lines, false
}

// summary returns the status, with the title if it is an error.
func (a answer) summary() string {
	if document, ok := a.document().(map[string]any); ok && a.status >= 400 {
		return fmt.Sprintf("%d %v", a.status, document["title"])
	}
	return strconv.Itoa(a.status)
}

// compare walks through two trees and records where they differ.
func compare(path string, real, ours any, lines *[]string) {
	if left, ok := real.(map[string]any); ok {
		if right, ok := ours.(map[string]any); ok {
			keys := slices.Sorted(maps.Keys(left))
			for key := range right {
				if _, both := left[key]; !both {
					keys = append(keys, key)
				}
			}
			slices.Sort(keys)
			for _, key := range keys {
				at := strings.TrimPrefix(path+"."+key, ".")
				l, inLeft := left[key]
				r, inRight := right[key]
				switch {
				case !inLeft:
					*lines = append(*lines, fmt.Sprintf("%s: only ours, %v", at, r))
				case !inRight:
					*lines = append(*lines, fmt.Sprintf("%s: only theirs, %v", at, l))
				default:
					compare(at, l, r, lines)
				}
			}
			return
		}
	}
	if left, ok := real.([]any); ok {
		if right, ok := ours.([]any); ok && len(left) == len(right) {
			for i := range left {
				compare(path+"."+strconv.Itoa(i), left[i], right[i], lines)
			}
			return
		}
	}
	if !reflect.DeepEqual(real, ours) {
		*lines = append(*lines, fmt.Sprintf("%s: %v, ours %v", path, real, ours))
	}
}
