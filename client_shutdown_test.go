package zaqar_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestShutdownStopsConsumersAndDrainsAsyncAndCloses(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 30)
		var once sync.Once
		var during *zaqar.Future[[]string]
		consumer := q.Consumer(zaqar.ConsumerConfig{Workers: 3, ClaimSize: 5})
		ran := zaqar.AsyncDo(t.Context(), client, func(ctx context.Context) error {
			return consumer.Run(context.WithoutCancel(ctx), func(ctx context.Context, _ *zaqar.Message) error {
				time.Sleep(10 * time.Second)
				once.Do(func() {
					during = zaqar.Async(context.WithoutCancel(ctx), client, func(ctx context.Context) ([]string, error) {
						return client.Queue("out").Post(ctx, "done")
					})
				})
				return nil
			})
		})
		next := q.Consumer(zaqar.ConsumerConfig{})
		d, err := next.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(20*time.Second, func() { _ = d.Done(context.Background()) })
		listened := make(chan error, 1)
		go func() {
			sub := client.Subscriber(zaqar.SubscriberConfig{})
			_ = sub.Subscribe("other")
			for _, err := range sub.Listen(context.Background()) {
				listened <- err
			}
		}()
		slow := zaqar.AsyncDo(t.Context(), client, func(ctx context.Context) error {
			time.Sleep(25 * time.Second)
			return client.Ping(ctx)
		})
		time.Sleep(time.Second)
		start := time.Now()
		if err := client.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown returned %v", err)
		}
		if took := time.Since(start); took != 24*time.Second {
			t.Errorf("it took %v", took)
		}
		if err := <-listened; !errors.Is(err, zaqar.ErrClosed) {
			t.Errorf("Listen ended with %v", err)
		}
		if err := errors.Join(ran.Err(), slow.Err(), during.Err()); err != nil {
			t.Errorf("calls ended with %v", err)
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 26)); n != 0 {
			t.Errorf("%d messages are still claimed", n)
		}
		clienttest.Stored(t, srv, "out", 1)
		if err := client.Shutdown(t.Context()); err != nil {
			t.Errorf("shut down twice: %v", err)
		}
	})
}

func TestShutdownIsHardWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*zaqar.Client) error{
		"Shutdown": func(client *zaqar.Client) error {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			return client.Shutdown(ctx)
		},
		"Close": (*zaqar.Client).Close,
	} {
		clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
			q := client.Queue("wot")
			clienttest.PostMany(t, q, 2)
			consumer := q.Consumer(zaqar.ConsumerConfig{StopTimeout: time.Hour})
			ended := make(chan error, 1)
			go func() {
				ended <- consumer.Run(context.Background(), func(ctx context.Context, _ *zaqar.Message) error {
					<-ctx.Done()
					return ctx.Err()
				})
			}()
			call := zaqar.AsyncDo(t.Context(), client, func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			})
			synctest.Wait()
			srv.Inject(zaqartest.Fault{Delay: time.Hour, Times: -1})
			start := time.Now()
			if err := stop(client); !errors.Is(err, zaqar.ErrStopped) {
				t.Errorf("%s returned %v", name, err)
			}
			if took := time.Since(start); took < 30*time.Second || took > 32*time.Second {
				t.Errorf("%s took %v", name, took)
			}
			if err := <-ended; !errors.Is(err, zaqar.ErrStopped) {
				t.Errorf("%s: Run returned %v", name, err)
			}
			if _, err := call.Wait(t.Context()); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: the call ended with %v", name, err)
			}
			srv.ClearFaults()
		})
	}
}

func TestShutdownInsideAHandlerOrACallDoesNotWaitForIt(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 5)
		consumer := q.Consumer(zaqar.ConsumerConfig{Workers: 1})
		err := consumer.Run(t.Context(), func(ctx context.Context, _ *zaqar.Message) error {
			return client.Shutdown(ctx)
		})
		if err != nil || consumer.Stats().Handled != 1 {
			t.Errorf("Run returned %v, and the counters are %+v", err, consumer.Stats())
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 4)); n != 0 {
			t.Errorf("%d messages are still claimed", n)
		}
	})
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		other := zaqar.AsyncDo(t.Context(), client, func(context.Context) error {
			time.Sleep(time.Minute)
			return nil
		})
		start := time.Now()
		call := zaqar.AsyncDo(t.Context(), client, func(ctx context.Context) error {
			err := client.Shutdown(ctx)
			if took := time.Since(start); took != time.Minute {
				t.Errorf("Shutdown took %v", took)
			}
			return err
		})
		if _, err := call.Wait(t.Context()); err != nil || other.Err() != nil {
			t.Errorf("the calls ended with %v and %v", err, other.Err())
		}
	})
}

func TestHaltOfAClientReturnsAtOnce(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, srv *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 5)
		consumer := q.Consumer(zaqar.ConsumerConfig{Workers: 1})
		if err := consumer.Run(t.Context(), func(context.Context, *zaqar.Message) error {
			client.Halt()
			return nil
		}); err != nil {
			t.Errorf("Run returned %v", err)
		}
		if n := clienttest.Claimed(clienttest.Stored(t, srv, "wot", 4)); n != 0 {
			t.Errorf("%d messages are still claimed", n)
		}
	})
}

func TestACallThatEndsItsGoroutineEndsItsFuture(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		ends := zaqar.Async(t.Context(), client, func(context.Context) (int, error) {
			runtime.Goexit()
			return 1, nil
		})
		next := zaqar.AsyncDo(t.Context(), client, client.Ping) // its turn comes all the same
		if n, err := ends.Wait(t.Context()); err == nil || n != 0 {
			t.Errorf("it ended with %d, %v", n, err)
		}
		if _, err := next.Wait(t.Context()); err != nil {
			t.Errorf("the next one ended with %v", err)
		}
	}, zaqar.WithAsync(1))
}

func TestAClientDoesNotKeepConsumersThatAreForgotten(t *testing.T) {
	t.Parallel()
	clienttest.Bubble(t, func(t *testing.T, _ *zaqartest.Server, client *zaqar.Client) {
		q := client.Queue("wot")
		clienttest.PostMany(t, q, 1)
		forgotten := func() weak.Pointer[zaqar.Consumer] {
			consumer := q.Consumer(zaqar.ConsumerConfig{})
			d, err := consumer.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Done(t.Context()); err != nil {
				t.Error(err)
			}
			return weak.Make(consumer)
		}()
		time.Sleep(time.Minute)
		for range 10 {
			runtime.GC()
		}
		if forgotten.Value() != nil {
			t.Error("a consumer that nobody has and that holds nothing is kept")
		}
		runtime.KeepAlive(client)
	})
}
