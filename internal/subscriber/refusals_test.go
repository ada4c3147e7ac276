package subscriber_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
)

// refusing is a server that lists queues, and that can refuse one of them.
type refusing struct {
	*clienttest.Scripted
	queue    string
	status   atomic.Int64 // 0: it refuses nothing
	body     string       // of a refusal
	messages int          // of each queue
	refused  atomic.Int64
}

func newRefusing(queue string, messages int) *refusing {
	r := &refusing{Scripted: &clienttest.Scripted{}, queue: queue, body: `{"title":"No"}`, messages: messages}
	r.Answer = func(req *transport.Request) (*transport.Response, error) {
		if status := int(r.status.Load()); status != 0 && strings.Contains(req.Path, "/"+r.queue+"/") {
			r.refused.Add(1)
			return &transport.Response{Status: status, Body: []byte(r.body)}, nil
		}
		var ids []string
		for i := range r.messages {
			ids = append(ids, fmt.Sprintf(`{"id":"%d","ttl":3600,"age":0,"body":%d}`, i, i))
		}
		return &transport.Response{Status: http.StatusOK, Body: []byte(`{"messages":[` + strings.Join(ids, ",") + `],"links":[]}`)}, nil
	}
	return r
}

var refusalStatuses = map[int64]error{
	http.StatusUnauthorized: zaqar.ErrUnauthorized,
	http.StatusForbidden:    zaqar.ErrForbidden,
	http.StatusBadRequest:   zaqar.ErrInvalid,
}

func TestOneRefusalOfOneQueueOfThreeEndsNothing(t *testing.T) {
	t.Parallel()
	for status := range refusalStatuses {
		synctest.Test(t, func(t *testing.T) {
			server := newRefusing("b", 3)
			server.status.Store(status)
			witness := &clienttest.Witness{}
			client := clienttest.Over(t, server, zaqar.WithObserver(witness))
			r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a", "b", "c"))
			defer r.Stop()
			time.Sleep(500 * time.Millisecond)
			server.status.Store(0)
			time.Sleep(time.Minute)
			for _, queue := range []string{"a", "b", "c"} {
				if got := r.Of(queue); !slices.Equal(got, []int{0, 1, 2}) {
					t.Errorf("%d: of %s it received %v", status, queue, got)
				}
			}
			if r.Err() != nil {
				t.Errorf("%d: it ended with %v", status, r.Err())
			}
			failed, recovered := clienttest.Saw[observe.ReadFailed](witness), clienttest.Saw[observe.ReadRecovered](witness)
			if len(failed) != 1 || failed[0].Queue != "b" || failed[0].Level().String() != "WARN" || failed[0].Wait <= 0 || len(recovered) != 1 {
				t.Errorf("%d: the observer received %+v, %+v", status, failed, recovered)
			}
		})
	}
}

func TestARefusalIsFinalWhenItLasts(t *testing.T) {
	t.Parallel()
	for status, want := range refusalStatuses {
		for _, readBefore := range []bool{false, true} {
			limit := 5 * time.Second
			if readBefore {
				limit = time.Minute
			}
			synctest.Test(t, func(t *testing.T) {
				server := newRefusing("b", 1)
				witness := &clienttest.Witness{}
				client := clienttest.Over(t, server, zaqar.WithObserver(witness))
				sub := clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{MaxInterval: time.Hour}), "a", "b", "c")
				if readBefore { // in an earlier loop
					r := clienttest.Receive(t.Context(), sub)
					synctest.Wait()
					r.Stop()
				}
				server.status.Store(status)
				start := time.Now()
				r := clienttest.Receive(t.Context(), sub)
				<-r.Done
				if err := r.Err(); !errors.Is(err, want) || clienttest.AsError(t, err).Queue != "b" {
					t.Errorf("%d: it ended with %v", status, err)
				}
				failed := clienttest.Saw[observe.ReadFailed](witness)
				took, n := time.Since(start), len(failed)
				if took != limit || n < 3 || n > 12 || failed[n-1].Wait != 0 {
					t.Errorf("%d, read before: %v: it ended after %v, and the observer received %+v", status, readBefore, took, failed)
				}
				if asked := int(server.refused.Load()); asked < n || asked > n+1 { // once more without a page size
					t.Errorf("%d: %d refusals, and %d were reported", status, asked, n)
				}
			})
		}
	}
}

func TestTwoSlowRefusalsAreNotFinal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newRefusing("a", 1)
		answer, n := server.Answer, 0
		server.Answer = func(req *transport.Request) (*transport.Response, error) {
			time.Sleep(20 * time.Second)
			if n++; n > 2 {
				server.status.Store(0)
			}
			return answer(req)
		}
		server.status.Store(http.StatusForbidden)
		r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, clienttest.Over(t, server).Subscriber(zaqar.SubscriberConfig{}), "a"))
		defer r.Stop()
		time.Sleep(5 * time.Minute)
		if got := r.Of("a"); !slices.Equal(got, []int{0}) || r.Err() != nil {
			t.Errorf("it received %v and ended with %v", got, r.Err())
		}
	})
}

func TestASuccessBetweenRefusalsStartsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newRefusing("a", 1)
		r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, clienttest.Over(t, server).Subscriber(zaqar.SubscriberConfig{}), "a"))
		defer r.Stop()
		for range 10 {
			time.Sleep(30 * time.Second)
			server.status.Store(http.StatusUnauthorized)
			time.Sleep(40 * time.Second)
			server.status.Store(0)
		}
		if r.Err() != nil {
			t.Errorf("it ended with %v", r.Err())
		}
	})
}

func TestAnOutageBetweenRefusalsEndsNothingAndChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newRefusing("a", 1)
		server.status.Store(http.StatusServiceUnavailable)
		r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, clienttest.Over(t, server).Subscriber(zaqar.SubscriberConfig{}), "a"))
		time.Sleep(time.Hour)
		if r.Err() != nil {
			t.Errorf("an outage ended it with %v", r.Err())
		}
		server.status.Store(http.StatusForbidden)
		<-r.Done
		if !errors.Is(r.Err(), zaqar.ErrForbidden) {
			t.Errorf("it ended with %v", r.Err())
		}
	})
}

func TestWhatCanNeverSucceedEndsTheLoopAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
			return nil, &transport.Error{Err: transport.ErrNoAction}
		}}
		start := time.Now()
		r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, clienttest.Over(t, server).Subscriber(zaqar.SubscriberConfig{}), "a", "b"))
		<-r.Done
		if !errors.Is(r.Err(), zaqar.ErrUnsupported) || time.Since(start) != 0 {
			t.Errorf("after %v it ended with %v", time.Since(start), r.Err())
		}
	})
}

func TestASignInThatIsRefusedOnceEndsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, signIns := newRefusing("", 1), 0
		signIn := auth.Func(func(context.Context, http.Header) error {
			if signIns++; signIns == 1 {
				return auth.ErrRefused
			}
			return nil
		})
		client := clienttest.Over(t, server, zaqar.WithAuth(signIn))
		r := clienttest.Receive(t.Context(), clienttest.Subscribed(t, client.Subscriber(zaqar.SubscriberConfig{}), "a"))
		defer r.Stop()
		time.Sleep(time.Minute)
		if got := r.Of("a"); !slices.Equal(got, []int{0}) || r.Err() != nil {
			t.Errorf("it received %v and ended with %v", got, r.Err())
		}
	})
}

func TestARefusalThatIsNotZaqarsEndsOnlyALoopThatHasReadNothing(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"<html>Forbidden</html>", `{"message":"Forbidden"}`, ""} {
		synctest.Test(t, func(t *testing.T) {
			server := newRefusing("a", 1)
			server.body = body
			sub := clienttest.Subscribed(t, clienttest.Over(t, server).Subscriber(zaqar.SubscriberConfig{}), "a")
			r := clienttest.Receive(t.Context(), sub)
			time.Sleep(time.Minute)
			server.status.Store(http.StatusForbidden)
			time.Sleep(time.Hour)
			if got := r.Of("a"); !slices.Equal(got, []int{0}) || r.Err() != nil {
				t.Errorf("%q: it received %v and ended with %v", body, got, r.Err())
			}
			r.Stop()
			fresh := clienttest.Receive(t.Context(), clienttest.Subscribed(t, clienttest.Over(t, server).Subscriber(zaqar.SubscriberConfig{}), "a"))
			start := time.Now()
			<-fresh.Done
			if took := time.Since(start); !errors.Is(fresh.Err(), zaqar.ErrForbidden) || took != 5*time.Second {
				t.Errorf("%q: it ended with %v after %v", body, fresh.Err(), took)
			}
		})
	}
}
