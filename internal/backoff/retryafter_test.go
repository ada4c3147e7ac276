package backoff_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

func TestRetryAfterIsReadInSecondsAndAsADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		after, date string
		want        time.Duration
	}{
		{after: "", want: 0},
		{after: "0", want: 0},
		{after: " 30 ", want: 30 * time.Second},
		{after: "300", want: 5 * time.Minute},
		{after: "301", want: 5 * time.Minute},
		{after: "18446744073709551615", want: 5 * time.Minute},
		{after: "99999999999999999999999", want: 5 * time.Minute},
		{after: "-1", want: 0},
		{after: "+1", want: 0},
		{after: "1.5", want: 0},
		{after: "soon", want: 0},
		{after: "Fri, 02 Jan 2026 03:04:45 GMT", want: 40 * time.Second},
		{after: "Friday, 02-Jan-26 03:04:45 GMT", want: 40 * time.Second},
		{after: "Fri, 02 Jan 2026 03:04:00 GMT", want: 0},
		{after: "Fri, 02 Jan 2026 23:04:00 GMT", want: 5 * time.Minute},
		// The server's clock is an hour ahead of ours.
		{after: "Fri, 02 Jan 2026 04:04:45 GMT", date: "Fri, 02 Jan 2026 04:04:05 GMT", want: 40 * time.Second},
		{after: "Fri, 02 Jan 2026 03:04:45 GMT", date: "today", want: 40 * time.Second},
	} {
		h := http.Header{}
		h.Set("Retry-After", c.after)
		h.Set("Date", c.date)
		if got := backoff.RetryAfter(h, now); got != c.want {
			t.Errorf("%q with the date %q: %v, want %v", c.after, c.date, got, c.want)
		}
	}
	if got := backoff.RetryAfter(nil, now); got != 0 {
		t.Errorf("without headers: %v", got)
	}
}
