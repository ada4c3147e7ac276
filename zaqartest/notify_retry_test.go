package zaqartest_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// times returns when a delivery's attempts were due, relative to the first.
func times(d zaqartest.Delivery) []string {
	var out []string
	for _, attempt := range d.Attempts {
		out = append(out, attempt.Time.Sub(d.Attempts[0].Time).String())
	}
	return out
}

// The default schedule: three retries at once, three after 5 s each, then after 5,
// 10, 15, 20 and 25 s, then three after 30 s.
var defaultSchedule = []string{
	"0s", "0s", "0s", "0s", "5s", "10s", "15s", "20s", "30s", "45s", "1m5s", "1m30s", "2m0s", "2m30s", "3m0s",
}

func TestAnUnreachableWebhookIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{answer: func(n int) int {
			if n < 6 {
				return 0
			}
			return 200
		}}
		c := startNotifying(t, r)
		c.subscribe("http://hooks.test/")
		c.post(`1`)
		d := c.deliveries()[0]
		if got := times(d); d.State != zaqartest.DeliveryPending || !slices.Equal(got, defaultSchedule[:4]) ||
			d.Next.Sub(d.Attempts[0].Time) != 5*time.Second {
			t.Fatalf("at first: %v, next %v, %v", got, d.Next, d.State)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		d = c.deliveries()[0]
		if got := times(d); d.State != zaqartest.DeliveryDone || !slices.Equal(got, defaultSchedule[:6]) {
			t.Errorf("then: %v, %v", got, d.State)
		}
	})
}

func TestOneLongAdvanceHasTheSameEffectAsWaiting(t *testing.T) {
	t.Parallel()
	r := &receiver{answer: func(int) int { return 0 }}
	c := startNotifying(t, r)
	c.subscribe("http://hooks.test/")
	c.post(`1`)
	c.deliveries()
	c.srv.Advance(time.Minute)
	d := c.deliveries()[0]
	if got := times(d); d.State != zaqartest.DeliveryPending || !slices.Equal(got, defaultSchedule[:10]) {
		t.Errorf("after a minute: %v, %v", got, d.State)
	}
	c.srv.Advance(time.Hour)
	d = c.deliveries()[0]
	if got := times(d); d.State != zaqartest.DeliveryFailed || !slices.Equal(got, defaultSchedule) {
		t.Errorf("after an hour: %v, %v", got, d.State)
	}
}

func TestAnAnswerEndsADeliveryUnlessItWasBeingTriedAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []int
		want    zaqartest.DeliveryState
	}{
		"a redirect is an answer":                {[]int{302}, zaqartest.DeliveryDone},
		"a refusal is not tried again":           {[]int{400}, zaqartest.DeliveryFailed},
		"an error is not tried again":            {[]int{503}, zaqartest.DeliveryFailed},
		"a refusal after silence is tried again": {[]int{0, 503, 404, 200}, zaqartest.DeliveryDone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &receiver{answer: func(n int) int { return test.answers[n-1] }}
			c := startNotifying(t, r)
			c.subscribe("http://hooks.test/")
			c.post(`1`)
			d := c.deliveries()[0]
			if d.State != test.want || len(d.Attempts) != len(test.answers) || d.Attempts[len(d.Attempts)-1].Status != test.answers[len(test.answers)-1] {
				t.Errorf("delivery: %+v", d)
			}
		})
	}
}

func TestPoliciesSayWhenToTryAgain(t *testing.T) {
	t.Parallel()
	const none = `"retries_with_no_delay":0,"minimum_delay_retries":0,"maximum_delay_retries":0`
	for name, test := range map[string]struct {
		subscription, queue string
		want                []string
	}{
		"the subscription's own": {
			`{"retries_with_no_delay":1,"minimum_delay_retries":1,"minimum_delay":10,"maximum_delay":20,"maximum_delay_retries":1}`, `{` + none + `}`,
			[]string{"0s", "0s", "10s", "20s", "35s", "55s"},
		},
		"the queue's": {
			``, `{"minimum_delay":1,"maximum_delay":11,` + none + `}`, []string{"0s", "1s", "7s"},
		},
		"the queue's, which must not be overridden": {
			`{"retries_with_no_delay":7}`, `{"ignore_subscription_override":true,"minimum_delay":1,"maximum_delay":11,` + none + `}`,
			[]string{"0s", "1s", "7s"},
		},
		"arithmetic growth": {
			`{"retry_backoff_function":"arithmetic",` + none + `}`, ``, []string{"0s", "5s", "12s", "24s", "44s", "1m14s"},
		},
		"geometric growth": {
			`{"retry_backoff_function":"geometric",` + none + `}`, ``, []string{"0s", "5s", "12s", "24s", "43s", "1m13s"},
		},
		"exponential growth from nothing": {
			`{"retry_backoff_function":"exponential","minimum_delay":0,` + none + `}`, ``, []string{"0s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startNotifying(t, &receiver{answer: func(int) int { return 0 }})
			metadata := `{}`
			if test.queue != "" {
				metadata = `{"_retry_policy":` + test.queue + `}`
			}
			options := `{}`
			if test.subscription != "" {
				options = `{"_retry_policy":` + test.subscription + `}`
			}
			c.do("PUT", "/v2/queues/q", metadata).want(201)
			c.do("POST", subscriptionsPath, `{"subscriber":"http://hooks.test/","options":`+options+`}`).want(201)
			c.post(`1`)
			c.srv.Advance(time.Hour)
			d := c.deliveries()[0]
			if got := times(d); !slices.Equal(got, test.want) || d.State != zaqartest.DeliveryFailed {
				t.Errorf("attempts %v, want %v; %v", got, test.want, d.State)
			}
		})
	}
}

func TestAPolicyWithAbsurdNumbersEnds(t *testing.T) {
	t.Parallel()
	c := startNotifying(t, &receiver{answer: func(int) int { return 0 }})
	c.do("POST", subscriptionsPath, `{"subscriber":"http://hooks.test/","options":{"_retry_policy":{"retries_with_no_delay":9223372036854775807}}}`).want(201)
	c.do("POST", subscriptionsPath, `{"subscriber":"http://hooks.test/2","options":{"_retry_policy":{"minimum_delay":0,"maximum_delay":9223372036854775807}}}`).want(201)
	c.post(`1`)
	for _, d := range c.deliveries() {
		if d.Subscriber == "http://hooks.test/" && (len(d.Attempts) != 1000 || d.State != zaqartest.DeliveryFailed) {
			t.Errorf("%d attempts, %v", len(d.Attempts), d.State)
		}
	}
}
