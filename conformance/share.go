package conformance

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

// tomorrow is late enough for a case that lets time pass.
func tomorrow() time.Time { return time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second) }

var shares = []behaviour{
	{"a signed URL says what it was asked to allow", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		want := auth.Grant{
			Paths: []string{q.Href() + "/claims", q.Href() + "/messages", q.Href() + "/subscriptions"}, Methods: []string{"DELETE", "GET", "PATCH"}, Expires: tomorrow(),
		}
		got := share(t, q, zaqar.ShareConfig{
			Paths:   []zaqar.Resource{zaqar.SubscriptionResource, zaqar.MessageResource, zaqar.ClaimResource},
			Methods: []string{"PATCH", "GET", "DELETE"}, Expires: want.Expires.In(time.FixedZone("", 3600)),
		}).Grant()
		want.Endpoint, want.Project = got.Endpoint, got.Project
		if !reflect.DeepEqual(got, want) || got.Project == "" {
			t.Errorf("it allows %+v, want %+v", got, want)
		}
		unasked := share(t, q, zaqar.ShareConfig{}).Grant()
		if !reflect.DeepEqual(unasked.Paths, []string{q.Href() + "/messages"}) || !reflect.DeepEqual(unasked.Methods, []string{"GET"}) || !unasked.Expires.After(time.Now()) {
			t.Errorf("without being asked for anything it allows %+v", unasked)
		}
	}},
	{"a signed URL is enough to work with messages", func(t *testing.T, s *suite) {
		q := s.queue(t)
		signed := share(t, q, zaqar.ShareConfig{
			Paths: []zaqar.Resource{zaqar.MessageResource, zaqar.ClaimResource}, Methods: []string{"GET", "POST", "PATCH", "DELETE"}, Expires: tomorrow(),
		})
		s.Auth = signed
		theirs := s.client(t).Queue(q.Name())
		post(t, theirs, "by signature")
		found := all(t, q.Messages(t.Context()))
		if len(found) != 1 || string(found[0].Body()) != `"by signature"` {
			t.Fatalf("found %v", found)
		}
		work := claim(t, theirs)
		if work.Size() != 1 {
			t.Fatalf("claimed %v", work)
		}
		if err := work.Update(t.Context(), zaqar.TTL(2*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := work.Messages()[0].Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := all(t, theirs.Messages(t.Context(), zaqar.IncludeClaimed(true))); len(left) != 0 {
			t.Errorf("left is %v", left)
		}
	}},
	{"a signed URL opens nothing else", func(t *testing.T, s *suite) {
		client := s.client(t)
		q, other := s.queueOf(t, client), s.queueOf(t, client)
		signed := share(t, q, zaqar.ShareConfig{Expires: tomorrow()})
		// The client would refuse these, so they are sent to the server directly.
		s.Auth = auth.Func(signed.Authorize)
		theirs := s.client(t)
		if found := all(t, theirs.Queue(q.Name()).Messages(t.Context())); len(found) != 0 {
			t.Errorf("found %v", found)
		}
		for name, err := range map[string]error{
			"another method": second(theirs.Queue(q.Name()).Post(t.Context(), 1)),
			"another path":   second(theirs.Queue(q.Name()).Stats(t.Context())),
			"another queue":  second(zaqar.Collect(theirs.Queue(other.Name()).Messages(t.Context()))),
			"the service":    theirs.Ping(t.Context()),
		} {
			if !errors.Is(err, zaqar.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}},
	{"a signed URL that was changed opens nothing", func(t *testing.T, s *suite) {
		client := s.client(t)
		q, other := s.queueOf(t, client), s.queueOf(t, client)
		signed := share(t, q, zaqar.ShareConfig{Expires: tomorrow()})
		end := signed.Expires().Format("2006-01-02T15:04:05")
		flipped := "0"
		if strings.HasPrefix(signed.Signature().Reveal(), flipped) {
			flipped = "1"
		}
		for name, change := range map[string][]string{
			"nothing":   {"", ""},
			"methods":   {"methods=GET", "methods=GET,POST"},
			"paths":     {q.Name() + "/messages", q.Name() + "/messages," + other.Href() + "/messages"},
			"project":   {"project=", "project=x"},
			"expires":   {end, signed.Expires().Add(time.Hour).Format("2006-01-02T15:04:05")},
			"signature": {"signature=" + signed.Signature().Reveal()[:1], "signature=" + flipped},
		} {
			forged, err := auth.ParseSignedURL(strings.Replace(signed.Reveal(), change[0], change[1], 1))
			if err != nil {
				t.Fatal(err)
			}
			s.Auth = forged
			_, err = zaqar.Collect(s.client(t).Queue(q.Name()).Messages(t.Context()))
			if name == "nothing" {
				if err != nil {
					t.Errorf("unchanged: %v", err)
				}
				continue
			}
			if !errors.Is(err, zaqar.ErrNotFound) || !strings.Contains(err.Error(), "signed URL") {
				t.Errorf("with other %s: %v", name, err)
			}
		}
	}},
	{"a signed URL ends", func(t *testing.T, s *suite) {
		q := s.queue(t)
		signed := share(t, q, zaqar.ShareConfig{Expires: time.Now().Add(30 * time.Second)})
		before := http.Header{}
		if err := signed.Authorize(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		s.Auth = auth.Func(func(_ context.Context, h http.Header) error {
			maps.Copy(h, before)
			return nil
		})
		theirs := s.client(t).Queue(q.Name())
		all(t, theirs.Messages(t.Context()))
		s.Wait(31 * time.Second)
		_, err := zaqar.Collect(theirs.Messages(t.Context()))
		matches(t, err, zaqar.ErrNotFound)
	}},
	{"what the server signed and what its key signed are the same", func(t *testing.T, s *suite) {
		if s.SigningKey == "" {
			t.Fatal("the target has no SigningKey")
		}
		q := s.queue(t)
		signed := share(t, q, zaqar.ShareConfig{Methods: []string{"POST", "GET"}, Expires: tomorrow()})
		if err := signed.Verify(s.SigningKey, time.Now()); err != nil {
			t.Error(err)
		}
		grant := signed.Grant()
		grant.Methods = []string{"POST"}
		for key, want := range map[string]error{s.SigningKey: nil, s.SigningKey + "x": zaqar.ErrNotFound} {
			made, err := auth.Sign(key, grant)
			if err != nil {
				t.Fatal(err)
			}
			s.Auth = made
			if _, err := s.client(t).Queue(q.Name()).Post(t.Context(), "x"); !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
	}},
	{"a signature is looked at beside other credentials, too", func(t *testing.T, s *suite) {
		client := s.client(t)
		q := s.absent(t, client)
		sub := subscribe(t, q, zaqar.SubscriptionConfig{Subscriber: nobody})
		confirm := func(key string) error {
			signed, err := auth.Sign(key, auth.Grant{
				Paths: []string{sub.Href() + "/confirm"}, Methods: []string{http.MethodPut}, Project: projectOf(t, client, q), Expires: tomorrow(),
			})
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{}
			if err := signed.Authorize(t.Context(), header); err != nil {
				t.Fatal(err)
			}
			_, err = client.Conn().Do(t.Context(), &transport.Request{
				Method: http.MethodPut, Path: sub.Href() + "/confirm", Header: header, Body: []byte(`{"confirmed":true}`),
			})
			return err
		}
		matches(t, confirm(s.SigningKey+"x"), zaqar.ErrNotFound)
		if err := sub.Reload(t.Context()); err != nil || sub.Confirmed() {
			t.Errorf("confirmed %v, %v", sub.Confirmed(), err)
		}
		if err := confirm(s.SigningKey); err != nil {
			t.Error(err)
		}
		if err := sub.Reload(t.Context()); err != nil || !sub.Confirmed() {
			t.Errorf("confirmed %v, %v", sub.Confirmed(), err)
		}
	}},
	{"what cannot be shared is refused", func(t *testing.T, s *suite) {
		q := s.absent(t, s.client(t))
		_, err := q.Share(t.Context(), zaqar.ShareConfig{Expires: time.Now().Add(-time.Hour)})
		matches(t, err, zaqar.ErrInvalid)
	}},
}

func share(t *testing.T, q *zaqar.Queue, config zaqar.ShareConfig) auth.SignedURL {
	t.Helper()
	signed, err := q.Share(t.Context(), config)
	if err != nil {
		t.Fatalf("share: %v", err)
	}
	return signed
}

// projectOf returns the id of the client's project.
func projectOf(t *testing.T, client *zaqar.Client, q *zaqar.Queue) string {
	t.Helper()
	if id := client.Conn().ProjectID(); id != "" {
		return id
	}
	return share(t, q, zaqar.ShareConfig{}).ProjectID()
}

func second[T any](_ T, err error) error { return err }
