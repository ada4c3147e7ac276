package broker

import (
	"bytes"
	"encoding/binary"
)

// Each key of the store begins with a letter that names its space.
//
//	q project 0 name   a queue: its uid and its metadata
//	n uid              the number that the queue's next message gets
//	m uid number       a message; numbers give the order of a queue
//	i uid id           the number of a message that kept its id from another queue
//	c uid id           a claim, with the numbers of its messages
//	s project 0 name 0 id   a subscription
//	p name             a pool
//	f project 0 name   a flavor
//	x time key         the index of expiry times; key is what expires then
//
// A queue that is deleted and created again has another uid, so nothing of the old
// queue can appear in the new one.
const (
	queueSpace     = 'q'
	numberSpace    = 'n'
	messageSpace   = 'm'
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

func messageKey(uid UUID, number uint64) []byte {
	return binary.BigEndian.AppendUint64(spaceKey(messageSpace, uid), number)
}

// expiryKey is the index entry of something that expires. key is that of a message, a
// claim or a subscription.
func expiryKey(at Instant, key []byte) []byte {
	out := binary.BigEndian.AppendUint64([]byte{expirySpace}, uint64(at))
	return append(out, key...)
}

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
