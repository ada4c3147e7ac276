package zaqartest

import (
	"strconv"
	"strings"
)

// quality returns how much an Accept header wants a media type, from 0 (not at all)
// to 1. The most specific of the matching ranges decides.
func quality(accept, mediaType string) float64 {
	if strings.TrimSpace(accept) == "" {
		return 1
	}
	main, _, _ := strings.Cut(mediaType, "/")
	best, result := -1, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(item, ";")
		var fit int
		switch strings.ToLower(strings.TrimSpace(name)) {
		case mediaType:
			fit = 2
		case main + "/*":
			fit = 1
		case "*/*":
			fit = 0
		default:
			continue
		}
		if fit > best {
			best, result = fit, weight(params)
		}
	}
	return result
}

// weight reads the q of a media range.
func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, "q") {
			if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && q >= 0 && q <= 1 {
				return q
			}
		}
	}
	return 1
}

const jsonType = "application/json"

// errorForm returns the media type for an error: JSON or XML, whichever the caller
// prefers, or the one that resembles an accepted type, or "".
func errorForm(accept string) string {
	best, form := 0.0, ""
	for _, name := range []string{"application/xml", "text/xml", jsonType} {
		if q := quality(accept, name); q > 0 && q >= best {
			best, form = q, name
		}
	}
	switch lower := strings.ToLower(accept); {
	case form != "":
		return form
	case strings.Contains(lower, "+json"):
		return jsonType
	case strings.Contains(lower, "+xml"):
		return "application/xml"
	}
	return ""
}
