package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/integration/internal/process"
	"github.com/zaqar-go/zaqar/observe"
)

// job is a message's body: its number, and what its handler does.
type job struct {
	N    int
	Kind string        // "", "fails", "panics", "slow"
	Work time.Duration // how long it takes
}

// journal records events line by line, so that they survive a SIGKILL.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

func (j *journal) write(format string, values ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := fmt.Fprintf(j.file, "%d ", time.Now().UnixMilli()); err == nil {
		_, _ = fmt.Fprintf(j.file, format+"\n", values...)
	}
}

// Observe records a consumer's events.
func (j *journal) Observe(_ context.Context, e observe.Event) {
	switch e := e.(type) {
	case observe.Claimed:
		j.write("claimed %s %d", e.Claim, e.Messages)
	case observe.ClaimRenewed:
		j.write("renewed %s", e.Claim)
	case observe.RenewalFailed:
		j.write("renewal-failed %s %v %v", e.Claim, e.Left, e.Err)
	case observe.ClaimLost:
		what := "claim"
		if e.Message != "" {
			what = e.Message
		}
		j.write("lost %s %s %d %v", e.Claim, what, e.Messages, e.Err)
	case observe.ClaimReleased:
		j.write("released %s %d %v", e.Claim, e.Messages, e.Err)
	case observe.ClaimFailed:
		j.write("claim-failed %v", e.Err)
	case observe.Duplicate:
		j.write("duplicate %s %v", e.Message, e.Finished)
	case observe.AttemptFailed:
		j.write("failed %s %d", e.Message, e.Attempt)
	case observe.HandlerPanicked:
		j.write("panicked %s", e.Message)
	case observe.DeadLettered:
		j.write("dead-lettered %s", e.Message)
	case observe.Handled:
		j.write("deleted %s", e.Message)
	case observe.TokenRenewed:
		j.write("token %v", e.Refused)
	}
}

var errOnPurpose = errors.New("it fails on its first attempt")

// consume is the consumer process: it runs until SIGTERM or SIGKILL.
func consume(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	file, err := os.OpenFile(o.journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	j := &journal{file: file}
	client, err := connect(ctx, o, zaqar.WithObserver(j))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	consumer := client.Queue(o.queue).Consumer(zaqar.ConsumerConfig{
		Workers: o.workers, ClaimSize: int(o.claimSize), TTL: time.Minute, OnFailure: o.policy,
		DeadLetter: o.queue + "-dead", StopTimeout: 5 * time.Minute, Backoff: 200 * time.Millisecond,
	})
	err = consumer.Run(ctx, zaqar.Handle(func(ctx context.Context, b job, m *zaqar.Message) error {
		attempt := zaqar.Attempt(ctx)
		j.write("begun %d %s %d", b.N, m.ID(), attempt)
		if !process.Pause(ctx, b.Work) {
			j.write("cut-off %d %s %v", b.N, m.ID(), context.Cause(ctx))
			return context.Cause(ctx)
		}
		switch {
		case b.Kind == "fails" && attempt == 1:
			return errOnPurpose
		case b.Kind == "panics" && attempt == 1:
			panic(errOnPurpose)
		}
		j.write("done %d %s", b.N, m.ID())
		return nil
	}))
	j.write("ended %+v %v", consumer.Stats(), err)
	return err
}

func connect(ctx context.Context, o options, more ...zaqar.ConnectOption) (*zaqar.Client, error) {
	signIn := keystone.Password(o.keystone, o.user, o.password, keystone.Project(o.project))
	context.AfterFunc(ctx, func() { _ = signIn.Close() })
	return zaqar.Connect(ctx, o.endpoint, append(more, zaqar.WithAuth(signIn))...)
}
