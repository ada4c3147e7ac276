package zaqar_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

const sharedAnswer = `{"paths":["/v2/queues/uq/messages"],"methods":["GET"],"project":"wireU","expires":"2036-01-01T00:00:00",` +
	`"signature":"a6aaa5c404a17b2f55c2d83e29fdba186f75e02548050f3319b45857426928c0"}`

func TestSharingAsksForWhatIsConfigured(t *testing.T) {
	t.Parallel()
	spy := clienttest.Says(http.StatusOK, sharedAnswer)
	q := clienttest.Over(t, spy).Queue("uq")
	for _, c := range []struct {
		config zaqar.ShareConfig
		want   string
	}{
		{zaqar.ShareConfig{}, `{"methods":["GET"],"paths":["messages"]}`},
		{
			zaqar.ShareConfig{
				Paths: []zaqar.Resource{zaqar.ClaimResource, zaqar.MessageResource}, Methods: []string{"POST", "DELETE"},
				Expires: time.Date(2036, 1, 1, 2, 0, 0, 5, time.FixedZone("", 2*60*60)),
			},
			`{"expires":"2036-01-01T00:00:00Z","methods":["POST","DELETE"],"paths":["claims","messages"]}`,
		},
	} {
		signed, err := q.Share(t.Context(), c.config)
		if err != nil {
			t.Fatal(err)
		}
		sent := spy.Last(t)
		if string(sent.Body) != c.want || sent.Method != http.MethodPost || sent.Path != "/v2/queues/uq/share" {
			t.Errorf("%s %s %s", sent.Method, sent.Path, sent.Body)
		}
		if err := signed.Verify("SOMELONGSECRET", time.Now()); err != nil {
			t.Error(err)
		}
	}
}

func TestSharingRefusesWhatCannotBeRight(t *testing.T) {
	t.Parallel()
	spy := clienttest.Says(http.StatusOK, sharedAnswer)
	q := clienttest.Over(t, spy).Queue("uq")
	for _, config := range []zaqar.ShareConfig{
		{Paths: []zaqar.Resource{"stats"}}, {Paths: []zaqar.Resource{""}}, {Methods: []string{"get"}}, {Methods: []string{""}}, {Methods: []string{"GET,POST"}},
	} {
		if _, err := q.Share(t.Context(), config); !errors.Is(err, zaqar.ErrInvalid) {
			t.Errorf("%+v: %v", config, err)
		}
	}
	if spy.Count() != 0 {
		t.Errorf("%d requests were sent", spy.Count())
	}
	_, err := clienttest.Over(t, spy, zaqar.WithVersion(zaqar.V1_1)).Queue("uq").Share(t.Context(), zaqar.ShareConfig{})
	if !errors.Is(err, zaqar.ErrUnsupported) {
		t.Errorf("by v1.1: %v", err)
	}
}

func TestAnAnswerThatIsNoSignedURLIsAnError(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{``, `null`, `{}`, `[]`, strings.Replace(sharedAnswer, "a6aaa", "zzzzz", 1)} {
		_, err := clienttest.Over(t, clienttest.Says(http.StatusOK, answer)).Queue("uq").Share(t.Context(), zaqar.ShareConfig{})
		if !errors.Is(err, zaqar.ErrMalformed) || strings.Contains(err.Error(), "a5c404") {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// signedForWot allows reading and posting on the queue wot for an hour.
func signedForWot(t *testing.T) auth.SignedURL {
	t.Helper()
	signed, err := auth.Sign("key", auth.Grant{
		Endpoint: "https://cloud.example.com:8888", Paths: []string{"/v2/queues/wot/messages"}, Methods: []string{"GET", "POST"},
		Project: "p", Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestASignedURLIsAllThatConnectNeeds(t *testing.T) {
	t.Parallel()
	signed := signedForWot(t)
	client, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signed))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	conn := client.Conn()
	if conn.Endpoint() != "https://cloud.example.com:8888" || conn.Version() != zaqar.V2 || conn.ProjectID() != "p" {
		t.Errorf("connected to %s by %s as %s", conn.Endpoint(), conn.Version(), conn.ProjectID())
	}
	without, err := signed.WithEndpoint("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(without)); err == nil || !strings.Contains(err.Error(), "does not contain the service's endpoint") {
		t.Errorf("without an endpoint: %v", err)
	}
}

func TestCallsByASignedURLCarryItAndNoToken(t *testing.T) {
	t.Parallel()
	spy := clienttest.Says(http.StatusOK, `{"messages":[],"links":[]}`)
	q := clienttest.Over(t, spy, zaqar.WithAuth(signedForWot(t))).Queue("wot")
	if found, err := zaqar.Collect(q.Messages(t.Context())); err != nil || len(found) != 0 {
		t.Fatal(found, err)
	}
	h := spy.Last(t).Header
	for name, want := range map[string]string{
		"URL-Paths": "/v2/queues/wot/messages", "URL-Methods": "GET,POST", "X-Project-ID": "p", "X-Auth-Token": "",
	} {
		if h.Get(name) != want {
			t.Errorf("%s is %q", name, h.Get(name))
		}
	}
	if len(h.Get("URL-Signature")) != 64 || h.Get("Client-ID") == "" {
		t.Errorf("the header is %v", transport.Redact(h))
	}
}

func TestACallThatASignedURLDoesNotCoverIsNotSent(t *testing.T) {
	t.Parallel()
	spy := clienttest.Says(http.StatusNoContent, "")
	client := clienttest.Over(t, spy, zaqar.WithAuth(signedForWot(t)))
	ctx := t.Context()
	for name, err := range map[string]error{
		"ping":          client.Ping(ctx),
		"delete":        client.Queue("wot").DeleteMessage(ctx, "m"),
		"another queue": second(client.Queue("other").Post(ctx, 1)),
		"stats":         second(client.Queue("wot").Stats(ctx)),
		"raw":           second(client.Conn().Get(ctx, "/v2/queues?limit=2")),
		"the root":      second(client.Conn().Get(ctx, "/")),
	} {
		e := clienttest.AsError(t, err)
		if !errors.Is(err, auth.ErrNotCovered) || !errors.Is(err, zaqar.ErrForbidden) || e.MayHaveActed() || !e.SafeToRetry() {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := clienttest.Over(t, spy, zaqar.WithAuth(signedForWot(t)), zaqar.WithVersion(zaqar.V1)).Queue("wot").Pop(ctx, 1)
	if err == nil {
		t.Error("v1 takes a signed URL")
	}
	if spy.Count() != 0 {
		t.Errorf("%d requests were sent", spy.Count())
	}
}

func second[T any](_ T, err error) error { return err }

func TestAnExpiredSignedURLIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spy := clienttest.Says(http.StatusOK, `{"messages":[]}`)
		q := clienttest.Over(t, spy, zaqar.WithAuth(signedForWot(t))).Queue("wot")
		if _, err := zaqar.Collect(q.Messages(t.Context())); err != nil {
			t.Fatal(err)
		}
		sent := spy.Count()
		time.Sleep(time.Hour) // the bubble's clock
		_, err := q.Post(t.Context(), 1)
		if !errors.Is(err, auth.ErrExpired) || !errors.Is(err, zaqar.ErrUnauthorized) || clienttest.AsError(t, err).MayHaveActed() {
			t.Errorf("the error is %v", err)
		}
		if spy.Count() != sent {
			t.Error("it was sent")
		}
	})
}

func TestA404ToASignedURLIsExplained(t *testing.T) {
	t.Parallel()
	silent, told := clienttest.Says(http.StatusNotFound, `{"title":"404 Not Found"}`), clienttest.Says(http.StatusNotFound, `{"title":"Not found","description":"No such message."}`)
	for _, c := range []struct {
		spy       *clienttest.Scripted
		explained bool
		auth      auth.Authorizer
	}{
		{silent, true, signedForWot(t)}, {told, false, signedForWot(t)}, {silent, false, auth.NoAuth("p")},
	} {
		_, err := clienttest.Over(t, c.spy, zaqar.WithAuth(c.auth)).Queue("wot").Message(t.Context(), "m")
		if !errors.Is(err, zaqar.ErrNotFound) || strings.Contains(err.Error(), "signed URL") != c.explained {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestASharedQueueIsHandedOverAsText(t *testing.T) {
	t.Parallel()
	signed, err := clienttest.Over(t, clienttest.Says(http.StatusOK, sharedAnswer)).Queue("uq").Share(t.Context(), zaqar.ShareConfig{})
	if err != nil {
		t.Fatal(err)
	}
	read, err := auth.ParseSignedURL(signed.Reveal())
	if err != nil || !reflect.DeepEqual(read.Grant(), signed.Grant()) {
		t.Errorf("%+v, %v", read.Grant(), err)
	}
	var answer, revealed map[string]any
	if err := errors.Join(json.Unmarshal([]byte(sharedAnswer), &answer), json.Unmarshal(signed.RevealJSON(), &revealed)); err != nil || !reflect.DeepEqual(answer, revealed) {
		t.Errorf("%v is revealed as %v, %v", answer, revealed, err)
	}
}

func TestASignedURLIsEnoughToPublishAndToConsume(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithSecretKey("key"))
	signed, err := auth.Sign("key", auth.Grant{
		Endpoint: srv.URL(), Paths: []string{"/v2/queues/wot/messages", "/v2/queues/wot/claims"}, Methods: []string{"GET", "POST", "PATCH", "DELETE"},
		Project: "p", Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	guest, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signed))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = guest.Close() }()
	q := guest.Queue("wot")
	publisher := q.Publisher(zaqar.PublisherConfig{})
	published := publisher.Publish(t.Context(), "x")
	if err := publisher.Close(t.Context()); err != nil || published.Err() != nil {
		t.Fatal(err, published.Err())
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var handled []string
	err = q.Consumer(zaqar.ConsumerConfig{}).Run(ctx, func(_ context.Context, m *zaqar.Message) error {
		handled = append(handled, string(m.Body()))
		cancel()
		return nil
	})
	if err != nil || len(handled) != 1 || handled[0] != `"x"` {
		t.Errorf("handled %v, %v", handled, err)
	}
	if left := srv.Messages("p", "wot"); len(left) != 0 {
		t.Errorf("left is %v", left)
	}
}
