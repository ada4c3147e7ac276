package zaqar

import (
	"fmt"
	"testing"
	"time"
)

func TestTheMemoryOfAttemptsIsBounded(t *testing.T) {
	t.Parallel()
	var a attempts
	a.failed("first", time.Now())
	for i := range mostRemembered - 1 {
		a.failed(fmt.Sprint(i), time.Now())
	}
	if n := a.failed("first", time.Now()).failures; n != 2 {
		t.Errorf("it failed %d times", n)
	}
	a.failed("one more", time.Now())
	if a.of("0").failures != 0 || a.of("first").failures != 2 || len(a.records) != mostRemembered {
		t.Errorf("%d messages are remembered, and not the right ones", len(a.records))
	}
	for i := range 3 * mostGone {
		a.forget(fmt.Sprint("gone ", i))
	}
	if len(a.gone) != mostGone || !a.finished(fmt.Sprint("gone ", 3*mostGone-1)) || a.finished("gone 0") {
		t.Errorf("%d messages are known to be gone", len(a.gone))
	}
}
