package badday

import (
	"fmt"
	"testing"
)

func TestTenBadDaysLoseNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			day := Run(t, seed+1)
			t.Logf("%+v", *day)
			for _, v := range day.Violations {
				t.Error(v)
			}
		})
	}
}
