package consumer_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/internal/consumer"
	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/observe"
)

// machine is a queue with one claim of many messages, on a machine that may be suspended:
// its monotonic clock is that of the bubble, and the wall clock runs ahead.
type machine struct {
	mu       sync.Mutex
	ahead    time.Duration // of the wall clock
	ended    bool          // the claim has ended on the server
	claimed  bool
	workers  int
	size     int
	extends  int
	together []int // how many messages were deleted with one request, each time
	deleted  map[string]bool
}

func (m *machine) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *machine) wall() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Add(m.ahead)
}

func (m *machine) Name() string { return "wot" }

func (m *machine) Claim(context.Context, int) (consumer.Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.claimed {
		return nil, nil
	}
	m.claimed = true
	return machineClaim{m}, nil
}

func (m *machine) Delete(_ context.Context, id, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return fault.ClaimLost
	}
	m.deleted[id] = true
	return nil
}

func (m *machine) DeleteAll(ctx context.Context, ids, _ []string) error {
	m.set(func() { m.together = append(m.together, len(ids)) })
	for _, id := range ids {
		m.set(func() { m.deleted[id] = true }) // it does not look at claims
	}
	return ctx.Err()
}

func (m *machine) Present(context.Context, []string) (map[string]bool, error) { return nil, nil }

func (m *machine) PostDeadLetter(context.Context, consumer.DeadLetter) (bool, error) {
	return false, nil
}

func (m *machine) Judge(error) consumer.Verdict           { return consumer.Passing }
func (m *machine) Hopeless(error) bool                    { return false }
func (m *machine) RefusesLimit(error) bool                { return false }
func (m *machine) RetryAfter(error) time.Duration         { return 0 }
func (m *machine) Observe(context.Context, observe.Event) {}

type machineClaim struct{ *machine }

func (c machineClaim) ID() string { return "c" }

func (c machineClaim) Messages() []consumer.Message {
	var messages []consumer.Message
	for i := range c.size {
		messages = append(messages, machineMessage(fmt.Sprint(i)))
	}
	return messages
}

func (c machineClaim) Extend(context.Context, time.Duration, time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.extends++; c.ended {
		return fault.ClaimLost
	}
	return nil
}

func (c machineClaim) Release(context.Context) error { return nil }

type machineMessage string

func (m machineMessage) ID() string              { return string(m) }
func (m machineMessage) TTL() time.Duration      { return 24 * time.Hour }
func (m machineMessage) Age() time.Duration      { return 0 }
func (m machineMessage) Body() []byte            { return []byte(m) }
func (m machineMessage) Verify() error           { return nil }
func (m machineMessage) Rebind(consumer.Message) {}

// on runs a consumer on a machine until test has returned, and returns which messages were
// begun.
func on(t *testing.T, m *machine, takes time.Duration, test func(begun func() int)) {
	t.Helper()
	m.deleted = map[string]bool{}
	engine := consumer.New(m, consumer.Config{
		Workers: max(m.workers, 1), ClaimSize: m.size, Prefetch: m.size, MaxHeld: 100, MaxWaiting: 1000, TTL: 2 * time.Minute, Grace: time.Minute,
		ExtendAt: 0.5, OnFailure: consumer.RetryHere, Poll: backoff.Backoff{First: time.Minute, Most: time.Minute},
		StopTimeout: time.Minute, GiveUpAfter: time.Minute, WallClock: m.wall,
		Classify: func(error) consumer.Failure { return consumer.Failure{} },
	})
	var mu sync.Mutex
	n := 0
	begun := func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- engine.Run(ctx, func(ctx context.Context, _ consumer.Message) error {
			mu.Lock()
			n++
			mu.Unlock()
			select {
			case <-time.After(takes):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			return nil
		})
	}()
	test(begun)
	leave()
	if err := <-ended; err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestNothingIsBegunAfterASuspensionBeforeItsClaimIsExtended(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &machine{size: 20}
		on(t, m, 5*time.Second, func(begun func() int) {
			time.Sleep(12 * time.Second) // the third is running
			m.set(func() { m.ahead, m.ended = 8*time.Hour, true })
			time.Sleep(10 * time.Minute)
			if n := begun(); n != 3 {
				t.Errorf("%d messages were begun although their claim had ended", n-3)
			}
		})
	})
}

func TestARunningHandlerLearnsSoonAfterASuspensionThatItsClaimHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &machine{size: 1}
		on(t, m, time.Hour, func(func() int) {
			time.Sleep(time.Second)
			m.set(func() { m.ahead, m.ended = 8*time.Hour, true })
			time.Sleep(15 * time.Second)
			m.set(func() {
				if m.extends != 1 {
					t.Errorf("the claim was extended %d times", m.extends)
				}
			})
		})
	})
}

func TestTheWallClockAloneDecidesNoLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &machine{size: 20}
		on(t, m, 5*time.Second, func(begun func() int) {
			time.Sleep(12 * time.Second)
			m.set(func() { m.ahead = 8 * time.Hour }) // somebody sets the clock; the claim lives
			time.Sleep(30 * time.Second)
			m.set(func() { m.ahead = -8 * time.Hour })
			time.Sleep(10 * time.Minute)
			m.set(func() {
				if n := begun(); n != 20 || len(m.deleted) != 20 {
					t.Errorf("%d messages were begun, %d deleted", n, len(m.deleted))
				}
			})
		})
	})
}

func TestAMachineThatNeverSleepsExtendsAsBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &machine{size: 20}
		on(t, m, 5*time.Second, func(begun func() int) {
			time.Sleep(10 * time.Minute)
			m.set(func() {
				if n := begun(); n != 20 || m.extends < 1 || m.extends > 3 {
					t.Errorf("%d messages were begun, and the claim was extended %d times", n, m.extends)
				}
			})
		})
	})
}

func TestAfterTheWallClockWasSetMessagesAreDeletedWithTheirClaimUntilItIsExtended(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"forward": 8 * time.Hour, "back": -8 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := &machine{size: 200, workers: 10}
				on(t, m, 10*time.Second, func(func() int) {
					together := func() (n int) {
						m.set(func() { n = len(m.together) })
						return n
					}
					time.Sleep(15 * time.Second)
					if n := together(); n != 1 {
						t.Errorf("%d deletions of many before the clock was set", n)
					}
					m.set(func() { m.ahead = by })
					for together() == 1 {
						time.Sleep(time.Second)
						m.set(func() {
							if m.extends == 0 && len(m.together) > 1 {
								t.Error("messages were deleted together before their claim was extended")
							}
						})
					}
					time.Sleep(10 * time.Minute)
					m.set(func() {
						if len(m.deleted) != 200 || len(m.together) < 10 {
							t.Errorf("%d messages were deleted, %d times together", len(m.deleted), len(m.together))
						}
					})
				})
			})
		})
	}
}
