package zaqartest_test

import (
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestMailsAreRecordedAndNotSent(t *testing.T) {
	t.Parallel()
	c := startNotifying(t, &receiver{})
	c.do("POST", subscriptionsPath, `{"subscriber":"mailto:a%2Bb@example.com?Subject=Hello%20you","options":{"from":"z@example.com","subject":"no"}}`).want(201)
	c.do("POST", subscriptionsPath, `{"subscriber":"mailto:c@example.com","options":{"subject":"News"}}`).want(201)
	c.post(`1`)
	subjects := map[string]string{}
	for _, d := range c.deliveries() {
		if d.State != zaqartest.DeliveryRecorded || d.State.String() != "recorded" || len(d.Attempts) != 0 ||
			string(d.Body) != `{"ttl":3600,"body":1,"Message_Type":"Notification","queue_name":"q"}` {
			t.Errorf("mail: %+v", d)
		}
		subjects[d.Header.Get("To")] = d.Header.Get("Subject") + " from " + d.Header.Get("From")
	}
	if subjects["a+b@example.com"] != "Hello you from z@example.com" || subjects["c@example.com"] != "News from " {
		t.Errorf("mails: %v", subjects)
	}
}
