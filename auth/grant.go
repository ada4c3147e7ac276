package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrExpired is matched by errors about credentials that have expired. It wraps
// [ErrRefused].
var ErrExpired = fmt.Errorf("%w: expired", ErrRefused)

// ErrSignature is matched by the error of [SignedURL.Verify] if the signature does not
// belong to the key and the grant. It wraps [ErrRefused].
var ErrSignature = fmt.Errorf("%w: the signature does not match this key and this grant", ErrRefused)

// Grant is what a pre-signed URL allows: some methods on some paths of one project,
// until a given time.
type Grant struct {
	// Endpoint is the service's URL without a version, for the receiver of the grant.
	// It is not signed and may be empty.
	Endpoint string
	// Paths are the paths that the grant allows, each with everything below it:
	// "/v2/queues/wot/messages" allows every message of the queue, too. Each starts
	// with "/v2/", since only that version of the API accepts signatures.
	Paths []string
	// Methods are HTTP methods, such as "GET" and "POST".
	Methods []string
	// Project is the id of the project that the paths belong to.
	Project string
	// Expires is when the grant expires. Fractions of a second are cut off.
	Expires time.Time
}

// wireTime is the format in which a time is signed: in UTC, without a zone.
const wireTime = "2006-01-02T15:04:05"

// normal returns a copy in the form that is signed: sorted, in UTC, whole seconds.
func (g Grant) normal() Grant {
	g.Endpoint, _ = normalEndpoint(g.Endpoint) // check reports the error
	g.Paths = slices.Sorted(slices.Values(g.Paths))
	g.Methods = slices.Sorted(slices.Values(g.Methods))
	g.Expires = g.Expires.UTC().Truncate(time.Second)
	return g
}

// check refuses what does not fit into the headers, or would never be accepted.
func (g Grant) check() error {
	switch {
	case len(g.Paths) == 0:
		return errors.New("it has no paths")
	case len(g.Methods) == 0:
		return errors.New("it has no methods")
	case g.Project == "":
		return errors.New("it has no project: Zaqar refuses requests without one")
	case g.Expires.IsZero():
		return errors.New("it has no time at which it expires")
	case g.Expires.UTC().Year() < 1 || g.Expires.UTC().Year() > 9999:
		return errors.New("the year in which it expires does not have four digits")
	}
	// The errors quote no values: in a damaged text, any value can contain the signature.
	for i, path := range g.Paths {
		if !strings.HasPrefix(path, "/v2/") || !listable(path) || strings.ContainsAny(path, "?#") {
			return fmt.Errorf(`path %d of %d is not a path of API v2: it must start with "/v2/", without spaces, commas or a query`, i+1, len(g.Paths))
		}
	}
	for i, method := range g.Methods {
		if !listable(method) {
			return fmt.Errorf("method %d of %d is not an HTTP method", i+1, len(g.Methods))
		}
	}
	if headerSafe("project", g.Project) != nil {
		return errors.New("the project has control characters, which a header cannot hold")
	}
	if !utf8.ValidString(g.Project) {
		return errors.New("the project is not valid UTF-8, which JSON cannot hold")
	}
	_, err := normalEndpoint(g.Endpoint)
	return err
}

// normalEndpoint returns the form of an endpoint that survives being revealed and
// parsed, "" for none.
func normalEndpoint(endpoint string) (string, error) {
	if endpoint == "" {
		return "", nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("its endpoint must be an http or https URL with a host and without a user, a query or a fragment")
	}
	u.ForceQuery = false
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u.String(), nil
}

// listable reports whether s can be an element of a header's comma-separated list.
func listable(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' })
}

// mac computes the signature. As in Zaqar, the parts are joined by a backslash and an
// n, not by a line feed.
func (g Grant) mac(key string) []byte {
	g = g.normal()
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(strings.Join([]string{
		strings.Join(g.Paths, ","), strings.Join(g.Methods, ","), g.Project, g.Expires.Format(wireTime),
	}, `\n`))) // a hash never fails to write
	return mac.Sum(nil)
}

// Sign creates a pre-signed URL without asking a server. key is the one that the
// servers sign with: secret_key in section [signed_url] of their configuration. Sign
// does no I/O. A grant that no server would accept is an error.
//
// Without the key, ask a server with Queue.Share of package zaqar.
func Sign(key string, g Grant) (SignedURL, error) {
	if key == "" {
		return SignedURL{}, errors.New("auth: the key to sign with is empty")
	}
	if err := g.check(); err != nil {
		return SignedURL{}, fmt.Errorf("auth: the grant cannot be signed: %w", err)
	}
	return newSignedURL(g, hex.EncodeToString(g.mac(key)))
}

// Verify checks that the signature belongs to the grant and the key, and that it has
// not expired at now. Otherwise the error matches [ErrSignature] or [ErrExpired]. It
// compares in constant time and does no I/O. It does not check which calls the URL
// allows: see [SignedURL.Allows].
func (u SignedURL) Verify(key string, now time.Time) error {
	given, err := hex.DecodeString(u.signature.Reveal())
	if err != nil || key == "" || !hmac.Equal(given, u.grant.mac(key)) {
		return fmt.Errorf("auth: %w", ErrSignature)
	}
	return u.alive(now)
}
