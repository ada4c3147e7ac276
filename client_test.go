package zaqar_test

import (
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
)

func TestCreatingAQueueSendsOnlyWhatIsSet(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(201, "")
	client := clienttest.Over(t, server)
	for _, c := range []struct {
		options []zaqar.CreateOption
		body    string
	}{
		{nil, ""},
		{[]zaqar.CreateOption{zaqar.Reserved{}}, ""},
		{[]zaqar.CreateOption{zaqar.Reserved{Flavor: "fast", EncryptMessages: true}}, `{"_enable_encrypt_messages":true,"_flavor":"fast"}`},
		{[]zaqar.CreateOption{zaqar.Content{"a": "<&>"}, zaqar.Reserved{DefaultMessageTTL: time.Hour}}, `{"_default_message_ttl":3600,"a":"<&>"}`},
	} {
		if _, err := client.CreateQueue(t.Context(), "wot", c.options...); err != nil {
			t.Fatal(err)
		}
		if got := string(server.Last(t).Body); got != c.body {
			t.Errorf("sent %s, want %s", got, c.body)
		}
	}
}

func TestListingQueuesSendsItsFiltersAsTheyAre(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(200, `{"queues":[],"links":[]}`)
	for _, err := range clienttest.Over(t, server).Queues(t.Context(), zaqar.NameLike("^a.*b$"), zaqar.Having{"colour": "red & blue", "limit": "9"}, zaqar.Detailed(true), zaqar.Marker("a/b"), zaqar.PageSize(5)) {
		t.Errorf("something was listed, %v", err)
	}
	if got, want := server.Last(t).Query.Encode(), "colour=red+%26+blue&detailed=true&limit=5&marker=a%2Fb&name=%5Ea.%2Ab%24"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

func TestTheCountOfQueuesIsReadInItsOddForms(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		n  int
		ok bool
	}{
		`{"queues":[{"name":"a"}],"count":7}`:    {7, true},
		`{"queues":[],"links":[]}`:               {0, true},
		`{"queues":[{"name":"a"}],"count":true}`: {0, false},
		`{"queues":[{"name":"a"}]}`:              {0, false},
	} {
		n, ok, err := clienttest.Over(t, clienttest.Says(200, body)).CountQueues(t.Context())
		if n != want.n || ok != want.ok || err != nil {
			t.Errorf("%s: %d, %v, %v", body, n, ok, err)
		}
	}
}
