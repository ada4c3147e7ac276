package zaqar_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestACancelledContextEndsACallAtOnce(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		srv.Inject(zaqartest.Fault{Kind: "claim_create", Delay: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			_, err := client.Queue("wot").Claim(ctx)
			ended <- err
		}()
		synctest.Wait() // the server now delays its answer
		start := time.Now()
		cancel()
		err := <-ended
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
		if e := clienttest.AsError(t, err); !e.MayHaveActed() {
			t.Errorf("the server may have acted: %v", err)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("it took %v", waited)
		}
	})
}

func TestACallWithoutADeadlineIsLimited(t *testing.T) {
	t.Parallel()
	for want, options := range map[time.Duration][]zaqar.ConnectOption{
		zaqar.DefaultTimeout: nil,
		5 * time.Second:      {zaqar.WithTimeout(5 * time.Second)},
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			srv.Inject(zaqartest.Fault{Kind: "ping", Delay: time.Hour, Times: -1})
			start := time.Now()
			err := client.Ping(t.Context())
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != want {
				t.Errorf("after %v: %v, want %v", time.Since(start), err, want)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
			defer cancel()
			if err := client.Ping(ctx); err != nil {
				t.Errorf("the caller's deadline applies: %v", err)
			}
		}, options...)
	}
}

func TestTheTokenIsRenewedBeforeItsEndAndAfterA401(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t, zaqartest.WithKeystone())
		signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"), keystone.HTTPClient(srv.HTTPClient()))
		client, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signIn), zaqar.WithHTTPClient(srv.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		ping := func(want int) {
			t.Helper()
			if err := client.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // a renewal runs in the background
			if n := srv.TokensIssued(); n != want {
				t.Errorf("%d tokens were issued, want %d", n, want)
			}
		}
		for range 10 {
			ping(1) // one token serves all calls
		}
		time.Sleep(55 * time.Minute) // of an hour
		ping(2)
		ping(2)
		srv.RevokeTokens()
		ping(3)
		time.Sleep(10 * time.Minute) // a token that was just issued is not renewed
		srv.Inject(zaqartest.Fault{Kind: "ping", Status: 401, Times: -1})
		before := len(srv.Requests("ping"))
		if err := client.Ping(t.Context()); !errors.Is(err, zaqar.ErrUnauthorized) {
			t.Errorf("refused five times: %v", err)
		}
		if n := len(srv.Requests("ping")) - before; n != 5 {
			t.Errorf("%d requests were sent for one call, want 5", n)
		}
		_ = client.Close()
		_ = signIn.Close()
	})
}

func TestAPostIsSentAgainAfterA401(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t, zaqartest.WithKeystone())
		signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"), keystone.HTTPClient(srv.HTTPClient()))
		client, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signIn), zaqar.WithHTTPClient(srv.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		q := client.Queue("wot")
		if _, err := q.Post(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		srv.RevokeTokens()
		if _, err := q.Post(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		if stored := srv.Messages(client.Conn().ProjectID(), "wot"); len(stored) != 2 {
			t.Errorf("%d messages are stored, want 2", len(stored))
		}
		_ = client.Close()
		_ = signIn.Close()
	})
}

func TestARefusedSignInIsUnauthorized(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	signIn := keystone.Password(srv.KeystoneURL(), "demo", "wr0ng", keystone.Project("demo"))
	defer func() { _ = signIn.Close() }()
	_, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signIn))
	if !errors.Is(err, zaqar.ErrUnauthorized) || !zaqar.SafeToRetry(err) {
		t.Errorf("the error is %v", err)
	}
}
