package zaqar_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
)

// capped is what a number of seconds beyond all time is read as.
const capped = 4611686018 * time.Second

func TestASubscriptionOfThousandsOfYearsDoesNotHideItsNeighbours(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(200, `{"subscriptions":[
		{"id":"a","source":"wot","subscriber":"http://h/a","ttl":220367260800,"age":1e300,"options":{},"confirmed":true},
		{"id":"b","source":"wot","subscriber":"http://h/b","ttl":3600,"age":0.5,"options":{},"confirmed":true}],"links":[]}`)
	found, err := zaqar.Collect(clienttest.Over(t, server).Queue("wot").Subscriptions(t.Context()))
	if err != nil || len(found) != 2 {
		t.Fatalf("%d are listed, %v", len(found), err)
	}
	if heat := found[0]; heat.TTL() != capped || heat.Age() < capped {
		t.Errorf("Heat's has TTL %v and age %v", heat.TTL(), heat.Age())
	}
	if other := found[1]; other.TTL() != time.Hour {
		t.Errorf("the other has TTL %v", other.TTL())
	}
}

func TestEveryNumberOfSecondsIsCapped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"9223372036854775807": capped, "220367260800": capped, "1e400": capped, "4611686019": capped, "4611686018": capped,
		"-1e400": -capped, "-9223372036854775808": -capped, "60": time.Minute, "1.5": 1500 * time.Millisecond,
	} {
		list := clienttest.Over(t, clienttest.Says(200, `{"messages":[{"id":"a","ttl":`+text+`,"age":`+text+`,"body":1},{"id":"b","ttl":60,"age":0,"body":2}],"links":[]}`))
		messages, err := zaqar.Collect(list.Queue("wot").Messages(t.Context(), zaqar.Limit(2)))
		if err != nil || len(messages) != 2 || messages[0].TTL() != want || messages[0].Age() != want {
			t.Errorf("%s in a message: %v, %v", text, messages, err)
		}
		claim, err := clienttest.Over(t, clienttest.Says(200, `{"ttl":`+text+`,"age":0,"messages":[]}`)).Queue("wot").ClaimByID(t.Context(), "c")
		if err != nil || claim.TTL() != want {
			t.Errorf("%s in a claim: %v", text, err)
		}
		stats, err := clienttest.Over(t, clienttest.Says(200, `{"messages":{"claimed":1e30,"free":2.0,"total":3,"oldest":{"href":"/x/m","age":`+text+`,"ttl":60}}}`)).Queue("wot").Stats(t.Context())
		if err != nil || stats.Oldest.Age != want || stats.Claimed != math.MaxInt || stats.Free != 2 {
			t.Errorf("%s in statistics: %+v, %v", text, stats, err)
		}
		metadata, err := clienttest.Over(t, clienttest.Says(200, `{"_default_message_ttl":`+text+`}`)).Queue("wot").Metadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if reserved, err := metadata.Reserved(); err != nil || reserved.DefaultMessageTTL != want {
			t.Errorf("%s in metadata: %+v, %v", text, reserved, err)
		}
		health, err := clienttest.Over(t, clienttest.Says(200, `{"storage_reachable":true,"operation_status":{"a":{"succeeded":true,"seconds":`+text+`}}}`)).Health(t.Context())
		if err != nil || health.Store.Operations["a"].Took != want {
			t.Errorf("%s in a health report: %+v, %v", text, health, err)
		}
	}
}

func TestANumberThatIsNotJSONInOneQueueDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(200, `{"queues":[{"name":"a","metadata":{"limit":Infinity,"text":"Infinity"}},{"name":"b","metadata":{}}],"links":[]}`)
	queues, err := zaqar.Collect(clienttest.Over(t, server).Queues(t.Context(), zaqar.Detailed(true)))
	if err != nil || len(queues) != 2 {
		t.Fatalf("%d are listed, %v", len(queues), err)
	}
	if got := queues[0].Listed(); got["limit"] != json.Number("Infinity") || got["text"] != "Infinity" {
		t.Errorf("the metadata is %v", got)
	}
}

func TestABodyThatLooksLikeAMendedNumberComesBackAsItWas(t *testing.T) {
	t.Parallel()
	const odd = `"\u0000not a number: NaN"`
	for _, neighbour := range []string{`1`, `NaN`} {
		server := clienttest.Says(200, `{"messages":[{"id":"a","ttl":60,"age":0,"body":`+odd+`},{"id":"b","ttl":60,"age":0,"body":`+neighbour+`}]}`)
		messages, err := zaqar.Collect(clienttest.Over(t, server).Queue("wot").Messages(t.Context(), zaqar.Limit(2)))
		if err != nil || len(messages) != 2 {
			t.Fatalf("%d are listed, %v", len(messages), err)
		}
		if first, second := string(messages[0].Body()), string(messages[1].Body()); first != odd || second != neighbour {
			t.Errorf("beside %s the body is %s", second, first)
		}
	}
	_, client := clienttest.InMemory(t)
	q := client.Queue("wot")
	if _, err := q.Post(t.Context(), "\x00not a number: NaN"); err != nil {
		t.Fatal(err)
	}
	m, _, err := zaqar.First(q.Messages(t.Context()))
	var text string
	if err != nil || m.Decode(&text) != nil || text != "\x00not a number: NaN" {
		t.Errorf("posted and read: %q, %v", text, err)
	}
}

func TestAConsumerRefusesARenewalAtNoNumber(t *testing.T) {
	t.Parallel()
	client := clienttest.Over(t, clienttest.Says(204, ""))
	for _, share := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -0.1, 0.81} {
		consumer := client.Queue("wot").Consumer(zaqar.ConsumerConfig{RenewAt: share})
		_, err := consumer.Next(t.Context())
		if !errors.Is(err, zaqar.ErrInvalid) {
			t.Errorf("%v: %v", share, err)
		}
	}
}
