package zaqar_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

const webhookURL = "https://receiver.example.com/zaqar"

func subscribe(t *testing.T, q *zaqar.Queue, config zaqar.SubscriptionConfig) *zaqar.Subscription {
	t.Helper()
	s, err := q.CreateSubscription(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// subscribed answers like a server on which every subscriber has subscription s.
func subscribed(t *testing.T, subscription string) *clienttest.Scripted {
	t.Helper()
	return &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		reply := &transport.Response{Status: http.StatusOK, Header: http.Header{}, Body: []byte(subscription)}
		if req.Method == http.MethodPost {
			reply.Status, reply.Body = http.StatusCreated, []byte(`{"subscription_id":"s"}`)
		}
		if req.Method == http.MethodPatch {
			reply.Status, reply.Body = http.StatusNoContent, nil
		}
		return reply, nil
	}}
}

func TestOptionsAreNeverSentAsNull(t *testing.T) {
	t.Parallel()
	spy := subscribed(t, `{"id":"s","subscriber":"`+webhookURL+`","ttl":3600,"age":0,"options":{},"confirmed":false}`)
	q := clienttest.Over(t, spy).Queue("wot")
	subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: webhookURL})
	if body := string(spy.Seen()[0].Body); body != `{"subscriber":"`+webhookURL+`"}` {
		t.Errorf("sent %s", body)
	}
	sub, err := q.Subscription(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	before := spy.Count()
	if err := sub.Update(t.Context(), zaqar.SubscriptionOptions{}); err != nil {
		t.Fatal(err)
	}
	if body := string(spy.Seen()[before].Body); body != `{"options":{}}` {
		t.Errorf("sent %s", body)
	}
}

func TestOptionsHaveTheNamesOfTheWire(t *testing.T) {
	t.Parallel()
	spy := subscribed(t, `{"id":"s","ttl":3600,"age":0}`)
	q := clienttest.Over(t, spy).Queue("wot")
	// The answer differs from the request, so the subscription existed before.
	_, err := q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{
		Subscriber: "trust+" + webhookURL, TTL: time.Hour, Options: zaqar.SubscriptionOptions{
			RetryPolicy: zaqar.RetryPolicy{RetriesWithNoDelay: 2, MinimumDelay: 7 * time.Second},
			PostData:    `{"m":` + zaqar.MessagePlaceholder + `}`, PostHeaders: map[string]string{"A": "b"},
			From: "a@example.com", Subject: "hi", TrustID: "t", Extra: map[string]any{"n": json.Number("9007199254740993")},
		},
	})
	if !errors.Is(err, zaqar.ErrExists) {
		t.Errorf("the error is %v", err)
	}
	const want = `{"options":{"_retry_policy":{"minimum_delay":7,"retries_with_no_delay":2},"from":"a@example.com","n":9007199254740993,` +
		`"post_data":"{\"m\":\"$zaqar_message$\"}","post_headers":{"A":"b"},"subject":"hi","trust_id":"t"},"subscriber":"trust+https://receiver.example.com/zaqar","ttl":3600}`
	if body := string(spy.Seen()[0].Body); body != want {
		t.Errorf("sent %s\nwant %s", body, want)
	}
}

func TestOptionsOfAnotherTypeAreKept(t *testing.T) {
	t.Parallel()
	for options, want := range map[string]zaqar.SubscriptionOptions{
		`null`: {}, `{}`: {}, `[]`: {}, `"text"`: {},
		`{"post_data":{"a":1},"subject":"s"}`:                       {Subject: "s", Extra: map[string]any{"post_data": map[string]any{"a": json.Number("1")}}},
		`{"post_headers":{"a":5},"_retry_policy":"no"}`:             {Extra: map[string]any{"post_headers": map[string]any{"a": json.Number("5")}, "_retry_policy": "no"}},
		`{"_retry_policy":{"minimum_delay":6.0},"from":null}`:       {RetryPolicy: zaqar.RetryPolicy{MinimumDelay: 6 * time.Second}},
		`{"trust_id":"t","post_headers":{"a":"b"},"post_data":"x"}`: {TrustID: "t", PostHeaders: map[string]string{"a": "b"}, PostData: "x"},
	} {
		q := clienttest.Over(t, clienttest.Says(http.StatusOK, `{"id":"s","options":`+options+`}`)).Queue("wot")
		sub, err := q.Subscription(t.Context(), "s")
		if err != nil {
			t.Errorf("%s: %v", options, err)
			continue
		}
		if got := sub.Options(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %v with %v, want %v with %v", options, got, got.Extra, want, want.Extra)
		}
	}
}

func TestANewSubscriptionIsToldFromOneThatWasThere(t *testing.T) {
	t.Parallel()
	const hour = `{"id":"s","subscriber":"` + webhookURL + `","ttl":3600,"age":%d,"options":%s,"confirmed":false}`
	for _, c := range []struct {
		name    string
		age     int
		options string
		created bool
		err     error
	}{
		{"new", 0, `{}`, true, nil},
		{"new, and the server's second is over", 1, `{}`, true, nil},
		{"new, with the server's trust", 0, `{"trust_id":"t"}`, true, nil},
		{"old", 2, `{}`, false, nil},
		{"young, but another", 0, `{"subject":"s"}`, false, zaqar.ErrExists},
		{"old and another", 9, `{"subject":"s"}`, false, zaqar.ErrExists},
	} {
		q := clienttest.Over(t, subscribed(t, fmt.Sprintf(hour, c.age, c.options))).Queue("wot")
		s, err := q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL, TTL: time.Hour})
		if !errors.Is(err, c.err) || s == nil || s.Created() != c.created || s.ID() != "s" {
			t.Errorf("%s: %v, created %v, %v", c.name, s, s.Created(), err)
		}
		if err != nil && strings.Contains(err.Error(), "receiver.example.com") {
			t.Errorf("%s: the error shows the subscriber: %v", c.name, err)
		}
	}
}

func TestASubscriptionThatCannotBeReadIsReturnedAllTheSame(t *testing.T) {
	t.Parallel()
	spy := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		if req.Method == http.MethodPost {
			return &transport.Response{Status: http.StatusCreated, Header: http.Header{}, Body: []byte(`{"subscription_id":"s"}`)}, nil
		}
		return &transport.Response{Status: http.StatusServiceUnavailable, Header: http.Header{}}, nil
	}}
	s, err := clienttest.Over(t, spy).Queue("wot").CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL, TTL: time.Hour})
	if !errors.Is(err, zaqar.ErrUnavailable) || s == nil || s.ID() != "s" || s.TTL() != time.Hour || s.Subscriber() != webhookURL {
		t.Errorf("%v, %v", s, err)
	}
}

func TestOptionsInExtraAreComparedLikeOthers(t *testing.T) {
	t.Parallel()
	const there = `{"id":"s","subscriber":"` + webhookURL + `","ttl":3600,"age":0,"options":%s,"confirmed":false}`
	for _, options := range []string{
		`{"trust_id":"mine"}`, `{"subject":""}`, `{"post_headers":{},"post_data":"","own":null}`,
		`{"subject":"s","_retry_policy":{"minimum_delay":5,"maximum_delay":0}}`,
	} {
		q := clienttest.Over(t, subscribed(t, fmt.Sprintf(there, options))).Queue("wot")
		config := zaqar.SubscriptionConfig{Subscriber: webhookURL, TTL: time.Hour}
		if err := json.Unmarshal([]byte(options), &config.Options.Extra); err != nil {
			t.Fatal(err)
		}
		if s, err := q.CreateSubscription(t.Context(), config); err != nil || !s.Created() {
			t.Errorf("%s: %v, %v", options, s, err)
		}
		config.Options.Extra["subject"] = "another"
		if _, err := q.CreateSubscription(t.Context(), config); !errors.Is(err, zaqar.ErrExists) {
			t.Errorf("%s, and another subject: %v", options, err)
		}
	}
}

func TestAConflictIsReturnedWithWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	for listing, found := range map[string]string{
		`{"subscriptions":[{"id":"a","subscriber":"http://other"},{"id":"b","subscriber":"` + webhookURL + `"}],"links":[]}`: "b",
		`{"subscriptions":[{"id":"a","subscriber":"http://other"}],"links":[]}`:                                              "",
		`not JSON`: "",
	} {
		spy := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
			if req.Method == http.MethodPost {
				return &transport.Response{Status: http.StatusConflict, Header: http.Header{}, Body: []byte(`{"title":"Resource conflict","description":"It exists."}`)}, nil
			}
			return &transport.Response{Status: http.StatusOK, Header: http.Header{}, Body: []byte(listing)}, nil
		}}
		s, err := clienttest.Over(t, spy).Queue("wot").CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL})
		if !errors.Is(err, zaqar.ErrConflict) || (found == "") != (s == nil) || s != nil && (s.ID() != found || !errors.Is(err, zaqar.ErrExists)) {
			t.Errorf("%s: %v, %v", listing, s, err)
		}
		if (listing == "not JSON") != errors.Is(err, zaqar.ErrMalformed) {
			t.Errorf("%s: %v", listing, err)
		}
	}
}

func TestSubscriptionsRefuseWhatCannotBeRight(t *testing.T) {
	t.Parallel()
	spy := clienttest.Says(http.StatusOK, `{"id":"s"}`)
	q := clienttest.Over(t, spy).Queue("wot")
	sub, err := q.Subscription(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	sent := spy.Count()
	tooFew := zaqar.SubscriptionOptions{RetryPolicy: zaqar.RetryPolicy{RetriesWithNoDelay: -1}}
	noJSON := zaqar.SubscriptionOptions{Extra: map[string]any{"f": func() {}}}
	for name, err := range map[string]error{
		"no subscriber":        second(q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{})),
		"no URI":               second(q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: "receiver"})),
		"a broken URI":         second(q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: "http://h/\x00s3cr3t"})),
		"a short TTL":          second(q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL, TTL: time.Second})),
		"half a second":        second(q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL, TTL: 60*time.Second + 1})),
		"a policy":             second(q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL, Options: tooFew})),
		"no JSON":              second(q.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL, Options: noJSON})),
		"an empty id":          second(q.Subscription(t.Context(), "")),
		"no change":            sub.Update(t.Context()),
		"an update's TTL":      sub.Update(t.Context(), zaqar.TTL(0)),
		"an update's URI":      sub.Update(t.Context(), zaqar.SubscriberURI("")),
		"an update's policy":   sub.Update(t.Context(), tooFew),
		"pages of one":         second(zaqar.Collect(q.Subscriptions(t.Context(), zaqar.PageSize(1)))),
		"none":                 second(zaqar.Collect(q.Subscriptions(t.Context(), zaqar.Limit(0)))),
		"the name of no queue": second(clienttest.Over(t, spy).Queue("a b").CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL})),
	} {
		if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok || !errors.Is(err, zaqar.ErrInvalid) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if spy.Count() != sent {
		t.Errorf("%d requests were sent", spy.Count()-sent)
	}
	old := clienttest.Over(t, spy, zaqar.WithVersion(zaqar.V1_1)).Queue("wot")
	if _, err := old.CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL}); !errors.Is(err, zaqar.ErrUnsupported) {
		t.Errorf("by v1.1: %v", err)
	}
}

func TestASubscriptionPrintsWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	q := clienttest.Over(t, clienttest.Says(http.StatusOK, `{"id":"s","subscriber":"https://h/?token=s3cr3t","ttl":60,"age":5,"options":{"post_headers":{"Authorization":"s3cr3t"},"post_data":"s3cr3t","trust_id":"s3cr3t"}}`)).Queue("wot")
	sub, err := q.Subscription(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	options := sub.Options()
	if options.PostHeaders["Authorization"] != secret {
		t.Fatal("the test looks at nothing")
	}
	encoded, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, value := range []any{sub, options, &options, []zaqar.SubscriptionOptions{options}} {
			texts = append(texts, fmt.Sprintf(verb, value))
		}
	}
	for _, text := range texts {
		if strings.Contains(text, secret) {
			t.Error(text)
		}
	}
	if text := fmt.Sprint(sub, options); text != "<Subscription s of wot> <SubscriptionOptions post_data post_headers[Authorization] trust_id>" {
		t.Errorf("they print %s", text)
	}
	if text := fmt.Sprint(zaqar.SubscriptionOptions{}); text != "<SubscriptionOptions>" {
		t.Errorf("none print %s", text)
	}
}

func TestASubscriptionWhoseCreationWasHealedIsNew(t *testing.T) {
	t.Parallel()
	for age, created := range map[int]bool{0: true, 100: false} {
		synctest.Test(t, func(t *testing.T) {
			server := &clienttest.Scripted{}
			server.Answer = func(req *transport.Request) (*transport.Response, error) {
				switch {
				case req.Method == http.MethodGet:
					body := fmt.Sprintf(`{"subscriptions":[{"id":"s","source":"wot","subscriber":%q,"ttl":3600,"age":%d,"options":{}}],"links":[]}`, webhookURL, age)
					return &transport.Response{Status: http.StatusOK, Header: http.Header{}, Body: []byte(body)}, nil
				case server.Count() == 1:
					return nil, &transport.Error{MaybeSent: true, Err: io.EOF}
				}
				return &transport.Response{Status: http.StatusConflict, Header: http.Header{}, Body: []byte(`{"title":"Resource conflict"}`)}, nil
			}
			s, err := clienttest.Over(t, server).Queue("wot").CreateSubscription(t.Context(), zaqar.SubscriptionConfig{Subscriber: webhookURL})
			if s == nil || s.Created() != created || (err == nil) != created || !created && !errors.Is(err, zaqar.ErrExists) {
				t.Errorf("%d seconds old: %v, %v", age, s, err)
			}
		})
	}
}
