package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

var publishing = []behaviour{
	{"what a publisher says is stored is stored, in its order", func(t *testing.T, s *suite) {
		q := s.queue(t)
		p := q.Publisher(zaqar.PublisherConfig{BatchMessages: 30})
		var want []string
		for _, f := range publish(t, p, numbered(100)...) {
			id, err := f.Wait(t.Context())
			if err != nil {
				t.Errorf("message %d: %v", len(want), err)
			}
			want = append(want, id)
		}
		if got := ids(all(t, q.Messages(t.Context()))); !slices.Equal(got, want) {
			t.Errorf("stored %v, want %v", got, want)
		}
	}},
	{"a bad message fails alone among those of its batch", func(t *testing.T, s *suite) {
		q := s.queue(t)
		tooLong := zaqar.Outgoing{Body: "bad", TTL: 1000 * 24 * time.Hour}
		futures := publish(t, q.Publisher(zaqar.PublisherConfig{}), 0, 1, tooLong, 2, tooLong, 3)
		for i, f := range futures {
			if i == 2 || i == 4 {
				matches(t, f.Err(), zaqar.ErrInvalid)
				if !zaqar.SafeToRetry(f.Err()) {
					t.Errorf("message %d may be stored: %v", i, f.Err())
				}
			} else if err := f.Err(); err != nil {
				t.Errorf("message %d: %v", i, err)
			}
		}
		if got := bodies(all(t, q.Messages(t.Context()))); !slices.Equal(got, []string{"0", "1", "2", "3"}) {
			t.Errorf("stored %v", got)
		}
	}},
	{"a publisher fills requests up to the limit and not above", func(t *testing.T, s *suite) {
		q := s.queue(t)
		const size = 20_000
		futures := publish(t, q.Publisher(zaqar.PublisherConfig{}), slices.Repeat([]any{strings.Repeat("x", size)}, 40)...)
		for i, f := range futures {
			if err := f.Err(); err != nil {
				t.Errorf("message %d of %d bytes: %v", i, size, err)
			}
		}
		if n := len(all(t, q.Messages(t.Context()))); n != 40 {
			t.Errorf("%d messages are stored", n)
		}
	}},
	{"a publisher keeps to the limit of its queue", func(t *testing.T, s *suite) {
		q := s.queue(t, zaqar.Reserved{MaxMessagesPostSize: 500})
		futures := publish(t, q.Publisher(zaqar.PublisherConfig{}), append(numbered(100), strings.Repeat("x", 600))...)
		for i, f := range futures[:100] {
			if err := f.Err(); err != nil {
				t.Errorf("message %d: %v", i, err)
			}
		}
		matches(t, futures[100].Err(), zaqar.ErrTooLarge)
		if n := len(all(t, q.Messages(t.Context()))); n != 100 {
			t.Errorf("%d messages are stored", n)
		}
	}},
}

// publish publishes bodies and closes the publisher.
func publish(t *testing.T, p *zaqar.Publisher, bodies ...any) []*zaqar.Future[string] {
	t.Helper()
	futures := make([]*zaqar.Future[string], len(bodies))
	for i, body := range bodies {
		futures[i] = p.Publish(t.Context(), body)
	}
	err := p.Close(t.Context())
	if _, failed := errors.AsType[*zaqar.PublishError](err); err != nil && !failed { // the futures are read later
		t.Errorf("closing the publisher: %v", err)
	}
	if messages, bytes := p.Outstanding(); messages != 0 || bytes != 0 {
		t.Errorf("%d messages of %d bytes are outstanding", messages, bytes)
	}
	return futures
}
