package zaqar_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
)

func TestClaimsCannotBePurged(t *testing.T) {
	t.Parallel()
	spy := clienttest.Says(http.StatusNoContent, "")
	q := clienttest.Over(t, spy).Queue("wot")
	for _, err := range []error{q.Purge(t.Context(), zaqar.ClaimResource), q.PurgeAll(t.Context(), zaqar.MessageResource, zaqar.ClaimResource)} {
		if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok || spy.Count() != 0 {
			t.Errorf("%v, %d requests", err, spy.Count())
		}
	}
}
