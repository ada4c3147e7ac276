package broker

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/store"
)

// modelMessage is a message of the model, which walks over everything.
type modelMessage struct {
	id           UUID
	number       int // its place
	client       UUID
	expires      time.Time
	visibleAt    time.Time
	claim        UUID
	claimExpires time.Time
	count        int64
}

func (m *modelMessage) live() bool    { return m.expires.After(time.Now()) }
func (m *modelMessage) delayed() bool { return m.visibleAt.After(time.Now()) }
func (m *modelMessage) claimed() bool { return m.claimExpires.After(time.Now()) }

// modelQueue is a queue of the model.
type modelQueue struct {
	messages []*modelMessage
	appended int
}

func (q *modelQueue) where(is func(*modelMessage) bool) []*modelMessage {
	var out []*modelMessage
	for _, m := range q.messages {
		if m.live() && is(m) {
			out = append(out, m)
		}
	}
	return out
}

func (q *modelQueue) remove(gone ...*modelMessage) {
	q.messages = slices.DeleteFunc(q.messages, func(m *modelMessage) bool { return slices.Contains(gone, m) })
}

func (q *modelQueue) add(m modelMessage) {
	q.appended++
	m.number = q.appended
	q.messages = append(q.messages, &m)
}

// modelRun compares a broker with the model.
type modelRun struct {
	*testing.T
	rand    *rand.Rand
	broker  *Broker
	queues  map[string]*modelQueue
	made    []UUID             // the claims of queue "a", in the order in which they were made
	claims  map[UUID]time.Time // those that were not released, and when they end
	clients []UUID
}

const modelMaxCount = 3

func (r *modelRun) update(name string, fn func(*WriteTx, Queue)) {
	r.Helper()
	err := r.broker.Update(func(w *WriteTx) error {
		q, err := w.Queue("p", name)
		if err == nil {
			fn(w, q)
		}
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
}

func (r *modelRun) seconds(most int) time.Duration {
	return time.Duration(1+r.rand.IntN(most)) * time.Second
}

func (r *modelRun) post() {
	name := []string{"a", "a", "a", "b"}[r.rand.IntN(4)]
	r.update(name, func(w *WriteTx, q Queue) {
		for range 1 + r.rand.IntN(20) {
			ttl, delay := r.seconds(300), time.Duration(0)
			if r.rand.IntN(3) == 0 {
				delay = r.seconds(100)
			}
			client := r.clients[r.rand.IntN(len(r.clients))]
			m := w.Append(q, Draft{Body: []byte(`"body"`), TTL: int64(ttl.Seconds()), Delay: int64(delay.Seconds())}, client)
			r.queues[name].add(modelMessage{
				id: m.ID, client: client, expires: time.Now().Add(ttl), visibleAt: time.Now().Add(delay),
			})
		}
	})
}

// pick does to the model what a claim does, and returns what it takes.
func (r *modelRun) pick(limit int, claim UUID, ttl, grace time.Duration) []*modelMessage {
	a := r.queues["a"]
	var picked, dead []*modelMessage
	for _, m := range a.where(func(m *modelMessage) bool { return !m.claimed() && !m.delayed() }) {
		if m.count >= modelMaxCount {
			dead = append(dead, m)
			continue
		}
		if picked = append(picked, m); len(picked) == limit {
			break
		}
	}
	a.remove(dead...)
	for _, m := range dead {
		letter := *m
		letter.count, letter.claim, letter.claimExpires = 0, UUID{}, time.Time{}
		r.queues["dead"].add(letter)
	}
	for _, m := range picked {
		m.count++
		r.hold(m, claim, ttl, grace)
	}
	if len(picked) > 0 {
		r.made = append(r.made, claim)
		r.claims[claim] = time.Now().Add(ttl)
	}
	return picked
}

func (r *modelRun) hold(m *modelMessage, claim UUID, ttl, grace time.Duration) {
	m.claim, m.claimExpires = claim, time.Now().Add(ttl)
	if m.expires.Before(m.claimExpires) {
		m.expires = m.claimExpires.Add(grace)
	}
}

func (r *modelRun) claim() {
	limit, ttl, grace := 1+r.rand.IntN(20), r.seconds(120), r.seconds(120)
	r.update("a", func(w *WriteTx, q Queue) {
		c, got, err := w.CreateClaim(q, limit, ClaimTerms{TTL: int64(ttl.Seconds()), Grace: int64(grace.Seconds())})
		if err != nil {
			r.Fatal(err)
		}
		r.same("a claim", got, r.pick(limit, c.ID, ttl, grace))
	})
}

func (r *modelRun) pop() {
	limit := 1 + r.rand.IntN(5)
	got, _, err := r.broker.Pop("p", "a", limit)
	if err != nil {
		r.Fatal(err)
	}
	var claim UUID
	if len(got) > 0 {
		claim = got[0].ClaimID
	}
	want := r.pick(limit, claim, time.Second, 0)
	delete(r.claims, claim)
	r.same("a pop", got, want)
	r.queues["a"].remove(want...)
}

// anyClaim returns a claim that was made, and whether it lives.
func (r *modelRun) anyClaim() (id UUID, live bool) {
	all := slices.DeleteFunc(slices.Clone(r.made), func(id UUID) bool { return r.claims[id].IsZero() })
	if len(all) == 0 {
		return NewUUID(), false
	}
	id = all[r.rand.IntN(len(all))]
	return id, r.claims[id].After(time.Now())
}

func (r *modelRun) extend() {
	id, live := r.anyClaim()
	ttl, grace := r.seconds(200), r.seconds(100)
	err := r.broker.ExtendClaim("p", "a", id.String(), ClaimTerms{TTL: int64(ttl.Seconds()), Grace: int64(grace.Seconds())})
	if live != (err == nil) || err != nil && !errors.Is(err, ErrNoClaim) {
		r.Fatalf("extending a claim that lives (%v): %v", live, err)
	}
	if !live {
		return
	}
	for _, m := range r.queues["a"].where(func(m *modelMessage) bool { return m.claimed() && m.claim == id }) {
		r.hold(m, id, ttl, grace)
	}
	r.claims[id] = time.Now().Add(ttl)
}

func (r *modelRun) release() {
	id, live := r.anyClaim()
	if err := r.broker.ReleaseClaim("p", "a", id.String()); err != nil {
		r.Fatal(err)
	}
	if live {
		for _, m := range r.queues["a"].where(func(m *modelMessage) bool { return m.claimed() && m.claim == id }) {
			m.claim, m.claimExpires = UUID{}, time.Time{}
		}
	}
	delete(r.claims, id)
}

func (r *modelRun) anyMessage(name string) *modelMessage {
	if all := r.queues[name].messages; len(all) > 0 {
		return all[r.rand.IntN(len(all))] // it may have expired
	}
	return &modelMessage{id: NewUUID()}
}

func (r *modelRun) deleteOne() {
	m := r.anyMessage("a")
	claim, claimLives := "", false
	if r.rand.IntN(2) == 0 {
		var id UUID
		if id, claimLives = r.anyClaim(); r.rand.IntN(2) == 0 && m.claimed() {
			id, claimLives = m.claim, true
		}
		claim = id.String()
	}
	var want error
	switch {
	case !m.live():
	case claim == "" && m.claimed():
		want = ErrClaimed
	case claim == "":
	case !claimLives:
		want = ErrNoClaim
	case !m.claimed():
		want = ErrNotClaimed
	case m.claim.String() != claim:
		want = ErrOtherClaim
	}
	if err := r.broker.DeleteMessage("p", "a", m.id.String(), claim); !errors.Is(err, want) {
		r.Fatalf("deleting a message: %v, want %v", err, want)
	}
	if want == nil {
		r.queues["a"].remove(m)
	}
}

func (r *modelRun) deleteMany() {
	name := []string{"a", "b", "dead"}[r.rand.IntN(3)]
	var ids []string
	var gone []*modelMessage
	for range r.rand.IntN(20) {
		m := r.anyMessage(name)
		ids, gone = append(ids, m.id.String()), append(gone, m)
	}
	if err := r.broker.DeleteMessages("p", name, ids, nil, false); err != nil {
		r.Fatal(err)
	}
	r.queues[name].remove(gone...)
}

func (r *modelRun) purge() {
	if r.rand.IntN(20) > 0 {
		return
	}
	name := []string{"a", "b", "dead"}[r.rand.IntN(3)]
	if err := r.broker.Purge("p", name, PurgeScope{Messages: true}); err != nil {
		r.Fatal(err)
	}
	r.queues[name].messages = nil
}

// fail checks that a failed transaction leaves no trace.
func (r *modelRun) fail() {
	failure := errors.New("no")
	err := r.broker.Update(func(w *WriteTx) error {
		q, err := w.Queue("p", "a")
		if err != nil {
			return err
		}
		w.Append(q, Draft{Body: []byte("1"), TTL: 60}, UUID{})
		if _, _, err := w.CreateClaim(q, 5, ClaimTerms{TTL: 60}); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		r.Fatal(err)
	}
}

func (r *modelRun) same(what string, got []Message, want []*modelMessage) {
	r.Helper()
	if len(got) != len(want) {
		r.Fatalf("%s has %d messages, not %d", what, len(got), len(want))
	}
	now := InstantOf(time.Now())
	for i, m := range got {
		w := want[i]
		held := UUID{}
		if w.claimed() {
			held = w.claim
		}
		if m.ID != w.id || int(m.Number) != w.number || m.ClaimID != held || m.Client != w.client || m.ClaimCount != w.count ||
			m.Expires != InstantOf(w.expires) || m.Delayed(now) != w.delayed() || string(m.Body) != `"body"` {
			r.Fatalf("message %d of %s is %+v, want %+v", i, what, m, *w)
		}
	}
}

// look compares all that can be read.
func (r *modelRun) look(name string) {
	model := r.queues[name]
	err := r.broker.View(func(tx *ReadTx) error {
		q, err := tx.Queue("p", name)
		if err != nil {
			return err
		}
		all := model.where(func(*modelMessage) bool { return true })
		r.same("the queue", slices.Collect(tx.Messages(q, 0)), all)
		counts := tx.Count(q)
		claimed := model.where((*modelMessage).claimed)
		if counts.Total != len(all) || counts.Claimed != len(claimed) {
			r.Fatalf("%d of %d messages are claimed, not %d of %d", counts.Claimed, counts.Total, len(claimed), len(all))
		}
		if len(all) > 0 {
			r.same("the ends", []Message{counts.Oldest, counts.Newest}, []*modelMessage{all[0], all[len(all)-1]})
		}
		for choice := range 8 {
			f := MessageFilter{HideOwn: choice&1 != 0, HideClaimed: choice&2 != 0, HideDelayed: choice&4 != 0}
			f.Own, f.Limit = r.clients[0], 1+r.rand.IntN(30)
			marker := r.rand.IntN(model.appended + 2)
			want := model.where(func(m *modelMessage) bool {
				hidden := f.HideOwn && m.client == f.Own || f.HideClaimed && m.claimed() || f.HideDelayed && m.delayed()
				return m.number > marker && !hidden
			})
			r.same(fmt.Sprintf("the page %+v", f), tx.Page(q, uint64(marker), f), want[:min(f.Limit, len(want))])
		}
		for range 5 {
			m := r.anyMessage(name)
			got, err := tx.Message(q, m.id.String())
			if m.live() != (err == nil) {
				r.Fatalf("a message that lives (%v): %v", m.live(), err)
			}
			if err == nil {
				r.same("one", []Message{got}, []*modelMessage{m})
			}
		}
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
}

func (r *modelRun) lookAtClaim() {
	id, live := r.anyClaim()
	err := r.broker.View(func(tx *ReadTx) error {
		q, err := tx.Queue("p", "a")
		if err != nil {
			return err
		}
		c, err := tx.Claim(q, id.String())
		if live != (err == nil) {
			r.Fatalf("a claim that lives (%v): %v", live, err)
		}
		if err == nil {
			r.same("the claim", tx.ClaimMessages(q, c), r.queues["a"].where(func(m *modelMessage) bool { return m.claimed() && m.claim == id }))
		}
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
}

// Time stands still unless the model lets it pass, so what has expired is exact.
func TestTheBrokerDoesWhatAModelDoes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { runModel(t, seed) })
		})
	}
}

func runModel(t *testing.T, seed uint64) {
	kept := store.NewMemory()
	r := &modelRun{
		T: t, rand: rand.New(rand.NewPCG(seed, 7)), broker: New(kept, &Clock{}, false),
		queues: map[string]*modelQueue{"a": {}, "b": {}, "dead": {}}, claims: map[UUID]time.Time{},
		clients: []UUID{NewUUID(), NewUUID(), {}},
	}
	if seed%2 == 1 {
		if err := r.broker.Bound(1 << 40); err != nil {
			t.Fatal(err)
		}
	}
	for name := range r.queues {
		content := Metadata{}
		if name == "a" {
			content = Metadata{"_max_claim_count": []byte(fmt.Sprint(modelMaxCount)), "_dead_letter_queue": []byte(`"dead"`)}
		}
		if _, err := r.broker.CreateQueue("p", name, content); err != nil {
			t.Fatal(err)
		}
	}
	operations := []func(){
		r.post, r.post, r.claim, r.claim, r.pop, r.extend, r.release, r.deleteOne, r.deleteOne, r.deleteMany, r.purge, r.fail,
		r.lookAtClaim, func() { time.Sleep(r.seconds(60)) },
	}
	for range 800 {
		operations[r.rand.IntN(len(operations))]()
		r.look([]string{"a", "a", "b", "dead"}[r.rand.IntN(4)])
	}
	used := r.broker.Used()
	if seed%2 == 1 {
		r.broker.meter.used.Store(0)
		if err := r.broker.Bound(1 << 40); err != nil || r.broker.Used() != used {
			t.Errorf("%d bytes are counted, %d are stored, %v", used, r.broker.Used(), err)
		}
	}
	for name := range r.queues {
		if err := r.broker.DeleteQueue("p", name); err != nil {
			t.Fatal(err)
		}
	}
	if left := keysOf(t, kept); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}
