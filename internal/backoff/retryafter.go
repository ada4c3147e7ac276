package backoff

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter is the longest wait that a server can ask for: 5 minutes. What asks for
// more is more likely to be wrong, and the next attempt asks again.
const MaxRetryAfter = 5 * time.Minute

// RetryAfter returns the wait that the header Retry-After of an answer asks for, in
// seconds or as a date, and at most [MaxRetryAfter]. It returns 0 without such a header,
// and if it cannot be read or its date has passed. A date is compared with the answer's
// own Date, so that a wrong local clock does no harm, and without one with now.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(MaxRetryAfter/time.Second))) * time.Second
	}
	if text != "" && strings.Trim(text, "0123456789") == "" {
		return MaxRetryAfter // more digits than a number has
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(until.Sub(now), 0), MaxRetryAfter)
}
