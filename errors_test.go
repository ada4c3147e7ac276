package zaqar_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestEveryAnswerOtherThan2xxIsAnError(t *testing.T) {
	t.Parallel()
	sentinels := map[int]error{
		400: zaqar.ErrInvalid, 401: zaqar.ErrUnauthorized, 403: zaqar.ErrForbidden, 404: zaqar.ErrNotFound,
		409: zaqar.ErrConflict, 502: zaqar.ErrUnavailable, 503: zaqar.ErrUnavailable, 504: zaqar.ErrUnavailable,
	}
	for _, status := range []int{300, 301, 302, 304, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413, 414, 415, 418, 422, 429, 431, 498, 500, 501, 502, 503, 504, 505, 507, 599} {
		server := clienttest.Says(status, `{"title":"A title","description":"And more."}`)
		q := clienttest.Over(t, server, zaqar.NoRetry()).Queue("wot")
		calls := map[string]error{}
		_, calls["post"] = q.Post(t.Context(), 1)
		_, calls["claim"] = q.Claim(t.Context())
		_, calls["stats"] = q.Stats(t.Context())
		calls["delete"] = q.Delete(t.Context())
		for name, err := range calls {
			e := clienttest.AsError(t, err)
			if e.Code != status || e.Queue != "wot" || !strings.Contains(err.Error(), fmt.Sprintf("(%d): A title: And more.", status)) {
				t.Errorf("%s with %d: %v", name, status, err)
			}
			for _, sentinel := range sentinels {
				if errors.Is(err, sentinel) != errors.Is(sentinels[status], sentinel) {
					t.Errorf("%s with %d: matching %v is %v", name, status, sentinel, errors.Is(err, sentinel))
				}
			}
		}
	}
}

func TestAnErrorTellsWhetherTheServerMayHaveActed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		answer     *transport.Response
		err        error
		acted      bool
		post, read bool // safe to retry
	}{
		{name: "400", answer: &transport.Response{Status: 400}, post: true, read: true},
		{name: "404", answer: &transport.Response{Status: 404}, post: true, read: true},
		{name: "408", answer: &transport.Response{Status: 408}, acted: true, read: true},
		{name: "429", answer: &transport.Response{Status: 429}, post: true, read: true},
		{name: "500", answer: &transport.Response{Status: 500}, acted: true, read: true},
		{name: "503", answer: &transport.Response{Status: 503}, acted: true, read: true},
		{name: "malformed", answer: &transport.Response{Status: 200, Body: []byte("<html>")}, acted: true, read: true},
		{name: "refused connection", err: &transport.Error{Err: io.EOF}, post: true, read: true},
		{name: "cut after sending", err: &transport.Error{MaybeSent: true, Err: io.EOF}, acted: true, read: true},
		{name: "a transport that does not tell", err: io.EOF, acted: true, read: true},
	} {
		q := clienttest.Over(t, &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) { return c.answer, c.err }}, zaqar.NoRetry()).Queue("wot")
		_, post := q.Post(t.Context(), 1)
		_, read := q.Stats(t.Context())
		if e := clienttest.AsError(t, post); e.MayHaveActed() != c.acted || e.SafeToRetry() != c.post || zaqar.SafeToRetry(post) != c.post {
			t.Errorf("%s: a post may have acted: %v, is safe to retry: %v (%v)", c.name, e.MayHaveActed(), e.SafeToRetry(), post)
		}
		if zaqar.SafeToRetry(fmt.Errorf("wrapped: %w", read)) != c.read {
			t.Errorf("%s: reading is safe to retry: %v (%v)", c.name, !c.read, read)
		}
		if c.err != nil && !errors.Is(post, io.EOF) {
			t.Errorf("%s: the cause is lost in %v", c.name, post)
		}
	}
	if zaqar.SafeToRetry(nil) || zaqar.SafeToRetry(io.EOF) {
		t.Error("an error of others is safe to retry")
	}
}

func TestAPostIsNeverRepeatedWhenItMayHaveHappened(t *testing.T) {
	t.Parallel()
	for _, fault := range []zaqartest.Fault{
		{Status: 503, After: true},
		{Status: 503},
		{Status: 500, After: true},
		{Cut: true, After: true},
		{Cut: true},
	} {
		srv := zaqartest.Run(t)
		client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithProject("p"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		if err := client.Ping(t.Context()); err != nil { // a connection to be reused
			t.Fatal(err)
		}
		fault.Kind = "message_post"
		srv.Inject(fault)
		_, err = client.Queue("wot").Post(t.Context(), 1)
		if e := clienttest.AsError(t, err); !e.MayHaveActed() || e.SafeToRetry() {
			t.Errorf("%+v: the error does not say that the message may be stored: %v", fault, err)
		}
		if n := len(srv.Requests("message_post")); n != 1 {
			t.Errorf("%+v: %d posts were sent", fault, n)
		}
		if n := len(srv.Messages("p", "wot")); n > 1 {
			t.Errorf("%+v: stored %d times", fault, n)
		}
	}
}

func TestWhatCertainlyWasNotSentIsSafeToRetry(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	gone := srv.URL()
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	client, err := zaqar.Connect(t.Context(), gone, zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2))
	if err != nil {
		t.Fatalf("with endpoint and version Connect sends nothing: %v", err)
	}
	_, err = client.Queue("wot").Post(t.Context(), 1)
	if e := clienttest.AsError(t, err); e.Code != 0 || e.MayHaveActed() || !e.SafeToRetry() {
		t.Errorf("a refused connection: %v", err)
	}
}

func TestErrorsAreReadInEveryShape(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, title, description string }{
		{`{"title":"Not found","description":"No such thing."}`, "Not found", "No such thing."},
		{`{"title":"404 Not Found"}`, "404 Not Found", ""},
		{`{"error":{"code":401,"title":"Unauthorized","message":"The request you have made requires authentication."}}`, "Unauthorized", "The request you have made requires authentication."},
		{`{"error":"Not authentified."}`, "Not authentified.", ""},
		{`{"exception":"Queue wot does not exist","error":null}`, "", "Queue wot does not exist"},
		{`{"exception":"why","error":"what"}`, "what", "why"},
		{``, "", ""},
		{`null`, "", ""},
		{`[]`, "", "[]"},
		{`{"title":5}`, "", `{"title":5}`},
		{"upstream connect error\nor disconnect", "", "upstream connect error or disconnect"},
		{`<html><head><title>502 Bad Gateway</title></head><body>…`, "", "502 Bad Gateway"},
		{`<?xml version="1.0"?><error><title>404 Not Found</title></error>`, "", "404 Not Found"},
		{strings.Repeat("x", 100_000), "", strings.Repeat("x", 200) + "…"},
		{"\xff\xfe", "", ""},
	} {
		_, err := clienttest.Over(t, clienttest.Says(418, c.body)).Queue("wot").Stats(t.Context())
		if e := clienttest.AsError(t, err); e.Title != c.title || e.Description != c.description {
			t.Errorf("%.60q is read as %q, %q", c.body, e.Title, e.Description)
		}
		if text := err.Error(); !strings.Contains(text, "(418): ") || strings.ContainsAny(text, "\n\r") {
			t.Errorf("%.60q prints %q", c.body, text)
		}
	}
}

func TestTheRequestIDIsInTheError(t *testing.T) {
	t.Parallel()
	server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
		return &transport.Response{Status: 404, Header: http.Header{"X-Openstack-Request-Id": {"req-123"}}}, nil
	}}
	_, err := clienttest.Over(t, server).Queue("wot").Message(t.Context(), "m")
	if e := clienttest.AsError(t, err); e.RequestID != "req-123" || !strings.Contains(err.Error(), "req-123") {
		t.Errorf("the error is %v", err)
	}
}

func TestMalformedAnswersNameTheOperation(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `{`, `null`, `[]`, `"text"`, `5`, `<html>login</html>`, `{"other":1}`, "\x00", `{"messages":5}`, `{"messages":[{}]}`, `{"messages":[null]}`, `{"queues":[{}]}`, `{"messages":{"free":"many"}}`, `{"resources":["",5]}`} {
		client := clienttest.Over(t, clienttest.Says(200, body))
		q := client.Queue("wot")
		calls := map[string]error{}
		_, calls["queue_get_stats"] = q.Stats(t.Context())
		_, calls["message_post"] = q.Post(t.Context(), 1)
		_, calls["message_get"] = q.Message(t.Context(), "m")
		_, calls["message_pop"] = q.Pop(t.Context(), 1)
		_, calls["claim_get"] = q.ClaimByID(t.Context(), "c")
		_, calls["home"] = client.Home(t.Context())
		for _, err := range q.Messages(t.Context()) {
			calls["message_list"] = err
		}
		for _, err := range client.Queues(t.Context()) {
			calls["queue_list"] = err
		}
		for op, err := range calls {
			if !errors.Is(err, zaqar.ErrMalformed) || clienttest.AsError(t, err).Op != op {
				t.Errorf("%s with %q: %v", op, body, err)
			}
		}
	}
}

func TestErrorsNeverHoldTheToken(t *testing.T) {
	t.Parallel()
	const token = "s3cr3t-t0k3n"
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host was asked, with headers %v", r.Header)
	}))
	defer elsewhere.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/?token="+token, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	for _, endpoint := range []string{redirecting.URL, "http://127.0.0.1:1", "http://nowhere.invalid"} {
		client, err := zaqar.Connect(t.Context(), endpoint, zaqar.WithAuth(auth.Token(token, "p")), zaqar.WithVersion(zaqar.V2), zaqar.NoRetry())
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Queue("wot").Post(t.Context(), 1)
		for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			if strings.Contains(text, token) {
				t.Errorf("the token is in %s", text)
			}
		}
	}
	_, err := zaqar.Connect(t.Context(), "http://127.0.0.1:1", zaqar.WithAuth(auth.Token(token+"\n", "p")))
	if err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("a token with a line break: %v", err)
	}
}
