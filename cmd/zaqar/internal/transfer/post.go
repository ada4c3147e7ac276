// Package transfer moves messages between queues. It posts a message before it deletes it
// elsewhere, so that each message is moved at least once.
package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/zaqar-go/zaqar"
)

// Batch is how many messages are moved with one request.
const Batch = 20

// Post posts messages in their order. If the server refuses them because they are too
// large together, it posts them in smaller parts. It returns how many were posted.
func Post(ctx context.Context, to *zaqar.Queue, messages []zaqar.Outgoing) (posted int, err error) {
	if len(messages) == 0 {
		return 0, nil
	}
	_, err = to.PostMany(ctx, messages)
	refused, ok := errors.AsType[*zaqar.Error](err)
	tooLarge := ok && (refused.Code == http.StatusBadRequest || refused.Code == http.StatusRequestEntityTooLarge)
	switch {
	case err == nil:
		return len(messages), nil
	case !tooLarge || len(messages) == 1:
		return 0, err
	}
	half := len(messages) / 2
	if posted, err = Post(ctx, to, messages[:half]); err != nil {
		return posted, err
	}
	more, err := Post(ctx, to, messages[half:])
	return posted + more, err
}

// Body returns a body as it can be posted. What is not JSON, such as NaN, which servers
// pass on, is posted as a text.
func Body(body json.RawMessage) any {
	if json.Valid(body) {
		return body
	}
	return string(body)
}

// TimeLeft is the rest of a message's life as a TTL: whole seconds, and no less than
// servers take.
func TimeLeft(m *zaqar.Message) time.Duration {
	return max(m.TTL()-m.Age(), zaqar.MinTTL).Truncate(time.Second)
}
