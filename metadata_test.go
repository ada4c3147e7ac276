package zaqar_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
)

func TestReservedReadsEveryKey(t *testing.T) {
	t.Parallel()
	const body = `{"_flavor":"fast","_default_message_ttl":61,"_default_message_delay":0,"_max_claim_count":null,"_dead_letter_queue":"dead","_enable_encrypt_messages":true,"_max_messages_post_size":262144,"own":1}`
	m, err := clienttest.Over(t, clienttest.Says(200, body)).Queue("wot").Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Reserved()
	want := zaqar.Reserved{Flavor: "fast", DefaultMessageTTL: 61 * time.Second, DeadLetterQueue: "dead", EncryptMessages: true, MaxMessagesPostSize: 262144}
	if err != nil || got != want {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestUpdatingMetadataSendsOnlyTheDifference(t *testing.T) {
	t.Parallel()
	const present = `{"gone":null,"same":{"n":1.0},"other":1,"_max_claim_count":null,"_default_message_delay":0,"_default_message_ttl":3600,"_dead_letter_queue":"dead"}`
	server := clienttest.Says(200, present)
	m, err := clienttest.Over(t, server).Queue("wot").Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = m.Update(t.Context(), map[string]any{"same": map[string]json.Number{"n": "1.0"}, "other": 2, "a/b~c": nil, "_default_message_ttl": 3600})
	if err != nil {
		t.Fatal(err)
	}
	req := server.Last(t)
	const want = `[{"op":"add","path":"/metadata/a~1b~0c","value":null},{"op":"add","path":"/metadata/other","value":2},{"op":"remove","path":"/metadata/_dead_letter_queue"},{"op":"remove","path":"/metadata/gone"}]`
	if string(req.Body) != want {
		t.Errorf("sent %s, want %s", req.Body, want)
	}
	if got := req.Header.Get("Content-Type"); got != "application/openstack-messaging-v2.0-json-patch" {
		t.Errorf("as %s", got)
	}
}
