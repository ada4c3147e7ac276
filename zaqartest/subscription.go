package zaqartest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"iter"
)

var (
	errNoSubscription = errors.New("the subscription does not exist")
	// errSubscribed: another subscription of the queue has that subscriber.
	errSubscribed = errors.New("the subscriber has a subscription already")
)

// subscription is a subscription as it is stored. It belongs to the name of a
// queue, not to the queue: it outlives the deletion of the queue, as in Zaqar.
type subscription struct {
	id         uuid
	subscriber string // a URI
	ttl        int64  // seconds
	created    instant
	expires    instant
	options    json.RawMessage // as they came, so not always an object
	confirmed  bool
}

const subscriptionHead = 3*8 + 1 + 4

func (s subscription) encode() []byte {
	out := make([]byte, 0, subscriptionHead+len(s.subscriber)+len(s.options))
	for _, n := range []int64{int64(s.created), int64(s.expires), s.ttl} {
		out = binary.BigEndian.AppendUint64(out, uint64(n))
	}
	confirmed := byte(0)
	if s.confirmed {
		confirmed = 1
	}
	out = binary.BigEndian.AppendUint32(append(out, confirmed), uint32(len(s.subscriber)))
	return append(append(out, s.subscriber...), s.options...)
}

func decodeSubscription(id uuid, value []byte) (subscription, bool) {
	s := subscription{id: id}
	if len(value) < subscriptionHead {
		return s, false
	}
	s.created = instant(binary.BigEndian.Uint64(value))
	s.expires = instant(binary.BigEndian.Uint64(value[8:]))
	s.ttl = int64(binary.BigEndian.Uint64(value[16:]))
	s.confirmed = value[24] == 1
	length, rest := binary.BigEndian.Uint32(value[25:]), value[subscriptionHead:]
	if uint64(length) > uint64(len(rest)) {
		return s, false
	}
	s.subscriber, s.options = string(rest[:length]), bytes.Clone(rest[length:])
	return s, true
}

// option reads one of the options, of which there are none where they are no
// object.
func (s subscription) option(name string) json.RawMessage {
	options, err := object(s.options)
	if err != nil {
		return nil
	}
	return options[name]
}

// subscriptions goes through the live subscriptions of a queue by id, from the
// one after marker on. As on a real server, a marker that is no subscription
// (any more) starts over.
func (r *reading) subscriptions(project, queue, marker string) iter.Seq[subscription] {
	return func(yield func(subscription) bool) {
		prefix := subscriptionsPrefix(project, queue)
		from := prefix
		if last, err := r.subscription(project, queue, marker); err == nil {
			from = append(subscriptionKey(project, queue, last.id), 0)
		}
		for key, value := range r.tx.Scan(from, after(prefix)) {
			var id uuid
			copy(id[:], key[len(prefix):])
			s, ok := decodeSubscription(id, value)
			if !ok || s.expires <= r.now {
				continue
			}
			if !yield(s) {
				return
			}
		}
	}
}

// subscription finds a live subscription by its id, which may come from
// anywhere.
func (r *reading) subscription(project, queue, id string) (subscription, error) {
	wanted, ok := parseUUID(id)
	if !ok {
		return subscription{}, errNoSubscription
	}
	value, ok := r.tx.Get(subscriptionKey(project, queue, wanted))
	if !ok {
		return subscription{}, errNoSubscription
	}
	s, ok := decodeSubscription(wanted, value)
	if !ok || s.expires <= r.now {
		return subscription{}, errNoSubscription
	}
	return s, nil
}

// subscribed finds the live subscription of a subscriber.
func (r *reading) subscribed(project, queue, subscriber string) (subscription, bool) {
	for s := range r.subscriptions(project, queue, "") {
		if s.subscriber == subscriber {
			return s, true
		}
	}
	return subscription{}, false
}

// subscribe makes a subscription, which is not confirmed, for wanted's
// subscriber, ttl and options. A subscriber who has one keeps it as it is;
// created tells which.
func (w *writing) subscribe(project, queue string, wanted subscription) (s subscription, created bool) {
	if s, ok := w.subscribed(project, queue, wanted.subscriber); ok {
		return s, false
	}
	wanted.id, wanted.confirmed = newUUID(), false
	wanted.created, wanted.expires = w.now, w.now.plus(wanted.ttl)
	w.putSubscription(project, queue, wanted)
	return wanted, true
}

// resubscribe changes the terms of a subscription. A new TTL counts from now on. A
// new subscriber must not have another subscription to the queue.
func (w *writing) resubscribe(project, queue string, s subscription, terms subscriptionTerms) error {
	was := s
	if terms.subscriber != nil {
		s.subscriber = *terms.subscriber
	}
	if terms.options != nil {
		s.options = terms.options
	}
	if other, ok := w.subscribed(project, queue, s.subscriber); ok && other.id != s.id {
		return errSubscribed
	}
	if terms.ttl != nil {
		s.ttl = *terms.ttl
		s.created, s.expires = w.now, w.now.plus(s.ttl)
		w.tx.Delete(expiryKey(was.expires, subscriptionKey(project, queue, was.id)))
	}
	w.putSubscription(project, queue, s)
	return nil
}

func (w *writing) putSubscription(project, queue string, s subscription) {
	key := subscriptionKey(project, queue, s.id)
	w.tx.Put(key, s.encode())
	w.tx.Put(expiryKey(s.expires, key), nil)
}

// unsubscribe removes a subscription.
func (w *writing) unsubscribe(project, queue string, s subscription) {
	key := subscriptionKey(project, queue, s.id)
	w.tx.Delete(expiryKey(s.expires, key))
	w.tx.Delete(key)
}

// unsubscribeAll removes every subscription of a queue.
func (w *writing) unsubscribeAll(project, queue string) {
	var all []subscription
	for s := range w.subscriptions(project, queue, "") {
		all = append(all, s)
	}
	for _, s := range all {
		w.unsubscribe(project, queue, s)
	}
}
