package broker

import (
	"bytes"
	"encoding/binary"
)

// Each key of the store begins with a letter that names its space.
//
//	q project 0 name   a queue: its uid and its metadata
//	t project          how many queues a project has
//	n uid              the queue's tally: how many messages it has and had
//	m uid number       a message; numbers give the order of a queue
//	r uid number       the message is ready: neither claimed nor delayed
//	d uid number       the message is delayed
//	h uid number       the message is held by a claim, whose id is the value
//	i uid id           the number of a message that kept its id from another queue
//	c uid id           a claim, with the numbers of its messages
//	s project 0 name 0 id   a subscription
//	p name             a pool
//	f project 0 name   a flavor
//	x time key         the index of times; key is the message, claim or subscription
//	                   that expires then, or the delay that ends
//
// Each message is in one of the spaces r, d and h, so that nobody walks over messages
// that are of no use to him.
//
// A queue that is deleted and created again has another uid, so nothing of the old
// queue can appear in the new one.
const (
	queueSpace     = 'q'
	projectSpace   = 't'
	tallySpace     = 'n'
	messageSpace   = 'm'
	readySpace     = 'r'
	delayedSpace   = 'd'
	heldSpace      = 'h'
	foreignIDSpace = 'i'
	claimSpace     = 'c'
	expirySpace    = 'x'

	subscriptionSpace = 's'
	poolSpace         = 'p'
	flavorSpace       = 'f'
)

func queueKey(project, name string) []byte {
	return append(queuesPrefix(project), name...)
}

func queuesPrefix(project string) []byte {
	return append(append([]byte{queueSpace}, project...), 0)
}

// spaceKey is a key in a space that belongs to one queue.
func spaceKey(space byte, uid UUID, rest ...byte) []byte {
	key := make([]byte, 0, 1+len(uid)+len(rest))
	key = append(key, space)
	key = append(key, uid[:]...)
	return append(key, rest...)
}

// numberKey is the key of a message in one of the spaces of messages.
func numberKey(space byte, uid UUID, number uint64) []byte {
	return appendNumberKey(make([]byte, 0, numberKeySize), space, uid, number)
}

const numberKeySize = 1 + 16 + 8

func appendNumberKey(out []byte, space byte, uid UUID, number uint64) []byte {
	out = append(append(out, space), uid[:]...)
	return binary.BigEndian.AppendUint64(out, number)
}

func messageKey(uid UUID, number uint64) []byte { return numberKey(messageSpace, uid, number) }

// keyNumber returns the number of the message that a key names.
func keyNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[numberKeySize-8:]) }

// expiryKey is the index entry of something that ends. key is that of a message, a claim,
// a subscription or a delay.
func expiryKey(at Instant, key []byte) []byte {
	return appendExpiryKey(make([]byte, 0, 1+8+len(key)), at, key)
}

func appendExpiryKey(out []byte, at Instant, key []byte) []byte {
	out = binary.BigEndian.AppendUint64(append(out, expirySpace), uint64(at))
	return append(out, key...)
}

// keyBuffers are where a transaction makes the keys that it needs for one call only.
type keyBuffers struct{ number, expiry []byte }

// numberKey is like the function of that name. The key is good until the next call.
func (b *keyBuffers) numberKey(space byte, uid UUID, number uint64) []byte {
	b.number = appendNumberKey(b.number[:0], space, uid, number)
	return b.number
}

// expiryKey is like the function of that name. The key is good until the next call.
func (b *keyBuffers) expiryKey(at Instant, key []byte) []byte {
	b.expiry = appendExpiryKey(b.expiry[:0], at, key)
	return b.expiry
}

func projectKey(project string) []byte { return append([]byte{projectSpace}, project...) }

// prefixEnd is the end of a scan over all keys that begin with prefix.
func prefixEnd(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		end[i]++
		if end[i] != 0 {
			return end[:i+1]
		}
	}
	return []byte{0xff}
}

func subscriptionsPrefix(project, queue string) []byte {
	key := append([]byte{subscriptionSpace}, project...)
	return append(append(append(key, 0), queue...), 0)
}

func subscriptionKey(project, queue string, id UUID) []byte {
	return append(subscriptionsPrefix(project, queue), id[:]...)
}

func poolKey(name string) []byte { return append([]byte{poolSpace}, name...) }

func flavorKey(project, name string) []byte {
	return append(append(append([]byte{flavorSpace}, project...), 0), name...)
}
