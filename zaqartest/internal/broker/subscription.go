package broker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"iter"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// Subscription is a subscription as it is stored. As in Zaqar, it belongs to the
// name of a queue and outlives the queue.
type Subscription struct {
	ID         UUID
	Subscriber string // a URI
	TTL        int64  // seconds
	Created    Instant
	Expires    Instant
	Options    json.RawMessage // as they were sent, so not always an object
	Confirmed  bool
}

const subscriptionHeaderSize = 3*8 + 1 + 4

func (s Subscription) encode() []byte {
	out := make([]byte, 0, subscriptionHeaderSize+len(s.Subscriber)+len(s.Options))
	for _, n := range []int64{int64(s.Created), int64(s.Expires), s.TTL} {
		out = binary.BigEndian.AppendUint64(out, uint64(n))
	}
	confirmed := byte(0)
	if s.Confirmed {
		confirmed = 1
	}
	out = binary.BigEndian.AppendUint32(append(out, confirmed), uint32(len(s.Subscriber)))
	return append(append(out, s.Subscriber...), s.Options...)
}

func decodeSubscription(id UUID, value []byte) (Subscription, bool) {
	s := Subscription{ID: id}
	if len(value) < subscriptionHeaderSize {
		return s, false
	}
	s.Created = Instant(binary.BigEndian.Uint64(value))
	s.Expires = Instant(binary.BigEndian.Uint64(value[8:]))
	s.TTL = int64(binary.BigEndian.Uint64(value[16:]))
	s.Confirmed = value[24] == 1
	length, rest := binary.BigEndian.Uint32(value[25:]), value[subscriptionHeaderSize:]
	if uint64(length) > uint64(len(rest)) {
		return s, false
	}
	s.Subscriber, s.Options = string(rest[:length]), bytes.Clone(rest[length:])
	return s, true
}

// Option returns one of the options. If the options are not an object, there are
// none.
func (s Subscription) Option(name string) json.RawMessage {
	options, err := rawjson.Object(s.Options)
	if err != nil {
		return nil
	}
	return options[name]
}

// Subscriptions iterates over the live subscriptions to a queue by id, starting
// after marker. As on a real server, a marker that is not a subscription starts at
// the beginning.
func (r *ReadTx) Subscriptions(project, queue, marker string) iter.Seq[Subscription] {
	return func(yield func(Subscription) bool) {
		prefix := subscriptionsPrefix(project, queue)
		from := prefix
		if last, err := r.Subscription(project, queue, marker); err == nil {
			from = append(subscriptionKey(project, queue, last.ID), 0)
		}
		for key, value := range r.tx.Scan(from, prefixEnd(prefix)) {
			var id UUID
			copy(id[:], key[len(prefix):])
			s, ok := decodeSubscription(id, value)
			if !ok || s.Expires <= r.now {
				continue
			}
			if !yield(s) {
				return
			}
		}
	}
}

// Subscription returns a live subscription by its id. Any text may be given as the
// id.
func (r *ReadTx) Subscription(project, queue, id string) (Subscription, error) {
	wanted, ok := ParseUUID(id)
	if !ok {
		return Subscription{}, ErrNoSubscription
	}
	value, ok := r.tx.Get(subscriptionKey(project, queue, wanted))
	if !ok {
		return Subscription{}, ErrNoSubscription
	}
	s, ok := decodeSubscription(wanted, value)
	if !ok || s.Expires <= r.now {
		return Subscription{}, ErrNoSubscription
	}
	return s, nil
}

// bySubscriber returns the live subscription of a subscriber.
func (r *ReadTx) bySubscriber(project, queue, subscriber string) (Subscription, bool) {
	for s := range r.Subscriptions(project, queue, "") {
		if s.Subscriber == subscriber {
			return s, true
		}
	}
	return Subscription{}, false
}

// Subscribe makes an unconfirmed subscription with the subscriber, TTL and options
// of wanted. If the subscriber already has a subscription to the queue, that one is
// returned unchanged, and created is false.
func (w *WriteTx) Subscribe(project, queue string, wanted Subscription) (s Subscription, created bool) {
	if s, ok := w.bySubscriber(project, queue, wanted.Subscriber); ok {
		return s, false
	}
	wanted.ID, wanted.Confirmed = NewUUID(), false
	wanted.Created, wanted.Expires = w.now, w.now.Plus(wanted.TTL)
	w.PutSubscription(project, queue, wanted)
	return wanted, true
}

// UpdateSubscription changes the terms of a subscription. A new TTL counts from now
// on. It returns ErrSubscribed if the new subscriber has another subscription to the
// queue.
func (w *WriteTx) UpdateSubscription(project, queue string, s Subscription, terms SubscriptionTerms) error {
	was := s
	if terms.subscriber != nil {
		s.Subscriber = *terms.subscriber
	}
	if terms.options != nil {
		s.Options = terms.options
	}
	if other, ok := w.bySubscriber(project, queue, s.Subscriber); ok && other.ID != s.ID {
		return ErrSubscribed
	}
	if terms.ttl != nil {
		s.TTL = *terms.ttl
		s.Created, s.Expires = w.now, w.now.Plus(s.TTL)
		w.tx.Delete(expiryKey(was.Expires, subscriptionKey(project, queue, was.ID)))
	}
	w.PutSubscription(project, queue, s)
	return nil
}

// PutSubscription stores a subscription.
func (w *WriteTx) PutSubscription(project, queue string, s Subscription) {
	key := subscriptionKey(project, queue, s.ID)
	w.tx.Put(key, s.encode())
	w.tx.Put(expiryKey(s.Expires, key), nil)
}

// Unsubscribe removes a subscription.
func (w *WriteTx) Unsubscribe(project, queue string, s Subscription) {
	key := subscriptionKey(project, queue, s.ID)
	w.tx.Delete(expiryKey(s.Expires, key))
	w.tx.Delete(key)
}

// unsubscribeAll removes every subscription to a queue.
func (w *WriteTx) unsubscribeAll(project, queue string) {
	var all []Subscription
	for s := range w.Subscriptions(project, queue, "") {
		all = append(all, s)
	}
	for _, s := range all {
		w.Unsubscribe(project, queue, s)
	}
}
