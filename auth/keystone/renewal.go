package keystone

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

const (
	// defaultRenewAt is the fraction of its lifetime after which a token is renewed;
	// jitter is the largest fraction by which that is reduced, at random.
	defaultRenewAt = 0.8
	jitter         = 0.05
	// minMargin is how long before the end of a token its renewal starts at the latest,
	// but no more than half of its lifetime. A fifth of a short lifetime is not enough
	// for a Keystone under load, and a WebSocket ends with its token.
	minMargin = 5 * time.Second

	// signInTimeout limits a sign-in.
	signInTimeout = 30 * time.Second

	// maxRenewals is how often in a row a token that was refused soon after its renewal is
	// renewed again, after firstRenewalPause, which doubles each time.
	maxRenewals       = 3
	firstRenewalPause = time.Second
)

// After a failed sign-in, nobody signs in until a pause has passed. It doubles with each
// further failure.
var (
	// afterRefusal is long, because Keystone may lock a user after a few wrong passwords.
	// It is also the pause while an old token serves, since then nobody waits.
	afterRefusal = backoff.Backoff{First: time.Second, Most: time.Minute}
	// afterOutage is short, so that callers do not miss that Keystone is back.
	afterOutage = backoff.Backoff{First: 250 * time.Millisecond, Most: 15 * time.Second}
)

// flight is one sign-in under way, shared by all callers that wait for it.
type flight struct {
	cancel context.CancelFunc
	from   time.Time     // when it begins
	done   chan struct{} // closed when the fields below are set
	got    *session
	err    *Error
}

// keeper keeps the token of an [Auth].
type keeper struct {
	mu      sync.Mutex
	current *session // the newest, even if it has expired; nil before the first
	flight  *flight  // the sign-in under way; nil if there is none
	closed  bool
	loaded  bool // the cache was asked
	// The back-off after failed sign-ins: there is no new one before retryAt.
	failures int
	retryAt  time.Time
	lastErr  *Error
	// renewals counts the tokens in a row that were refused soon after their renewal. The
	// next sign-in waits until renewAfter.
	renewals   int
	renewAfter time.Time
}

func (k *keeper) newest() *session {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

func (k *keeper) close() {
	k.mu.Lock()
	k.closed = true
	f := k.flight
	k.mu.Unlock()
	if f != nil {
		f.cancel()
		<-f.done
	}
}

// setLifetime sets the times of a token with this lifetime.
func (s *session) setLifetime(life time.Duration, id *identity) {
	s.expires = s.began.Add(life)
	s.until = s.expires
	if id.early() {
		s.until = s.expires.Add(-min(life/20, 5*time.Second))
		fraction := id.renewAt * (1 - jitter*rand.Float64())
		age := min(time.Duration(fraction*float64(life)), max(life-minMargin, life/2))
		s.renewAt = s.began.Add(age)
	}
}

// valid reports whether the token is valid at that time, as far as is known.
func (s *session) valid(now time.Time) bool {
	return s != nil && !s.refused && (s.expires.IsZero() || now.Before(s.expires))
}

// usable reports whether callers can use the token without waiting for a new one.
func (s *session) usable(now time.Time) bool {
	return s.valid(now) && (s.until.IsZero() || now.Before(s.until))
}

func (s *session) due(now time.Time) bool {
	return !s.renewAt.IsZero() && !now.Before(s.renewAt)
}

// session returns the current token, after a sign-in if one is needed.
func (k *keeper) session(ctx context.Context, id *identity) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, gaveUp(err)
	}
	k.mu.Lock()
	now := time.Now()
	if !k.loaded {
		// Once, under the lock: whoever else needs a token waits for it anyway.
		k.loaded = true
		k.current = id.fromCache(now)
	}
	s := k.current
	switch {
	case k.closed:
		k.mu.Unlock()
		return nil, ErrClosed
	case s.usable(now):
		if s.due(now) && !now.Before(k.retryAt) {
			k.launchLocked(ctx, id)
		}
		k.mu.Unlock()
		return s, nil
	}
	if err := k.hopelessLocked(id, now); err != nil {
		k.mu.Unlock()
		if s.valid(now) {
			return s, nil
		}
		return nil, err
	}
	f := k.launchLocked(ctx, id)
	k.mu.Unlock()

	select {
	case <-f.done:
	case <-ctx.Done():
		if time.Now().Before(f.from) {
			return nil, fmt.Errorf("keystone: waiting to renew a token that was refused soon after its renewal: %w", ctx.Err())
		}
		return nil, gaveUp(ctx.Err())
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.closed:
		return nil, ErrClosed
	case f.err == nil:
		return f.got, nil
	case k.current.valid(time.Now()):
		return k.current, nil
	}
	return nil, f.err
}

func gaveUp(err error) error { return fmt.Errorf("keystone: waiting for a token: %w", err) }

// hopelessLocked returns why another sign-in cannot succeed now, or nil if it may.
func (k *keeper) hopelessLocked(id *identity, now time.Time) error {
	switch {
	case k.flight != nil:
		return nil
	case id.once() && k.current != nil && id.asGiven():
		return fmt.Errorf("the given token has expired and cannot be renewed; obtain a new one: %w", ErrRefused)
	case id.once() && k.current != nil:
		return fmt.Errorf("the token has expired and cannot be renewed, since a passcode works only once: %w", ErrRefused)
	case now.Before(k.retryAt):
		again := *k.lastErr
		again.retryAfter, again.repeated = roundUp(k.retryAt.Sub(now)), true
		return &again
	}
	return nil
}

// roundUp returns d in hundredths of a second, for people to read.
func roundUp(d time.Duration) time.Duration {
	const unit = 10 * time.Millisecond
	return (d + unit - 1).Truncate(unit)
}

// launchLocked starts a sign-in unless one is under way. The sign-in belongs to no
// caller: it uses the values of ctx, such as a trace, but does not end with it.
func (k *keeper) launchLocked(ctx context.Context, id *identity) *flight {
	if k.flight != nil {
		return k.flight
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{cancel: cancel, done: make(chan struct{}), from: k.renewAfter}
	k.flight = f
	replaces := k.current != nil && k.current.refused
	go func() {
		defer cancel()
		if backoff.Wait(ctx, time.Until(f.from)) {
			ctx, cancel := context.WithTimeout(ctx, signInTimeout)
			defer cancel()
			if replaces && id.cacheable() {
				id.cache.Drop(id.cacheKey())
			}
			if f.got, f.err = id.signIn(ctx); f.err == nil {
				id.toCache(f.got)
			}
		}
		k.land(f, replaces)
	}()
	return f
}

func (k *keeper) land(f *flight, replaces bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(f.done)
	k.flight = nil
	switch {
	case k.closed:
		f.got = nil
	case f.err != nil:
		now := time.Now()
		k.failures++
		f.err.retryAfter = k.pauseLocked(f.err, now)
		k.retryAt, k.lastErr = now.Add(f.err.retryAfter), f.err
	default:
		f.got.replaces = replaces
		k.current = f.got
		k.failures, k.retryAt, k.lastErr = 0, time.Time{}, nil
	}
}

// pauseLocked returns how long Keystone is not asked after this failure: as long as it
// asked for, or longer.
func (k *keeper) pauseLocked(failure *Error, now time.Time) time.Duration {
	var pause time.Duration
	switch s := k.current; {
	case s.usable(now):
		pause = afterRefusal.Longest(k.failures)
		if !s.until.IsZero() {
			pause = min(pause, s.until.Sub(now)) // then callers begin to wait
		}
	case failure.refused:
		pause = afterRefusal.Longest(k.failures)
	default:
		pause = backoff.Jittered(afterOutage.Longest(k.failures))
	}
	return max(pause, failure.retryAfter)
}

// invalidate marks the current session as refused if it has this token. It reports
// whether there is another token or may be one soon.
//
// A token that is refused soon after it replaced a refused one may be signed with a key
// that the servers do not have yet. So it is renewed again, but after a pause, which all
// callers wait for, and a few times only: the cause may also be an endpoint of another
// cloud. Then the token is kept until it is no longer new.
func (k *keeper) invalidate(token string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, now := k.current, time.Now()
	if s == nil || s.refused || s.token.Reveal() != token {
		// There is a newer one already, or will be.
		return true
	}
	switch fresh := s.freshAge(); {
	case !s.replaces || now.Sub(s.began) >= fresh:
		if now.Sub(s.doubted) >= fresh {
			k.renewals = 0
		}
		k.renewAfter = now
	case k.renewals < maxRenewals:
		k.renewAfter = s.began.Add(firstRenewalPause << k.renewals)
		k.renewals++
	default:
		s.doubted = now
		return false
	}
	s.refused = true
	return true
}

// freshAge is the age below which a token cannot have been refused because it expired.
func (s *session) freshAge() time.Duration {
	const most = 30 * time.Second
	if s.expires.IsZero() {
		return most
	}
	return min(most, s.expires.Sub(s.began)/10)
}
