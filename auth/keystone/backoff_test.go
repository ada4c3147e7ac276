package keystone_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

// callers runs eight callers of single verbs for a span, 2,000 calls each.
func callers(t *testing.T, a *keystone.Auth, span time.Duration, each func(error)) {
	t.Helper()
	var wg sync.WaitGroup
	end := time.Now().Add(span)
	for range 8 {
		wg.Go(func() {
			for time.Now().Before(end) {
				each(a.Authorize(t.Context(), http.Header{}))
				time.Sleep(span / 2000)
			}
		})
	}
	wg.Wait()
}

// broken is a Keystone that answers with a status, or resets the connection if that is 0.
func broken(status int) *fakeKeystone {
	return &fakeKeystone{answer: func(w http.ResponseWriter, _ *http.Request) {
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, `{"error": {"message": "no"}}`, status)
	}}
}

// resetting turns a panic of a handler into a reset of the connection.
func resetting(k *fakeKeystone) keystone.Option {
	return keystone.HTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (reply *http.Response, err error) {
		defer func() {
			if recover() != nil {
				err = syscall.ECONNRESET
			}
		}()
		return k.RoundTrip(r)
	})})
}

func TestAKeystoneThatFailsIsAskedLessAndLess(t *testing.T) {
	for name, status := range map[string]int{
		"500": 500, "502": 502, "503": 503, "504": 504, "429": 429, "403": 403, "404": 404, "300": 300, "400": 400, "401": 401, "reset": 0,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := broken(status)
				a := keystone.Password(fakeURL, "demo", password, resetting(k))
				check := func(err error) {
					if failure, ok := errors.AsType[*keystone.Error](err); !ok || failure.Status != status || failure.RetryAfter() < 0 {
						t.Errorf("%v", err)
					}
				}
				for _, step := range []struct {
					span  time.Duration
					total int
				}{{10 * time.Second, 7}, {50 * time.Second, 12}, {9 * time.Minute, 70}} {
					callers(t, a, step.span, check)
					if n := k.count(); n > step.total || n < 2 {
						t.Errorf("%d token requests after another %v, want at most %d", n, step.span, step.total)
					}
				}
			})
		})
	}
}

func TestAKeystoneThatRecoversServesEverybodySoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		down.Store(true)
		k := &fakeKeystone{refuse: func() int {
			if down.Load() {
				return http.StatusServiceUnavailable
			}
			return 0
		}}
		a := k.demo()
		callers(t, a, time.Hour, func(error) {})
		down.Store(false)
		start := time.Now()
		for a.Authorize(t.Context(), http.Header{}) != nil {
			time.Sleep(time.Millisecond)
		}
		if d := time.Since(start); d > 15*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func TestASingleResetHealsInAQuarterOfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		k := &fakeKeystone{refuse: func() int {
			if calls.Add(1) == 1 {
				return http.StatusBadGateway
			}
			return 0
		}}
		a := k.demo()
		err := a.Authorize(t.Context(), http.Header{})
		failure, ok := errors.AsType[*keystone.Error](err)
		if !ok || failure.RetryAfter() > 250*time.Millisecond {
			t.Fatal(err)
		}
		time.Sleep(failure.RetryAfter())
		token(t, a)
	})
}

func TestTheErrorSaysWhenKeystoneIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := broken(http.StatusUnauthorized)
		a := k.demo()
		for range 3 {
			_ = a.Authorize(t.Context(), http.Header{})
			time.Sleep(4 * time.Second)
		}
		_ = a.Authorize(t.Context(), http.Header{})
		time.Sleep(time.Second)
		err := a.Authorize(t.Context(), http.Header{})
		if failure, ok := errors.AsType[*keystone.Error](err); !ok || failure.RetryAfter() <= 0 || !strings.HasSuffix(err.Error(), "; the next sign-in is in "+failure.RetryAfter().String()) {
			t.Error(err)
		}
	})
}

func TestRetryAfterOfKeystoneIsAFloor(t *testing.T) {
	const at = 45 * time.Second
	date := func(skew time.Duration) func(http.Header) {
		return func(h http.Header) {
			now := time.Now().Add(skew).UTC()
			h.Set("Date", now.Format(http.TimeFormat))
			h.Set("Retry-After", now.Add(at).Format(http.TimeFormat))
		}
	}
	seconds := func(text string) func(http.Header) { return func(h http.Header) { h.Set("Retry-After", text) } }
	for _, test := range []struct {
		name string
		set  func(http.Header)
		want time.Duration
	}{
		{"seconds", seconds("45"), at},
		{"a date", date(0), at},
		{"a date of a clock that is wrong", date(-26 * time.Hour), at},
		{"a day is five minutes", seconds("86400"), 5 * time.Minute},
		{"not a time", seconds("soon"), 250 * time.Millisecond},
		{"below the back-off", seconds("0"), 250 * time.Millisecond},
	} {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			t.Run(test.name+", "+strconv.Itoa(status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					k := &fakeKeystone{answer: func(w http.ResponseWriter, _ *http.Request) {
						test.set(w.Header())
						w.WriteHeader(status)
					}}
					a := k.demo()
					start := time.Now()
					for k.count() < 2 {
						err := a.Authorize(t.Context(), http.Header{})
						failure, ok := errors.AsType[*keystone.Error](err)
						if !ok {
							t.Fatal(err)
						}
						if d := failure.RetryAfter(); k.count() == 1 && (d <= 0 || d > test.want) {
							t.Fatalf("RetryAfter %v", d)
						}
						time.Sleep(10 * time.Millisecond)
					}
					got := time.Since(start) - 10*time.Millisecond
					if least := min(test.want, max(test.want*3/4, time.Duration(0))); got < least || got > test.want+10*time.Millisecond || test.want > time.Second && got < test.want {
						t.Errorf("asked again after %v, want %v", got, test.want)
					}
				})
			})
		}
	}
}

func TestAFailingRenewalKeepsAskingUpToTheEndOfTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		k := &fakeKeystone{refuse: func() int {
			if down.Load() {
				return http.StatusForbidden
			}
			return 0
		}}
		a := k.demo()
		token(t, a)
		down.Store(true)
		time.Sleep(47 * time.Minute)
		callers(t, a, 12*time.Minute+50*time.Second, func(err error) {
			if err != nil {
				t.Error(err)
			}
		})
		if n := k.count(); n > 25 {
			t.Errorf("%d token requests in 13 minutes", n)
		}
	})
}

// rotated is a fleet whose keys spread: tokens are refused until a time.
func rotated(t *testing.T, a *keystone.Auth, accepted func(token string) bool) func() error {
	t.Helper()
	return func() error {
		for attempt := 1; ; attempt++ {
			h := http.Header{}
			if err := a.Authorize(t.Context(), h); err != nil {
				return err
			}
			if accepted(h.Get("X-Auth-Token")) {
				return nil
			}
			if attempt == 2 || !a.Invalidate(h) {
				return keystone.ErrRefused
			}
		}
	}
}

func TestATokenRefusedSoonAfterItsRenewalIsRenewedAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{}
		a := k.demo()
		token(t, a)
		// From now on only tokens that are issued in three seconds or later are accepted.
		spread := time.Now().Add(3 * time.Second)
		var mu sync.Mutex
		issued := map[string]time.Time{}
		call := rotated(t, a, func(token string) bool {
			mu.Lock()
			defer mu.Unlock()
			if issued[token].IsZero() {
				issued[token] = time.Now()
				if token == "token-1" {
					issued[token] = spread.Add(-time.Hour)
				}
			}
			return !issued[token].Before(spread)
		})
		failed := 0
		for range 2000 {
			if call() != nil {
				failed++
			}
			time.Sleep(15 * time.Millisecond)
		}
		if failed > 3 || k.count() > 5 {
			t.Errorf("%d calls failed, %d token requests", failed, k.count())
		}
	})
}

func TestRenewalsOfTokensThatAreAlwaysRefusedAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{}
		a := k.demo()
		call := rotated(t, a, func(string) bool { return false })
		end := time.Now().Add(10 * time.Minute)
		longest := time.Duration(0)
		var wg sync.WaitGroup
		var mu sync.Mutex
		for range 8 {
			wg.Go(func() {
				for time.Now().Before(end) {
					start := time.Now()
					if err := call(); !errors.Is(err, keystone.ErrRefused) {
						t.Error(err)
					}
					mu.Lock()
					longest = max(longest, time.Since(start))
					mu.Unlock()
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		if n := k.count(); n > 30 || n < 10 {
			t.Errorf("%d token requests in ten minutes", n)
		}
		if longest > 7*time.Second { // the three pauses
			t.Errorf("a call took %v", longest)
		}
	})
}

func TestWhoGivesUpDuringThePauseStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{}
		a := k.demo()
		a.Invalidate(withToken(token(t, a)))
		if !a.Invalidate(withToken(token(t, a))) {
			t.Fatal("a second renewal is not worth a try")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		waiting := make(chan error, 1)
		go func() { waiting <- a.Authorize(t.Context(), http.Header{}) }()
		if err := a.Authorize(ctx, http.Header{}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "refused soon after its renewal") {
			t.Errorf("the caller who gave up: %v", err)
		}
		if err := <-waiting; err != nil || k.count() != 3 {
			t.Errorf("the one who waited: %v after %d requests", err, k.count())
		}
	})
}

func TestCloseEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{}
		a := k.demo()
		a.Invalidate(withToken(token(t, a)))
		a.Invalidate(withToken(token(t, a)))
		waiting := make(chan error, 1)
		go func() { waiting <- a.Authorize(t.Context(), http.Header{}) }()
		synctest.Wait()
		start := time.Now()
		_ = a.Close()
		if err := <-waiting; !errors.Is(err, keystone.ErrClosed) || time.Since(start) > 0 || k.count() != 2 {
			t.Errorf("%v after %v and %d requests", err, time.Since(start), k.count())
		}
	})
}
