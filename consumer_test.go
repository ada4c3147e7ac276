package zaqar_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAConfigurationThatCannotBeRightIsAnArgumentError(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		handler := func(context.Context, *zaqar.Message) error { return nil }
		for argument, config := range map[string]zaqar.ConsumerConfig{
			"Workers":       {Workers: -1},
			"ClaimSize":     {ClaimSize: -2},
			"MaxHeld":       {MaxHeld: -1},
			"TTL":           {TTL: time.Second},
			"Grace":         {Grace: 90*time.Second + 1},
			"RenewAt":       {RenewAt: 0.9},
			"OnFailure":     {OnFailure: 7},
			"Poll":          {Poll: -1},
			"MaxAttempts":   {MaxAttempts: 3},
			"DeadLetterTTL": {DeadLetter: "dead", DeadLetterTTL: time.Second},
			"DeadLetter":    {DeadLetter: "wot"},
		} {
			err := client.Queue("wot").Consumer(config).Run(t.Context(), handler)
			if e, ok := errors.AsType[*zaqar.ArgumentError](err); !ok || e.Argument != argument {
				t.Errorf("%s: %v", argument, err)
			}
		}
		for _, err := range []error{
			client.Queue("a b").Consumer(zaqar.ConsumerConfig{}).Run(t.Context(), handler),
			client.Queue("wot").Consumer(zaqar.ConsumerConfig{DeadLetter: "a b"}).Run(t.Context(), handler),
			client.Queue("wot").Consumer(zaqar.ConsumerConfig{DeadLetterTTL: time.Hour}).Run(t.Context(), handler),
			client.Queue("wot").Consumer(zaqar.ConsumerConfig{}).Run(t.Context(), nil),
		} {
			if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok {
				t.Errorf("%v is no argument error", err)
			}
		}
		_, err := client.Queue("wot").Consumer(zaqar.ConsumerConfig{}).Fetch(t.Context(), 0)
		if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok {
			t.Errorf("%v is no argument error", err)
		}
		if n := len(srv.Requests("claim_create")); n != 0 {
			t.Errorf("%d claims were made", n)
		}
	})
}

func TestPoliciesPrintTheirNames(t *testing.T) {
	t.Parallel()
	var names []string
	for p := range zaqar.FailurePolicy(5) {
		names = append(names, p.String())
	}
	if want := []string{"FailurePolicy(0)", "GiveBack", "RetryHere", "LetExpire", "FailurePolicy(4)"}; !slices.Equal(names, want) {
		t.Errorf("the names are %v", names)
	}
}

func TestNilIsNoPermanentFailure(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("it is broken")
	if err := zaqar.Permanent(nil); err != nil {
		t.Errorf("it is %v", err)
	}
	if err := zaqar.Permanent(errBroken); !errors.Is(err, errBroken) || err.Error() != errBroken.Error() {
		t.Errorf("it is %v", err)
	}
	if err := zaqar.RetryAfter(time.Minute, errBroken); !errors.Is(err, errBroken) {
		t.Errorf("it is %v", err)
	}
	if err := error(&zaqar.PanicError{Value: errBroken}); !errors.Is(err, errBroken) {
		t.Errorf("it is %v", err)
	}
}

func TestWhatIsNoDeadLetterIsMalformed(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("dead")
		if _, err := q.Post(t.Context(), "moved by Zaqar"); err != nil {
			t.Fatal(err)
		}
		messages, err := q.Pop(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := zaqar.ReadDeadLetter(messages[0]); !errors.Is(err, zaqar.ErrMalformed) {
			t.Errorf("the error is %v", err)
		}
		letter := &zaqar.DeadLetter{Queue: "wot", ID: "a", Body: []byte(`"text"`)}
		if err := letter.Decode(new(int)); err == nil {
			t.Error("a text was decoded as a number")
		}
		if zaqar.Attempt(t.Context()) != 0 {
			t.Error("there is no attempt outside of a handler")
		}
	})
}
