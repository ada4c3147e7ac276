package zaqartest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestAFaultAppliesToItsKindOnce(t *testing.T) {
	c := start(t)
	c.srv.Inject(zaqartest.Fault{
		Kind: "message_post", Status: 503, Body: `{"title":"busy"}`, Header: http.Header{"Retry-After": {"1"}},
	})
	c.do("GET", "/v2/ping", "").want(204)
	a := c.do("POST", messagesPath, `{"messages":[{"body":1}]}`).wantTitle(503, "busy")
	if a.header.Get("Retry-After") != "1" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("header: %v", a.header)
	}
	if got := c.srv.Messages("p", "q"); len(got) != 0 {
		t.Errorf("the server acted: %v", got)
	}
	c.post(`1`)
}

func TestFaultsSkipRepeatAndEnd(t *testing.T) {
	c := start(t)
	c.srv.Inject(zaqartest.Fault{Status: 500, Skip: 1, Times: 2})
	c.srv.Inject(zaqartest.Fault{Kind: "ping", Status: 502, Times: -1})
	var got []int
	for range 5 {
		got = append(got, c.do("GET", "/v2/ping", "").status)
	}
	c.srv.ClearFaults()
	got = append(got, c.do("GET", "/v2/ping", "").status)
	want := []int{502, 500, 500, 502, 502, 204}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("answers: %v, want %v", got, want)
		}
	}
}

func TestAFaultCanReplaceTheAnswerToWhatWasDone(t *testing.T) {
	c := start(t)
	c.srv.Inject(zaqartest.Fault{Kind: "message_post", Cut: true, After: true})
	if a, err := c.try("POST", messagesPath, `{"messages":[{"body":1}]}`); err == nil {
		t.Errorf("answered: %d", a.status)
	}
	c.srv.Inject(zaqartest.Fault{Kind: "message_post", Cut: true})
	if a, err := c.try("POST", messagesPath, `{"messages":[{"body":2}]}`); err == nil {
		t.Errorf("answered: %d", a.status)
	}
	c.srv.Inject(zaqartest.Fault{Kind: "message_post", Status: 504, After: true})
	c.do("POST", messagesPath, `{"messages":[{"body":3}]}`).want(504)
	if got := c.do("GET", messagesPath+"?echo=true", "").bodies(); got != "1 3" {
		t.Errorf("stored: %s", got)
	}
	seen := c.srv.Requests("message_post")
	if len(seen) != 3 || !seen[0].Fault || seen[0].Status != 0 || seen[2].Status != 504 {
		t.Errorf("seen: %+v", seen)
	}
}

func TestADelayIsWaitedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		c.srv.Inject(zaqartest.Fault{Kind: "ping", Delay: time.Minute})
		begin := time.Now()
		c.do("GET", "/v2/ping", "").want(204)
		if waited := time.Since(begin); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestADelayEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		c.srv.Inject(zaqartest.Fault{Kind: "message_post", Delay: time.Hour, After: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "POST", c.srv.URL()+messagesPath, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = c.header
		resp, err := c.srv.HTTPClient().Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error: %v", err)
		}
		synctest.Wait()
		if got := c.srv.Queues("p"); len(got) != 0 {
			t.Errorf("the server acted: %v", got)
		}
	})
}

func TestCloseEndsADelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		c.srv.Inject(zaqartest.Fault{Delay: time.Hour})
		failed := make(chan error)
		go func() {
			_, err := c.try("GET", "/v2/ping", "")
			failed <- err
		}()
		synctest.Wait()
		begin := time.Now()
		if err := c.srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-failed; err == nil {
			t.Error("a server that closed has answered")
		}
		if waited := time.Since(begin); waited > time.Second {
			t.Errorf("Close took %v", waited)
		}
	})
}
