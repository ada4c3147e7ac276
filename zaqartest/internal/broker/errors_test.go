package broker

import (
	"errors"
	"testing"
)

// wantInvalid fails the test if an error is not the caller's mistake.
func wantInvalid(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*Invalid](err); err != nil && !ok {
		t.Errorf("not the caller's mistake: %v", err)
	}
}
