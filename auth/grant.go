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

// ErrExpired is the error for credentials whose time is over. It wraps
// [ErrRefused].
var ErrExpired = fmt.Errorf("%w: expired", ErrRefused)

// ErrSignature is the error of [SignedURL.Verify] for a signature that the key did
// not make. It wraps [ErrRefused].
var ErrSignature = fmt.Errorf("%w: the signature is not of this key and this grant", ErrRefused)

// Grant is what a pre-signed URL allows: some methods on some paths of one project,
// until a moment.
type Grant struct {
	// Endpoint is the service's URL without a version, for whoever receives the
	// grant. It is not signed, and may be empty.
	Endpoint string
	// Paths are where it begins to hold: "/v2/queues/wot/messages" allows each
	// message below, too. They start with "/v2/", since only that version of the
	// API takes signatures.
	Paths []string
	// Methods are those of HTTP, such as "GET" and "POST".
	Methods []string
	// Project is the id of the project that the paths are in.
	Project string
	// Expires is when it ends. Fractions of a second are cut off.
	Expires time.Time
}

// wireTime is how a moment is signed: in UTC, without a zone.
const wireTime = "2006-01-02T15:04:05"

// normal returns a copy in the form that is signed: sorted, in UTC, whole seconds.
func (g Grant) normal() Grant {
	g.Endpoint, _ = normalEndpoint(g.Endpoint) // check tells the error
	g.Paths = slices.Sorted(slices.Values(g.Paths))
	g.Methods = slices.Sorted(slices.Values(g.Methods))
	g.Expires = g.Expires.UTC().Truncate(time.Second)
	return g
}

// check finds what could not be carried by the headers, or never be accepted.
func (g Grant) check() error {
	switch {
	case len(g.Paths) == 0:
		return errors.New("it has no paths")
	case len(g.Methods) == 0:
		return errors.New("it has no methods")
	case g.Project == "":
		return errors.New("it has no project: Zaqar refuses requests without one")
	case g.Expires.IsZero():
		return errors.New("it has no moment at which it expires")
	case g.Expires.UTC().Year() < 1 || g.Expires.UTC().Year() > 9999:
		return errors.New("the year in which it expires has not four digits")
	}
	// Errors tell no values: in a text that was mangled on its way the signature can
	// have got anywhere.
	for i, path := range g.Paths {
		if !strings.HasPrefix(path, "/v2/") || !listable(path) || strings.ContainsAny(path, "?#") {
			return fmt.Errorf(`path %d of %d is none of API v2: it must start with "/v2/" and have neither spaces nor commas nor a query`, i+1, len(g.Paths))
		}
	}
	for i, method := range g.Methods {
		if !listable(method) {
			return fmt.Errorf("method %d of %d is none of HTTP", i+1, len(g.Methods))
		}
	}
	if headerSafe("project", g.Project) != nil {
		return errors.New("the project holds control characters, which no header can carry")
	}
	if !utf8.ValidString(g.Project) {
		return errors.New("the project is not valid UTF-8, which no JSON can carry")
	}
	_, err := normalEndpoint(g.Endpoint)
	return err
}

// normalEndpoint is an endpoint as it is revealed and read again, "" for none.
func normalEndpoint(endpoint string) (string, error) {
	if endpoint == "" {
		return "", nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("its endpoint must be an http or https URL with a host, and without a user, a query or a fragment")
	}
	u.ForceQuery = false
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u.String(), nil
}

// listable reports whether a text can be in a list that a header carries, joined by
// commas.
func listable(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' })
}

// mac computes the signature. The parts are joined by a backslash and an n, not by
// a line feed: that is how Zaqar has it.
func (g Grant) mac(key string) []byte {
	g = g.normal()
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(strings.Join([]string{
		strings.Join(g.Paths, ","), strings.Join(g.Methods, ","), g.Project, g.Expires.Format(wireTime),
	}, `\n`))) // a hash never fails to write
	return mac.Sum(nil)
}

// Sign makes a pre-signed URL without asking a server, for those who know the key
// that the servers sign with (secret_key in the section [signed_url] of their
// configuration). It does no I/O. A grant that no server would accept is an error.
//
// Whoever has no key asks a server, with Queue.Share of package zaqar.
func Sign(key string, g Grant) (SignedURL, error) {
	if key == "" {
		return SignedURL{}, errors.New("auth: the key to sign with is empty")
	}
	if err := g.check(); err != nil {
		return SignedURL{}, fmt.Errorf("auth: the grant cannot be signed: %w", err)
	}
	return newSignedURL(g, hex.EncodeToString(g.mac(key)))
}

// Verify reports whether the signature was made of this grant with this key, and
// whether it holds at a moment: an error that matches [ErrSignature] or
// [ErrExpired], and nil when it is good. It takes the same time for every wrong
// signature. Which calls it covers is asked with [SignedURL.Allows].
func (u SignedURL) Verify(key string, now time.Time) error {
	given, err := hex.DecodeString(u.signature.Reveal())
	if err != nil || key == "" || !hmac.Equal(given, u.grant.mac(key)) {
		return fmt.Errorf("auth: %w", ErrSignature)
	}
	return u.alive(now)
}
