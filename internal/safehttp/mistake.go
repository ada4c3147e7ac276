package safehttp

import (
	"bytes"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
)

// Mistake is a usual mistake in how a server is addressed, as far as errors and answers
// show it.
type Mistake int

// The mistakes. The zero value stands for none.
const (
	// PlainToTLS is an http URL for a port that expects TLS.
	PlainToTLS Mistake = iota + 1
	// TLSToPlain is an https URL for a port without TLS.
	TLSToPlain
	// NoClientCertificate is a client certificate that is missing, or that the server does
	// not accept.
	NoClientCertificate
	// UnknownAuthority is a server whose certificate comes from an unknown authority.
	UnknownAuthority
)

// certificateAlerts are the alerts with which servers refuse a client certificate or its
// absence. Before TLS 1.3 there was no alert for a missing one, so servers use others.
var certificateAlerts = []string{
	"tls: certificate required", "tls: bad certificate", "tls: handshake failure", "tls: unknown certificate",
	"tls: unsupported certificate", "tls: expired certificate", "tls: revoked certificate", "tls: unknown certificate authority",
	"tls: access denied",
}

// MistakeOf returns the mistake that led to an error of net/http, or 0.
func MistakeOf(err error) Mistake {
	if err == nil {
		return 0
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return UnknownAuthority
	}
	// A TLS alert: record type 21 and the major version 3, where an answer should begin.
	if strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`) {
		return PlainToTLS
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return TLSToPlain
	}
	// The type of alerts is not exported.
	if alert, ok := errors.AsType[*net.OpError](err); ok && alert.Op == "remote error" && alert.Err != nil {
		for _, text := range certificateAlerts {
			if alert.Err.Error() == text {
				return NoClientCertificate
			}
		}
	}
	return 0
}

// mistakePhrases are how Go, nginx and Apache answer, in lower case.
var mistakePhrases = []struct {
	phrase  string
	mistake Mistake
}{
	{"client sent an http request to an https server", PlainToTLS},
	{"the plain http request was sent to https port", PlainToTLS},
	{"speaking plain http to an ssl-enabled server port", PlainToTLS},
	{"no required ssl certificate was sent", NoClientCertificate},
	{"the ssl certificate error", NoClientCertificate},
}

// MistakeIn returns the mistake that an answer tells of, or 0.
func MistakeIn(status int, body []byte) Mistake {
	if status != http.StatusBadRequest {
		return 0
	}
	body = bytes.ToLower(body[:min(len(body), 4<<10)])
	for _, known := range mistakePhrases {
		if bytes.Contains(body, []byte(known.phrase)) {
			return known.mistake
		}
	}
	return 0
}
