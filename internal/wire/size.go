package wire

// Size returns how long the message is as JSON.
func (m Outgoing) Size() int {
	size := len(`{"body":}`) + len(m.Body)
	if m.Body == nil {
		size += len("null")
	}
	if m.TTL != nil {
		size += len(`,"ttl":`) + digits(*m.TTL)
	}
	if m.Delay != nil {
		size += len(`,"delay":`) + digits(*m.Delay)
	}
	return size
}

// digits returns how long a number is as text.
func digits(n int64) int {
	count := 1
	if n < 0 {
		count++
	}
	for n /= 10; n != 0; n /= 10 {
		count++
	}
	return count
}
