package zaqartest

import (
	"bytes"
	"errors"
	"testing"
)

func FuzzLogin(f *testing.F) {
	for _, seed := range []string{
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"demo","domain":{"id":"default"},"password":"secret"}}}}}`,
		`{"auth":{"identity":{"methods":["token"],"token":{"id":"x"}},"scope":"unscoped"}}`,
		`{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"x","secret":"y"}},"scope":{"project":null}}}`,
		`{"auth":{"identity":{"methods":[""]},"scope":5}}`, `{"auth":null}`, `[]`, `{"auth":{"identity":{"methods":[]}}}`,
	} {
		f.Add([]byte(seed))
	}
	s, err := NewServer(WithKeystone())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, body []byte) {
		issued, err := s.keystone.login(body)
		var refused *keystoneRefusal
		switch {
		case err == nil && (issued.id == "" || !bytes.Contains(body, []byte("secret"))):
			t.Fatalf("%q gets a token", body)
		case err != nil && (!errors.As(err, &refused) || refused.status != 400 && refused.status != 401):
			t.Fatalf("%q: %v", body, err)
		}
	})
}
