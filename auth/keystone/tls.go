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

// tlsFiles are the TLS settings, by file name.
type tlsFiles struct {
	caCert    string
	cert, key string
	insecure  bool
	// byOption is true if an Option set them.
	byOption bool
	// name is what errors call a setting.
	name func(key string) string
}

// CACert trusts the certificate authorities in a PEM file instead of the system's. The
// file is read when it is first needed. A leading "~/" is the home folder.
func CACert(file string) Option {
	return func(c *config) { c.tls.caCert, c.tls.byOption, c.tls.name = file, true, nil }
}

// ClientCertificate presents a client certificate to servers. The PEM files are read
// when they are first needed. keyFile may be empty if certFile contains both.
func ClientCertificate(certFile, keyFile string) Option {
	return func(c *config) {
		c.tls.cert, c.tls.key, c.tls.byOption, c.tls.name = certFile, keyFile, true, nil
	}
}

// Insecure accepts any server certificate. Anybody on the network path can then read the
// password, so use it for tests only.
func Insecure() Option {
	return func(c *config) { c.tls.insecure, c.tls.byOption = true, true }
}

// load reads the files. It returns nil if nothing is configured.
func (f tlsFiles) load() (*tls.Config, error) {
	if f.caCert == "" && f.cert == "" && f.key == "" && !f.insecure {
		return nil, nil
	}
	name := f.name
	if name == nil {
		name = func(key string) string { return argumentNames[key] }
	}
	// InsecureSkipVerify is true only if the caller asked for it by name.
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: f.insecure}
	if f.caCert != "" {
		pem, err := os.ReadFile(home(f.caCert))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name("cacert"), err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: %s contains no PEM certificate", name("cacert"), f.caCert)
		}
	}
	switch {
	case f.cert == "" && f.key != "":
		return nil, errors.New("there is a key but no client certificate: set both")
	case f.cert != "":
		key := f.key
		if key == "" {
			key = f.cert
		}
		pair, err := tls.LoadX509KeyPair(home(f.cert), home(key))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name("cert"), err)
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
