package zaqartest_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestTheDefaultClientReachesOnlyThisMachine(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	hook := httptest.NewServer(r)
	defer hook.Close()
	c := start(t)
	near := strings.Replace(hook.URL, "127.0.0.1", "localhost", 1)
	c.subscribe(hook.URL + "/a")
	c.subscribe(near + "/b")
	c.subscribe("http://192.0.2.1/")
	c.subscribe("http://hooks.example.com/")
	c.subscribe("http://127.0.0.1.example.com/")
	c.post(`1`)
	states := map[string]zaqartest.DeliveryState{}
	for _, d := range c.deliveries() {
		states[d.Subscriber] = d.State
		if d.State == zaqartest.DeliveryFailed && (len(d.Attempts) != 1 || !strings.Contains(d.Attempts[0].Err.Error(), "not on this machine")) {
			t.Errorf("delivery: %+v", d)
		}
	}
	for subscriber, want := range map[string]zaqartest.DeliveryState{
		hook.URL + "/a": zaqartest.DeliveryDone, near + "/b": zaqartest.DeliveryDone,
		"http://192.0.2.1/": zaqartest.DeliveryFailed, "http://hooks.example.com/": zaqartest.DeliveryFailed,
		"http://127.0.0.1.example.com/": zaqartest.DeliveryFailed,
	} {
		if states[subscriber] != want {
			t.Errorf("%s is %v, want %v", subscriber, states[subscriber], want)
		}
	}
}
