package zaqar_test

import (
	"errors"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
)

func TestAConfigThatCannotBeRightIsAnArgumentError(t *testing.T) {
	t.Parallel()
	client := clienttest.Over(t, clienttest.Says(200, `{}`))
	for name, config := range map[string]zaqar.SubscriberConfig{
		"negative":  {MinInterval: -1},
		"reversed":  {MinInterval: time.Minute, MaxInterval: time.Second},
		"no flight": {InFlight: -1},
		"one":       {PageSize: 1},
		"forgets":   {Remember: 3},
	} {
		sub := client.Subscriber(config)
		if err := sub.Subscribe("a"); !errors.Is(err, zaqar.ErrInvalid) {
			t.Errorf("%s: subscribing gives %v", name, err)
		}
		for _, err := range sub.Listen(t.Context()) {
			if !errors.Is(err, zaqar.ErrInvalid) {
				t.Errorf("%s: listening gives %v", name, err)
			}
		}
	}
	sub := client.Subscriber(zaqar.SubscriberConfig{})
	if err := sub.Subscribe("fine", "not fine"); !errors.Is(err, zaqar.ErrInvalid) || len(sub.Channels()) != 0 {
		t.Errorf("%v, and the channels are %v", err, sub.Channels())
	}
}
