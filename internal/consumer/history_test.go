package consumer

import (
	"fmt"
	"testing"
	"time"
)

func TestTheMemoryOfAttemptsIsBounded(t *testing.T) {
	t.Parallel()
	var h history
	h.failed("first", time.Now())
	for i := range maxEntries - 1 {
		h.failed(fmt.Sprint(i), time.Now())
	}
	if n := h.failed("first", time.Now()).failures; n != 2 {
		t.Errorf("it has %d failures", n)
	}
	h.failed("one more", time.Now())
	if h.of("0").failures != 0 || h.of("first").failures != 2 || len(h.entries) != maxEntries {
		t.Errorf("%d messages are remembered, or the wrong ones", len(h.entries))
	}
	for i := range 3 * maxDeleted {
		h.forget(fmt.Sprint("gone ", i))
	}
	if len(h.deleted) != maxDeleted || !h.finished(fmt.Sprint("gone ", 3*maxDeleted-1)) || h.finished("gone 0") {
		t.Errorf("%d deleted messages are remembered", len(h.deleted))
	}
}
