package zaqar_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// frames gives the same answer to every request, in the form of the WebSocket.
func frames(status int, body string) *clienttest.Scripted {
	return &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
		return &transport.Response{Status: status, Header: http.Header{}, Body: []byte(body), Dialect: transport.Frames}, nil
	}}
}

func TestOptionsOfTheWebSocketThatCannotBeRight(t *testing.T) {
	t.Parallel()
	own := zaqar.WithTransport(frames(200, `{}`))
	for name, test := range map[string]struct {
		endpoint string
		options  []zaqar.ConnectOption
		argument string
	}{
		"two WebSockets":            {"ws://a", []zaqar.ConnectOption{zaqar.WithWebSocket("ws://b")}, "WithWebSocket"},
		"a transport of one's own":  {"http://a", []zaqar.ConnectOption{own, zaqar.WithWebSocket("ws://b")}, "WithTransport"},
		"MessagePack over HTTP":     {"http://a", []zaqar.ConnectOption{zaqar.WithMessagePack()}, "WithMessagePack"},
		"an old version alone":      {"wss://a", []zaqar.ConnectOption{zaqar.WithVersion(zaqar.V1)}, "WithVersion"},
		"an old version beside":     {"http://a", []zaqar.ConnectOption{zaqar.WithVersion(zaqar.V1_1), zaqar.WithWebSocket("ws://b")}, "WithVersion"},
		"a URL that is none":        {"http://a", []zaqar.ConnectOption{zaqar.WithVersion(zaqar.V2), zaqar.WithWebSocket("gopher://b")}, "WithWebSocket"},
		"spaces":                    {"http://a", []zaqar.ConnectOption{zaqar.WithWebSocket(" ws://b")}, "WithWebSocket"},
		"a password in the URL":     {"ws://user:s3cret@a", nil, "endpoint"},
		"no catalogue to find it":   {"http://a", []zaqar.ConnectOption{zaqar.WithVersion(zaqar.V2), zaqar.WithWebSocket("")}, "WithWebSocket"},
		"a CA that cannot be found": {"wss://a", []zaqar.ConnectOption{zaqar.WithCACert("/nowhere")}, "TLS options"},
	} {
		_, err := zaqar.Connect(t.Context(), test.endpoint, append(test.options, zaqar.WithProject("p"))...)
		if e, ok := errors.AsType[*zaqar.ArgumentError](err); !ok || e.Argument != test.argument || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheWebSocketComesFromTheCatalogue(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
	t.Cleanup(func() { _ = signIn.Close() })
	client := connect(t, "", zaqar.WithAuth(signIn), zaqar.WithWebSocket(""))
	if _, err := client.Queue("wot").Post(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if n := srv.WebSockets(); n != 1 {
		t.Errorf("%d WebSockets are open", n)
	}
	srv.SetCatalog(zaqartest.CatalogEntry{Type: "messaging", Name: "zaqar", Region: "RegionOne", Interface: "public", URL: srv.URL()})
	again := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
	t.Cleanup(func() { _ = again.Close() })
	if _, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(again), zaqar.WithWebSocket("")); err == nil || !strings.Contains(err.Error(), "messaging-websocket") {
		t.Errorf("without one: %v", err)
	}
}

func TestAnswersOfTheWebSocketReadLikeThoseOfHTTP(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	q := func(status int, body string) *zaqar.Queue { return clienttest.Over(t, frames(status, body)).Queue("q") }
	if ids, err := q(201, `{"message_ids":["a","b"]}`).Post(ctx, 1, 2); err != nil || len(ids) != 2 || ids[1] != "b" {
		t.Errorf("posted %v, %v", ids, err)
	}
	if m, err := q(200, `{"messages":{"id":"m","claim_id":null,"ttl":60,"age":1,"body":{"x":1e400}}}`).Message(ctx, "m"); err != nil || m.ID() != "m" || string(m.Body()) != `{"x":1e400}` {
		t.Errorf("read %v, %v", m, err)
	}
	if m, err := q(200, `{"messages":{"id":"m","ttl":60,"age":1,"body":Infinity}}`).Message(ctx, "m"); err != nil || string(m.Body()) != `Infinity` {
		t.Errorf("read %v, %v", m, err)
	}
	if c, err := q(201, `{"claim_id":"c","messages":[{"id":"m","claim_id":"c","ttl":60,"age":1,"body":1}]}`).Claim(ctx); err != nil || c.ID() != "c" || c.Size() != 1 {
		t.Errorf("claimed %v, %v", c, err)
	}
	if c, err := q(204, `{"claim_id":"c"}`).Claim(ctx); err != nil || !c.Empty() {
		t.Errorf("claimed %v, %v", c, err)
	}
	if s, err := q(404, `{"messages":{"claimed":0,"free":0,"total":0}}`).Stats(ctx); err != nil || s.Total != 0 {
		t.Errorf("stats %v, %v", s, err)
	}
	if got, err := zaqar.Collect(q(404, `{"error":"Queue q does not exist."}`).Messages(ctx)); err != nil || len(got) != 0 {
		t.Errorf("listed %v, %v", got, err)
	}
	for body, says := range map[string]string{
		`"Queue is gone"`:                              "zaqar: queue_delete q: (409): Conflict: Queue is gone",
		`{"error":"Schema validation failed."}`:        "(409): Schema validation failed.",
		`{"exception":"it broke","error":null}`:        "(409): Conflict: it broke",
		`{"exception":"it broke","error":"Bad thing"}`: "(409): Bad thing: it broke",
	} {
		if err := q(409, body).Delete(ctx); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s is told as %v", body, err)
		}
	}
	for _, body := range []string{`[]`, `5`, `{"messages":`, `null`, `"x"`} {
		for what, err := range map[string]error{
			"post":  failure(q(201, body).Post(ctx, 1)),
			"get":   failure(q(200, body).Message(ctx, "m")),
			"list":  failure(zaqar.Collect(q(200, body).Messages(ctx))),
			"claim": failure(q(201, body).Claim(ctx)),
		} {
			if !errors.Is(err, zaqar.ErrMalformed) {
				t.Errorf("%s of %s: %v", what, body, err)
			}
		}
	}
}

func failure[T any](_ T, err error) error { return err }

func TestAListingOverTheWebSocketGoesOnBehindItsLastItem(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	client := connect(t, srv.WebSocketURL(), zaqar.WithProject("p"))
	q := client.Queue("wot")
	for range 5 {
		if _, err := q.Post(t.Context(), 1, 2, 3, 4, 5, 6, 7, 8, 9); err != nil {
			t.Fatal(err)
		}
	}
	messages, err := zaqar.Collect(q.Messages(t.Context()))
	if err != nil || len(messages) != 45 {
		t.Errorf("%d messages, %v", len(messages), err)
	}
}

func TestWithTheWebSocketAloneWhatItLacksIsUnsupported(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	client := connect(t, srv.WebSocketURL(), zaqar.WithProject("p"))
	ctx, q := t.Context(), client.Queue("wot")
	if v := client.Conn().Version(); v != zaqar.V2 {
		t.Errorf("the version is %s", v)
	}
	metadata, err := q.Metadata(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, raw := client.Conn().Get(ctx, "/v2/queues")
	for what, err := range map[string]error{
		"exists": failure(q.Exists(ctx)), "health": failure(client.Health(ctx)), "home": failure(client.Home(ctx)),
		"metadata": metadata.Set(ctx, "a", 1), "raw": raw,
		"filter": failure(zaqar.Collect(client.Queues(ctx, zaqar.NameLike("x")))),
	} {
		if !errors.Is(err, zaqar.ErrUnsupported) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := client.Ping(ctx); err != nil {
		t.Error(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if err := client.Ping(ctx); !errors.Is(err, zaqar.ErrClosed) {
		t.Errorf("after the close: %v", err)
	}
}

func TestASignedURLOpensTheWebSocket(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone(), zaqartest.WithSecretKey("key"))
	signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
	t.Cleanup(func() { _ = signIn.Close() })
	owner := connect(t, srv.URL(), zaqar.WithAuth(signIn))
	shared, err := owner.Queue("wot").Share(t.Context(), zaqar.ShareConfig{Methods: []string{http.MethodPost}})
	if err != nil {
		t.Fatal(err)
	}
	guest := connect(t, srv.WebSocketURL(), zaqar.WithAuth(shared))
	if _, err := guest.Queue("wot").Post(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if s, err := owner.Queue("wot").Stats(t.Context()); err != nil || s.Total != 1 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestCallsGoOverHTTPWhileTheWebSocketIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := zaqartest.RunInMemory(t)
		client := connect(t, srv.URL(), zaqar.WithProject("p"), zaqar.WithHTTPClient(srv.HTTPClient()),
			zaqar.WithVersion(zaqar.V2), zaqar.WithWebSocket(srv.WebSocketURL()))
		q := client.Queue("wot")
		post := func() {
			t.Helper()
			if _, err := q.Post(t.Context(), "x"); err != nil {
				t.Error(err)
			}
		}
		post()
		for range 10 {
			srv.DropWebSockets()
			synctest.Wait()
			post()
			time.Sleep(time.Minute)
		}
		post()
		if s, err := q.Stats(t.Context()); err != nil || s.Total != 12 || srv.WebSockets() != 1 {
			t.Errorf("%v, %v, %d WebSockets", s, err, srv.WebSockets())
		}
	})
}

func TestATokenThatIsRefusedOverTheWebSocketIsRenewedOnce(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	signIn := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
	t.Cleanup(func() { _ = signIn.Close() })
	stale := true
	credentials := auth.Func(func(ctx context.Context, h http.Header) error { return signIn.Authorize(ctx, h) })
	client := connect(t, srv.WebSocketURL(), zaqar.WithAuth(forgetful{credentials, signIn, &stale}))
	if _, err := client.Queue("wot").Post(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	wrong := connect(t, srv.WebSocketURL(), zaqar.WithAuth(auth.Token("nobody's", "p")))
	if err := wrong.Ping(t.Context()); !errors.Is(err, zaqar.ErrUnauthorized) {
		t.Errorf("a token of nobody: %v", err)
	}
}

// forgetful are credentials whose first token is invalid.
type forgetful struct {
	auth.Authorizer
	*keystone.Auth
	stale *bool
}

func (f forgetful) Authorize(ctx context.Context, h http.Header) error {
	if err := f.Authorizer.Authorize(ctx, h); err != nil || !*f.stale {
		return err
	}
	h.Set(auth.HeaderToken, "nobody's")
	return nil
}

func (f forgetful) Invalidate(http.Header) bool {
	*f.stale = false
	return true
}

func TestACallOverAWebSocketThatBreaksIsRepeatedIfThatDoesNoHarm(t *testing.T) {
	t.Parallel()
	for _, beside := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			srv := zaqartest.RunInMemory(t)
			endpoint, options := srv.WebSocketURL(), []zaqar.ConnectOption{zaqar.WithProject("p"), zaqar.WithHTTPClient(srv.HTTPClient())}
			if beside {
				endpoint, options = srv.URL(), append(options, zaqar.WithWebSocket(srv.WebSocketURL()), zaqar.WithVersion(zaqar.V2))
			}
			client := connect(t, endpoint, options...)
			for _, after := range []bool{false, true} {
				srv.Inject(zaqartest.Fault{Kind: "queue_get_stats", Cut: true, After: after})
				if _, err := client.Queue("wot").Stats(t.Context()); err != nil {
					t.Errorf("beside HTTP: %v, after acting: %v: %v", beside, after, err)
				}
				srv.Inject(zaqartest.Fault{Kind: "message_post", Cut: true, After: after})
				_, err := client.Queue("wot").Post(t.Context(), 1)
				if e := clienttest.AsError(t, err); !e.MayHaveActed() || e.Attempts != 1 {
					t.Errorf("beside HTTP: %v, after acting: %v: %v", beside, after, err)
				}
			}
			clienttest.Stored(t, srv, "wot", 1)
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
