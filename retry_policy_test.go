package zaqar_test

import (
	"errors"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestARetryPolicyIsCheckedAndReadBack(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	client := connect(t, srv.URL(), zaqar.WithProject("p"))
	want := zaqar.Reserved{
		DefaultMessageTTL: time.Hour, MaxMessagesPostSize: 262144,
		RetryPolicy: zaqar.RetryPolicy{RetriesWithNoDelay: 1, MinimumDelay: 6 * time.Second, MaximumDelay: time.Minute, Backoff: "geometric"},
	}
	q, err := client.CreateQueue(t.Context(), "wot", want)
	if err != nil {
		t.Fatal(err)
	}
	m, err := q.Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Reserved(); err != nil || got != want {
		t.Errorf("read %+v, %v", got, err)
	}
	for _, wrong := range []zaqar.Reserved{
		{RetryPolicy: zaqar.RetryPolicy{MaximumDelay: 10 * time.Second}},
		{RetryPolicy: zaqar.RetryPolicy{MinimumDelay: 25 * time.Second}},
		{RetryPolicy: zaqar.RetryPolicy{MinimumDelay: 1500 * time.Millisecond}},
		{RetryPolicy: zaqar.RetryPolicy{RetriesWithNoDelay: -1}},
		{MaxClaimCount: 3},
		{DeadLetterQueue: "dead"},
		{MaxClaimCount: 1, DeadLetterQueue: "a b"},
		{MaxMessagesPostSize: -1},
		{MaxClaimCount: -1},
	} {
		if _, err := client.CreateQueue(t.Context(), "other", wrong); !errors.Is(err, zaqar.ErrInvalid) || !zaqar.SafeToRetry(err) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
