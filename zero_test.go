package zaqar_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
)

// succeeds are the methods that may have nothing to do.
var succeeds = []string{
	"Client.Close", "Client.Shutdown", "Claim.Release", "Consumer.Stop", "Publisher.Flush", "Publisher.Close", "Metadata.Reserved",
	"Queue.DeleteMessages",
}

func TestWhatWasNotMadeByThisPackageFailsAndDoesNotPanic(t *testing.T) {
	t.Parallel()
	for _, zero := range []any{
		&zaqar.Client{}, &zaqar.Conn{}, &zaqar.Queue{}, &zaqar.Claim{}, &zaqar.Message{}, &zaqar.Metadata{}, &zaqar.Subscription{},
		&zaqar.Subscriber{}, &zaqar.Consumer{}, &zaqar.Publisher{}, &zaqar.Delivery{}, &zaqar.Future[string]{}, &admin.Client{},
		(&zaqar.Client{}).Queue("wot"),
		(&zaqar.Client{}).Queue("wot").Consumer(zaqar.ConsumerConfig{}), (&zaqar.Client{}).Queue("wot").Publisher(zaqar.PublisherConfig{}),
		(&zaqar.Queue{}).Consumer(zaqar.ConsumerConfig{}), (&zaqar.Queue{}).Publisher(zaqar.PublisherConfig{}),
	} {
		value := reflect.ValueOf(zero)
		for i := range value.NumMethod() {
			name := value.Type().Elem().Name() + "." + value.Type().Method(i).Name
			for _, out := range called(t, value.Method(i)) {
				checkZero(t, name, out)
			}
		}
	}
}

// called calls a method with zero values and a context, and returns its results.
func called(t *testing.T, method reflect.Value) []reflect.Value {
	t.Helper()
	var args []reflect.Value
	for i := range method.Type().NumIn() {
		in := method.Type().In(i)
		switch {
		case method.Type().IsVariadic() && i == method.Type().NumIn()-1:
		case in == reflect.TypeFor[context.Context]():
			args = append(args, reflect.ValueOf(t.Context()))
		case in.Kind() == reflect.Func:
			args = append(args, reflect.MakeFunc(in, func([]reflect.Value) []reflect.Value {
				return []reflect.Value{reflect.Zero(in.Out(0))}
			}))
		case in.Kind() == reflect.Int:
			args = append(args, reflect.ValueOf(1))
		default:
			args = append(args, reflect.Zero(in))
		}
	}
	return method.Call(args)
}

// checkZero checks an error, and the errors of listings and futures.
func checkZero(t *testing.T, name string, out reflect.Value) {
	t.Helper()
	switch {
	case out.Type() == reflect.TypeFor[error]():
		err, _ := out.Interface().(error)
		if err == nil && slices.Contains(succeeds, name) || err != nil && name == "Message.Decode" {
			return
		}
		if !errors.Is(err, zaqar.ErrInvalid) && !errors.Is(err, zaqar.ErrClaimEmpty) {
			t.Errorf("%s returns %v", name, err)
		}
	case out.Type().CanSeq2() && out.Kind() == reflect.Func:
		n := 0
		for _, err := range out.Seq2() {
			n++
			checkZero(t, name, err)
		}
		if n != 1 {
			t.Errorf("%s yields %d times", name, n)
		}
	case out.Type() == reflect.TypeFor[*zaqar.Future[string]]():
		_, err := out.Interface().(*zaqar.Future[string]).Wait(t.Context())
		checkZero(t, name, reflect.ValueOf(&err).Elem())
	}
}

func TestAConsumerOfAClientThatWasNotConnectedEndsAtOnce(t *testing.T) {
	t.Parallel()
	var client zaqar.Client
	err := client.Queue("wot").Consumer(zaqar.ConsumerConfig{}).Run(t.Context(), func(context.Context, *zaqar.Message) error { return nil })
	if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok {
		t.Errorf("Run returned %v", err)
	}
	sub := client.Subscriber(zaqar.SubscriberConfig{})
	if err := sub.Subscribe("wot"); err != nil {
		t.Fatal(err)
	}
	for _, err := range sub.Listen(t.Context()) {
		if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok {
			t.Errorf("the loop ended with %v", err)
		}
	}
	if n, err := zaqar.Async(t.Context(), &client, func(context.Context) (int, error) { return 7, nil }).Wait(t.Context()); n != 7 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
