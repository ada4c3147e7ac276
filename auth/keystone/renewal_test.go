package keystone_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

func TestTwentyCallersMakeOneTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{delay: time.Second}
		a := k.demo()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if got := token(t, a); got != "token-1" {
					t.Errorf("token %q", got)
				}
			})
		}
		wg.Wait()
		if k.count() != 1 {
			t.Errorf("%d requests", k.count())
		}
	})
}

func TestTwentyRefusedCallersMakeOneTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{}
		a := k.demo()
		old := token(t, a)
		k.slow(time.Second)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if !a.Invalidate(withToken(old)) {
					t.Error("Invalidate says that there is no other token")
				}
				if got := token(t, a); got != "token-2" {
					t.Errorf("token %q", got)
				}
			})
		}
		wg.Wait()
		if !a.Invalidate(withToken(old)) {
			t.Error("a newer token is not worth a try")
		}
		if got := token(t, a); got != "token-2" || k.count() != 2 {
			t.Errorf("token %q after %d requests", got, k.count())
		}
	})
}

func TestCallerWhoGivesUpDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{delay: time.Second}
		a := k.demo()
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() { first <- a.Authorize(ctx, http.Header{}) }()
		synctest.Wait() // the first caller's sign-in is under way
		second := make(chan error, 1)
		go func() { second <- a.Authorize(t.Context(), http.Header{}) }()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller who gave up: %v", err)
		}
		if err := <-second; err != nil {
			t.Errorf("the one who waited: %v", err)
		}
		if k.count() != 1 {
			t.Errorf("%d requests", k.count())
		}
	})
}

func TestTokenIsRenewedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{}
		a := k.demo(keystone.RenewAt(0.5))
		token(t, a)
		k.slow(time.Minute)
		time.Sleep(28 * time.Minute)
		if got := token(t, a); got != "token-1" || k.count() != 1 {
			t.Fatalf("token %q after %d requests before half of the lifetime", got, k.count())
		}
		time.Sleep(3 * time.Minute)
		start := time.Now()
		for range 5 {
			if got := token(t, a); got != "token-1" || time.Since(start) > 0 {
				t.Fatalf("token %q after %v", got, time.Since(start))
			}
		}
		time.Sleep(2 * time.Second) // the renewal hangs and is given up at 30 s
		k.slow(0)
		time.Sleep(time.Minute)
		token(t, a)
		synctest.Wait()
		if got := token(t, a); got != "token-3" || k.count() != 3 {
			t.Errorf("token %q after %d requests", got, k.count())
		}
	})
}

func TestARenewalHasFiveSecondsOrHalfOfAShortLife(t *testing.T) {
	for _, c := range []struct{ life, soonest, latest time.Duration }{
		{time.Hour, 57 * time.Minute, time.Hour - 5*time.Second}, // 0.95 to 1 of it, but for the 5 s
		{15 * time.Second, 10 * time.Second, 10 * time.Second},
		{8 * time.Second, 4 * time.Second, 4 * time.Second},
	} {
		t.Run(c.life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := &fakeKeystone{life: c.life}
				a := k.demo(keystone.RenewAt(1))
				token(t, a)
				time.Sleep(c.soonest - time.Millisecond)
				token(t, a)
				synctest.Wait()
				if k.count() != 1 {
					t.Errorf("renewed before %v", c.soonest)
				}
				time.Sleep(c.latest - c.soonest + time.Millisecond)
				token(t, a)
				synctest.Wait()
				if k.count() != 2 {
					t.Errorf("not renewed after %v", c.latest)
				}
			})
		})
	}
}

func TestShortTokensCostOneRequestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{life: 15 * time.Second, delay: 10 * time.Millisecond}
		a := k.demo()
		var wg sync.WaitGroup
		end := time.Now().Add(time.Minute)
		for range 8 {
			wg.Go(func() {
				for time.Now().Before(end) {
					token(t, a)
					if !a.Expires().After(time.Now()) {
						t.Error("a token that has ended was handed out")
					}
					time.Sleep(50 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		if n := k.count(); n < 5 || n > 8 {
			t.Errorf("%d requests in a minute", n)
		}
	})
}

func TestOldTokenServesWhileRenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		k := &fakeKeystone{refuse: func() int {
			if down.Load() {
				return http.StatusServiceUnavailable
			}
			return 0
		}}
		a := k.demo()
		token(t, a)
		down.Store(true)
		time.Sleep(50 * time.Minute)
		for range 590 {
			if got := token(t, a); got != "token-1" {
				t.Fatal(got)
			}
			time.Sleep(time.Second)
		}
		if n := k.count(); n < 5 || n > 20 {
			t.Errorf("%d requests in ten minutes of failure", n)
		}
		time.Sleep(10 * time.Second)
		if err := a.Authorize(t.Context(), http.Header{}); err == nil {
			t.Error("an ended token was handed out")
		}
		down.Store(false)
		time.Sleep(15 * time.Second) // the longest back-off after an outage
		token(t, a)
	})
}

func TestEndedTokenIsRenewedBeforeItIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{delay: time.Second}
		a := k.demo()
		token(t, a)
		time.Sleep(2 * time.Hour)
		if got := token(t, a); got != "token-2" {
			t.Errorf("token %q", got)
		}
	})
}

func TestWrongClocksDoNotMatter(t *testing.T) {
	for name, skew := range map[string]time.Duration{"behind": -26 * time.Hour, "ahead": 26 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := &fakeKeystone{skew: skew}
				made := k.demo()
				given := keystone.Token(fakeURL, "given", k.client())
				token(t, made)
				token(t, given)
				want := time.Now().Add(time.Hour)
				if d := made.Expires().Sub(want).Abs(); d > time.Millisecond {
					t.Errorf("off by %v", d)
				}
				// Date has whole seconds only.
				if d := given.Expires().Sub(want).Abs(); d > time.Second {
					t.Errorf("off by %v for a given token", d)
				}
				time.Sleep(30 * time.Minute)
				if token(t, made) != "token-1" || token(t, given) != "given" {
					t.Error("renewed too early")
				}
			})
		})
	}
}

func TestRefusedNewTokenIsReplacedAFewTimesAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{}
		a := k.demo()
		if !a.Invalidate(withToken(token(t, a))) {
			t.Fatal("the first token cannot be replaced")
		}
		for i, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			refused, start := token(t, a), time.Now()
			for range 10 {
				if !a.Invalidate(withToken(refused)) {
					t.Fatal("the token that replaced it cannot be replaced")
				}
			}
			if k.count() != i+2 {
				t.Errorf("%d requests before the pause", k.count())
			}
			if token(t, a) == refused || time.Since(start) != pause {
				t.Errorf("replaced after %v, want %v", time.Since(start), pause)
			}
		}
		for range 10 {
			if a.Invalidate(withToken(token(t, a))) {
				t.Fatal("it is to be replaced once more at once")
			}
		}
		if k.count() != 5 {
			t.Errorf("%d requests", k.count())
		}
		time.Sleep(time.Minute)
		if !a.Invalidate(withToken(token(t, a))) {
			t.Error("an older token cannot be replaced")
		}
		start := time.Now()
		token(t, a)
		if time.Since(start) > 0 {
			t.Errorf("it was replaced after %v", time.Since(start))
		}
	})
}

func TestHeadersWithoutOurTokenInvalidateNothing(t *testing.T) {
	k := &fakeKeystone{}
	a := k.demo()
	token(t, a)
	if a.Invalidate(http.Header{}) {
		t.Error("headers without a token")
	}
	if !a.Invalidate(withToken("older")) || token(t, a) != "token-1" {
		t.Error("the newer token was not kept")
	}
}

func TestRefusedCredentialsAreNotTriedAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{refuse: func() int { return http.StatusUnauthorized }}
		a := k.demo()
		for range 600 {
			if err := a.Authorize(t.Context(), http.Header{}); !errors.Is(err, keystone.ErrRefused) {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := k.count(); n > 7 {
			t.Errorf("%d attempts in a minute; Keystone may lock the user", n)
		}
	})
}

func TestWhatCannotBeRenewedSaysSoAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{}
		for _, a := range []*keystone.Auth{
			keystone.Token(fakeURL, "given", k.client()),
			k.demo(keystone.Passcode("123456")),
		} {
			token(t, a)
			before := k.count()
			time.Sleep(59 * time.Minute)
			token(t, a)
			time.Sleep(2 * time.Minute)
			if err := a.Authorize(t.Context(), http.Header{}); !errors.Is(err, keystone.ErrRefused) {
				t.Error(err)
			}
			if k.count() != before {
				t.Error("Keystone was asked again")
			}
		}
	})
}

func TestSignInThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{delay: time.Hour}
		start := time.Now()
		err := k.demo().Authorize(t.Context(), http.Header{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestCloseEndsASignInUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{delay: time.Hour}
		a := k.demo()
		waiting := make(chan error, 1)
		go func() { waiting <- a.Authorize(t.Context(), http.Header{}) }()
		synctest.Wait()
		start := time.Now()
		for range 2 {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := <-waiting; !errors.Is(err, keystone.ErrClosed) || time.Since(start) > 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := a.Authorize(t.Context(), http.Header{}); !errors.Is(err, keystone.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestTokenWithoutAnEndServesUntilItIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeystone{answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Subject-Token", "endless")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"token": {}}`))
		}}
		a := k.demo()
		token(t, a)
		time.Sleep(1000 * time.Hour)
		token(t, a)
		if k.count() != 1 || !a.Expires().IsZero() {
			t.Errorf("%d requests, expires %v", k.count(), a.Expires())
		}
		if !a.Invalidate(withToken("endless")) {
			t.Error("cannot be replaced")
		}
	})
}
