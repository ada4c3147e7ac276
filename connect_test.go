package zaqar_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func connect(t *testing.T, endpoint string, options ...zaqar.ConnectOption) *zaqar.Client {
	t.Helper()
	client, err := zaqar.Connect(t.Context(), endpoint, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestConnectRefusesWhatCannotBeRight(t *testing.T) {
	t.Parallel()
	project := zaqar.WithProject("p")
	for name, c := range map[string]struct {
		endpoint string
		options  []zaqar.ConnectOption
	}{
		"credentials":       {"http://h", nil},
		"an endpoint":       {"", []zaqar.ConnectOption{project}},
		"a URL":             {"host:8888", []zaqar.ConnectOption{project}},
		"a scheme":          {"ftp://h", []zaqar.ConnectOption{project}},
		"a host":            {"http://", []zaqar.ConnectOption{project}},
		"a password in it":  {"http://u:s3cr3t@h", []zaqar.ConnectOption{project}},
		"a query in it":     {"http://h?x", []zaqar.ConnectOption{project}},
		"spaces":            {" http://h", []zaqar.ConnectOption{project}},
		"a version":         {"http://h", []zaqar.ConnectOption{project, zaqar.WithVersion("v3")}},
		"a negative time":   {"http://h", []zaqar.ConnectOption{project, zaqar.WithTimeout(-1)}},
		"a client id":       {"http://h", []zaqar.ConnectOption{project, zaqar.WithClientID("a\nb")}},
		"one TLS source":    {"http://h", []zaqar.ConnectOption{project, zaqar.WithInsecure(), zaqar.WithHTTPClient(http.DefaultClient)}},
		"a CA file":         {"http://h", []zaqar.ConnectOption{project, zaqar.WithCACert("/does/not/exist")}},
		"a CA in it":        {"http://h", []zaqar.ConnectOption{project, zaqar.WithCACert(os.Args[0])}},
		"a key of the cert": {"http://h", []zaqar.ConnectOption{project, zaqar.WithClientCert("cert.pem", "")}},
	} {
		_, err := zaqar.Connect(t.Context(), c.endpoint, c.options...)
		if !errors.Is(err, zaqar.ErrInvalid) || !strings.Contains(err.Error(), "connect: ") {
			t.Errorf("without %s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("the password is in %v", err)
		}
	}
}

func TestConnectDiscoversTheVersion(t *testing.T) {
	t.Parallel()
	const v2 = `{"id":"2","status":"CURRENT"}`
	for name, c := range map[string]struct {
		status int
		body   string
		want   zaqar.Version
		fails  bool
	}{
		"listed":                    {300, `{"versions":[{"id":"1","status":"DEPRECATED"},` + v2 + `]}`, zaqar.V2, false},
		"listed with unknown ones":  {300, `{"versions":[{"id":"7","status":"CURRENT"},` + v2 + `],"more":1}`, zaqar.V2, false},
		"a blocked root":            {403, `<html>`, zaqar.V2, false},
		"a root of others":          {200, `<html>hello</html>`, zaqar.V2, false},
		"no root":                   {404, ``, zaqar.V2, false},
		"a root that wants a token": {401, `{"error":{"code":401}}`, zaqar.V2, false},
		"nothing that we speak":     {300, `{"versions":[{"id":"7","status":"CURRENT"}]}`, "", true},
	} {
		server := clienttest.Says(c.status, c.body)
		client, err := zaqar.Connect(t.Context(), "http://h", zaqar.WithTransport(server), zaqar.WithAuth(auth.Func(func(context.Context, http.Header) error {
			return errors.New("no credentials are needed to ask for versions")
		})))
		if c.fails {
			if err == nil {
				t.Errorf("%s: connected", name)
			}
			continue
		}
		if err != nil || client.Conn().Version() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAVersionThatIsListedButSwitchedOffIsNotTaken(t *testing.T) {
	t.Parallel()
	server := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		if req.Path == "/" {
			return &transport.Response{Status: 300, Body: []byte(`{"versions":[{"id":"2","status":"DEPRECATED"}]}`)}, nil
		}
		return &transport.Response{Status: 404}, nil
	}}
	if _, err := zaqar.Connect(t.Context(), "http://h", zaqar.WithTransport(server), zaqar.WithProject("p")); err == nil {
		t.Error("connected to a version that is not there")
	}
}

func TestAServerThatCannotBeReachedIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := zaqar.Connect(t.Context(), "http://127.0.0.1:1", zaqar.WithProject("p")); err == nil || !zaqar.SafeToRetry(err) {
		t.Errorf("the error is %v", err)
	}
}

func TestOperationsThatAVersionLacksAreUnsupported(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(200, `{}`)
	client := clienttest.Over(t, server, zaqar.WithVersion(zaqar.V1))
	_, err := client.Queue("wot").Pop(t.Context(), 1)
	if !errors.Is(err, zaqar.ErrUnsupported) || !strings.Contains(err.Error(), "message_pop") || !strings.Contains(err.Error(), "v1") {
		t.Errorf("the error is %v", err)
	}
	if server.Count() != 0 {
		t.Error("something was sent")
	}
}

func TestAnEndpointMayEndInTheVersionAndStandBehindAPrefix(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t)
	proxy := httptest.NewServer(http.StripPrefix("/messaging", srv.Handler()))
	defer proxy.Close()
	for _, suffix := range []string{"", "/", "/v2", "/v2/"} {
		client := connect(t, proxy.URL+"/messaging"+suffix, zaqar.WithProject("p"))
		q := client.Queue("wot")
		for range 25 {
			if _, err := q.Post(t.Context(), "x"); err != nil {
				t.Fatalf("%q: %v", suffix, err)
			}
		}
		n := 0
		for _, err := range q.Messages(t.Context(), zaqar.PageSize(2)) {
			if err != nil {
				t.Fatalf("%q: %v", suffix, err)
			}
			n++
		}
		if n != 25 {
			t.Errorf("%q: %d messages are listed", suffix, n)
		}
		if err := q.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAVersionAtTheEndOfTheEndpointCountsWithATransportToo(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(204, "")
	client := connect(t, "http://h/v1.1/", zaqar.WithTransport(server), zaqar.WithProject("p"))
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := server.Last(t); got.Path != "/v1.1/ping" || server.Count() != 1 || client.Conn().Endpoint() != "http://h" {
		t.Errorf("%d requests, the last %v, endpoint %s", server.Count(), got, client.Conn().Endpoint())
	}
}

func TestTheEndpointComesFromTheCatalogue(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	signIn := func() zaqar.ConnectOption {
		a := keystone.Password(srv.KeystoneURL(), "demo", "secret", keystone.Project("demo"))
		t.Cleanup(func() { _ = a.Close() })
		return zaqar.WithAuth(a)
	}
	for _, kind := range []string{"messaging", "message", "queuing"} {
		srv.SetCatalog(zaqartest.CatalogEntry{Type: kind, Name: "zaqar", Region: "RegionOne", Interface: "public", URL: srv.URL() + "/"})
		client := connect(t, "", signIn())
		if client.Conn().Endpoint() != srv.URL() {
			t.Errorf("%s: the endpoint is %s", kind, client.Conn().Endpoint())
		}
		if err := client.Ping(t.Context()); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	srv.SetCatalog(zaqartest.CatalogEntry{Type: "compute", Name: "nova", Region: "RegionOne", Interface: "public", URL: "http://nova"})
	_, err := zaqar.Connect(t.Context(), "", signIn())
	if err == nil || !strings.Contains(err.Error(), "messaging") {
		t.Errorf("without one: %v", err)
	}
}

func TestPingTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	srv := zaqartest.Run(t, zaqartest.WithKeystone())
	client := connect(t, srv.URL(), zaqar.WithAuth(auth.Token("old", "p")))
	if err := client.Ping(t.Context()); !errors.Is(err, zaqar.ErrUnauthorized) {
		t.Errorf("the error is %v", err)
	}
}
