package zaqartest

import (
	"testing"
)

// wantRefusal fails unless an error is the caller's mistake, with a status of 4xx.
func wantRefusal(t *testing.T, err error) {
	t.Helper()
	if r, ok := refused(err); err != nil && (!ok || r.status < 400 || r.status > 499) {
		t.Errorf("not the caller's mistake: %v", err)
	}
}
