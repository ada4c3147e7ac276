package keystone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
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

	// After a failed sign-in the back-off is firstPause, and doubles with each further
	// failure up to maxPause.
	firstPause = time.Second
	maxPause   = time.Minute
)

// flight is one sign-in under way, shared by all callers that wait for it.
type flight struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the fields below are set
	got    *session
	err    error
}

// keeper keeps the token of an [Auth].
type keeper struct {
	mu      sync.Mutex
	current *session // the newest, even if it has expired; nil before the first
	flight  *flight  // the sign-in under way; nil if there is none
	closed  bool
	// The back-off after failed sign-ins: there is no new one before retryAt.
	failures int
	retryAt  time.Time
	lastErr  error
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
	s, now := k.current, time.Now()
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
		return nil, gaveUp(ctx.Err())
	}
	if f.err == nil {
		return f.got, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current.valid(time.Now()) && !k.closed {
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
	case now.Before(k.retryAt) && errors.Is(k.lastErr, ErrRefused):
		// Another try could lock the user: Keystone may do that after a few wrong
		// passwords.
		return k.lastErr
	}
	return nil
}

// launchLocked starts a sign-in unless one is under way. The sign-in belongs to no
// caller: it uses the values of ctx, such as a trace, but does not end with it.
func (k *keeper) launchLocked(ctx context.Context, id *identity) *flight {
	if k.flight != nil {
		return k.flight
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signInTimeout)
	f := &flight{cancel: cancel, done: make(chan struct{})}
	k.flight = f
	replaces := k.current != nil && k.current.refused
	go func() {
		defer cancel()
		f.got, f.err = id.signIn(ctx)
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
		f.got, f.err = nil, ErrClosed
	case f.err != nil:
		k.lastErr = f.err
		k.retryAt = time.Now().Add(min(firstPause<<min(k.failures, 10), maxPause))
		k.failures++
	default:
		f.got.replaces = replaces
		k.current = f.got
		k.failures, k.retryAt, k.lastErr = 0, time.Time{}, nil
	}
}

// invalidate marks the current session as refused if it has this token. It reports
// whether there is another token or may be one soon.
func (k *keeper) invalidate(token string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.current
	if s == nil || s.refused || s.token.Reveal() != token {
		// There is a newer one already, or will be.
		return true
	}
	if s.replaces && time.Since(s.began) < s.freshAge() {
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
