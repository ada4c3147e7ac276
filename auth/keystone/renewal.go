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
	// defaultRenewAt is the fraction of its lifetime after which a token is
	// renewed; jitter is how much earlier some of them are.
	defaultRenewAt = 0.8
	jitter         = 0.05
	// spare is what a renewal has at least before the old token ends, but never
	// more than half of its life: a fifth of a short life is less than what a
	// Keystone under load needs, and a WebSocket ends with its token.
	spare = 5 * time.Second

	// signInTimeout ends a sign-in that hangs.
	signInTimeout = 30 * time.Second

	// A failed sign-in is repeated after firstPause, then after twice that, and
	// so on up to maxPause.
	firstPause = time.Second
	maxPause   = time.Minute
)

// flight is one sign-in under way, for all who wait for it.
type flight struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the two below are set
	got    *session
	err    error
}

// keeper keeps the token of an [Auth].
type keeper struct {
	mu      sync.Mutex
	current *session // the newest, even when it has ended; nil before the first
	flight  *flight  // the sign-in under way; nil when there is none
	closed  bool
	// What the last failed sign-ins ask for: no new one before retryAt.
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

// lives sets the times of a token that ends in life.
func (s *session) lives(life time.Duration, id *identity) {
	s.expires = s.began.Add(life)
	s.until = s.expires
	if id.early() {
		s.until = s.expires.Add(-min(life/20, 5*time.Second))
		fraction := id.renewAt * (1 - jitter*rand.Float64())
		age := min(time.Duration(fraction*float64(life)), max(life-spare, life/2))
		s.renewAt = s.began.Add(age)
	}
}

// serves reports whether the token is good at that moment, as far as is known.
func (s *session) serves(now time.Time) bool {
	return s != nil && !s.refused && (s.expires.IsZero() || now.Before(s.expires))
}

// rests reports whether the token can be used without a thought.
func (s *session) rests(now time.Time) bool {
	return s.serves(now) && (s.until.IsZero() || now.Before(s.until))
}

func (s *session) due(now time.Time) bool {
	return !s.renewAt.IsZero() && !now.Before(s.renewAt)
}

// session returns the current token, after a sign-in if that is needed.
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
	case s.rests(now):
		if s.due(now) && !now.Before(k.retryAt) {
			k.launch(ctx, id)
		}
		k.mu.Unlock()
		return s, nil
	}
	if err := k.hopeless(id, now); err != nil {
		k.mu.Unlock()
		if s.serves(now) {
			return s, nil
		}
		return nil, err
	}
	f := k.launch(ctx, id)
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
	if k.current.serves(time.Now()) && !k.closed {
		return k.current, nil
	}
	return nil, f.err
}

func gaveUp(err error) error { return fmt.Errorf("keystone: waiting for a token: %w", err) }

// hopeless says why another sign-in would be of no use now, nil when it may be.
func (k *keeper) hopeless(id *identity, now time.Time) error {
	switch {
	case k.flight != nil:
		return nil
	case id.once() && k.current != nil && id.asGiven():
		return fmt.Errorf("the given token has ended and cannot be renewed, obtain a new one: %w", ErrRefused)
	case id.once() && k.current != nil:
		return fmt.Errorf("the token has ended, and its passcode was good for one sign-in only: %w", ErrRefused)
	case now.Before(k.retryAt) && errors.Is(k.lastErr, ErrRefused):
		// Keystone may lock a user after a few wrong passwords.
		return k.lastErr
	}
	return nil
}

// launch starts a sign-in unless one is under way. It belongs to no caller: ctx
// lends it values, such as a trace, but cannot end it. k.mu is held.
func (k *keeper) launch(ctx context.Context, id *identity) *flight {
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

// invalidate marks the current session as refused if the token is its own, and
// reports whether another one may come or is there.
func (k *keeper) invalidate(token string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.current
	if s == nil || s.refused || s.token.Reveal() != token {
		// A newer one is there already, or will be.
		return true
	}
	if s.replaces && time.Since(s.began) < s.fresh() {
		return false
	}
	s.refused = true
	return true
}

// fresh is the age up to which a token is too young to be refused for its age.
func (s *session) fresh() time.Duration {
	const most = 30 * time.Second
	if s.expires.IsZero() {
		return most
	}
	return min(most, s.expires.Sub(s.began)/10)
}
