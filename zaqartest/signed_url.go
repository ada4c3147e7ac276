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

// signedURL is a pre-signed URL, as it comes with a request.
type signedURL struct {
	paths, methods []string
	project        string
	expires        string // in ISO 8601, as the caller wrote it
	signature      string
}

// expiresForm is how the end of a pre-signed URL is signed and told: in UTC,
// without a zone and without fractions.
const expiresForm = "2006-01-02T15:04:05"

// signature signs what a pre-signed URL allows; expires is in expiresForm. The
// order of paths and methods means nothing. What joins the four parts is a
// backslash and an n: real servers never made it a line feed.
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

// genuine tells whether the server signed a URL, and it has not ended by the
// server's clock. It does not say what the URL allows.
func (s *Server) genuine(u signedURL) bool {
	end, ok := parseExpires(u.expires)
	if s.options.secretKey == "" || !ok || len(u.paths) == 0 || len(u.methods) == 0 || !end.After(s.Now()) {
		return false
	}
	want := signature(s.options.secretKey, u.paths, u.methods, u.project, end.Format(expiresForm))
	return hmac.Equal([]byte(want), []byte(u.signature))
}

// isoDate takes a date of ISO 8601 apart. All but the year may be missing.
var isoDate = regexp.MustCompile(
	`^(\d{4})(?:-?(\d\d)(?:-?(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?` +
		`(Z|[+-]\d\d(?::?\d\d)?)?)?)?)?$`)

// parseExpires reads a date, or a date and a time, which is in UTC unless it
// names a zone. Digits alone are refused: they would be a number of seconds.
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

// covers tells whether a pre-signed URL is for a request: by a path of it or one
// below that.
func (u signedURL) covers(method, path string) bool {
	return slices.Contains(u.methods, method) && slices.ContainsFunc(u.paths, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	})
}
