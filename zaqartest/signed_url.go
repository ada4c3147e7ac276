package zaqartest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"
)

// signedURL is a pre-signed URL as a request presents it.
type signedURL struct {
	paths, methods []string
	project        string
	expires        string // in ISO 8601, as the caller wrote it
	signature      string
}

// expiresForm is how the expiry of a pre-signed URL is signed and shown: in UTC,
// without a zone and without fractions of a second.
const expiresForm = "2006-01-02T15:04:05"

// signature signs what a pre-signed URL allows. expires is in expiresForm. The order
// of paths and methods does not matter. A backslash and an n join the four parts,
// not a line feed, as on real servers.
func signature(key string, paths, methods []string, project, expires string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(strings.Join([]string{ // never fails
		strings.Join(slices.Sorted(slices.Values(paths)), ","),
		strings.Join(slices.Sorted(slices.Values(methods)), ","),
		project,
		expires,
	}, `\n`)))
	return hex.EncodeToString(mac.Sum(nil))
}

// genuine reports whether the server signed a URL that has not expired yet. It does
// not say what the URL allows.
func (s *Server) genuine(u signedURL) bool {
	end, ok := parseExpires(u.expires)
	if s.options.secretKey == nil || !ok || len(u.paths) == 0 || len(u.methods) == 0 || !end.After(s.Now()) {
		return false
	}
	want := signature(s.options.secretKey(), u.paths, u.methods, u.project, end.Format(expiresForm))
	return hmac.Equal([]byte(want), []byte(u.signature))
}

// isoDate splits an ISO 8601 date. Everything but the year is optional.
var isoDate = regexp.MustCompile(
	`^(\d{4})(?:-?(\d\d)(?:-?(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?` +
		`(Z|[+-]\d\d(?::?\d\d)?)?)?)?)?$`)

// parseExpires reads a date with an optional time, in UTC unless it names a zone. It
// refuses digits alone, which would be a number of seconds.
func parseExpires(text string) (time.Time, bool) {
	parts := isoDate.FindStringSubmatch(text)
	if parts == nil || !strings.ContainsAny(text, "-T :") {
		return time.Time{}, false
	}
	full := parts[1]
	for i, fallback := range []string{"01", "01", "00", "00", "00"} {
		part := parts[i+2]
		if part == "" {
			part = fallback
		}
		full += " " + part
	}
	zone := strings.ReplaceAll(parts[7], ":", "")
	switch {
	case zone == "" || zone == "Z":
		zone = "+0000"
	case len(zone) == 3:
		zone += "00"
	}
	end, err := time.Parse("2006 01 02 15 04 05 -0700", full+" "+zone)
	return end.UTC(), err == nil
}

// covers reports whether a pre-signed URL allows a request to one of its paths or
// below one.
func (u signedURL) covers(method, path string) bool {
	return slices.Contains(u.methods, method) && slices.ContainsFunc(u.paths, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	})
}
