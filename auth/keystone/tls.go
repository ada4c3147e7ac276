package keystone

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// tlsFiles are TLS settings as they are written down.
type tlsFiles struct {
	caCert    string
	cert, key string
	insecure  bool
	// byOption is whether an Option of the caller set them.
	byOption bool
}

// CACert trusts the certificate authorities in a PEM file instead of the
// system's. The file is read when it is first needed; "~/" stands for the home
// folder.
func CACert(file string) Option {
	return func(c *config) { c.tls.caCert, c.tls.byOption = file, true }
}

// ClientCertificate shows a client certificate to servers. The PEM files are
// read when they are first needed. keyFile may be empty when certFile holds
// both.
func ClientCertificate(certFile, keyFile string) Option {
	return func(c *config) { c.tls.cert, c.tls.key, c.tls.byOption = certFile, keyFile, true }
}

// Insecure accepts every server certificate. Anybody on the way can then read
// the password: it is for tests.
func Insecure() Option {
	return func(c *config) { c.tls.insecure, c.tls.byOption = true, true }
}

// load reads the files; nil when there is nothing to configure.
func (f tlsFiles) load() (*tls.Config, error) {
	if f.caCert == "" && f.cert == "" && f.key == "" && !f.insecure {
		return nil, nil
	}
	// Insecure is what the caller asked for by name; otherwise it is false.
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: f.insecure}
	if f.caCert != "" {
		pem, err := os.ReadFile(home(f.caCert))
		if err != nil {
			return nil, fmt.Errorf("CA certificates: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("CA certificates: %s holds no PEM certificate", f.caCert)
		}
	}
	switch {
	case f.cert == "" && f.key != "":
		return nil, errors.New("there is a key but no client certificate")
	case f.cert != "":
		key := f.key
		if key == "" {
			key = f.cert
		}
		pair, err := tls.LoadX509KeyPair(home(f.cert), home(key))
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// home expands "~/" as a shell does.
func home(file string) string {
	rest, ok := strings.CutPrefix(file, "~/")
	if !ok {
		return file
	}
	folder, err := os.UserHomeDir()
	if err != nil {
		return file
	}
	return filepath.Join(folder, rest)
}
