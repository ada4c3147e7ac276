package zaqar_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

func TestAMessageCanBeMadeWithoutAServer(t *testing.T) {
	t.Parallel()
	m, err := zaqar.NewMessage(zaqar.MessageFields{
		ID: "m1", Queue: "orders", Body: map[string]int{"order": 4711}, TTL: time.Minute, Age: 1500 * time.Millisecond,
		ClaimID: "c1", ClaimCount: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Order int }
	if err := m.Decode(&body); err != nil || body.Order != 4711 {
		t.Errorf("the body is %v, %v", body, err)
	}
	status, err := m.Status(t.Context())
	if m.ID() != "m1" || m.Queue().Name() != "orders" || m.TTL() != time.Minute || m.Age() != time.Second ||
		m.ClaimID() != "c1" || m.ClaimCount() != 3 || status != zaqar.Claimed || err != nil || m.Href() != "/v2/queues/orders/messages/m1" {
		t.Errorf("it is %v of %v, %v, %v, %v", m.ID(), m.Queue(), status, err, m.Href())
	}
	for name, err := range map[string]error{
		"Delete": m.Delete(t.Context()), "Reload": m.Reload(t.Context()), "Purge": m.Queue().Purge(t.Context()),
	} {
		if !errors.Is(err, zaqar.ErrUnsupported) || !zaqar.SafeToRetry(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMessageWithoutFieldsIsUsable(t *testing.T) {
	t.Parallel()
	m, err := zaqar.NewMessage(zaqar.MessageFields{})
	if err != nil || m.ID() == "" || m.Queue().Name() == "" || string(m.Body()) != "null" || m.TTL() != time.Hour {
		t.Errorf("it is %v, %v", m, err)
	}
	if status, err := m.Status(t.Context()); status != zaqar.Free || err != nil {
		t.Errorf("its status is %v, %v", status, err)
	}
	if _, err := zaqar.NewMessage(zaqar.MessageFields{Body: math.Inf(1)}); !errors.Is(err, zaqar.ErrInvalid) {
		t.Errorf("a body that JSON cannot encode: %v", err)
	}
}
