package zaqar_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// mistaken is a server that speaks TLS, unless config is nil.
func mistaken(t *testing.T, config *tls.Config) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	if srv.TLS = config; config != nil {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv.URL
}

// fails connects, makes a call if that succeeds, and returns the error.
func fails(t *testing.T, endpoint string, options ...zaqar.ConnectOption) error {
	t.Helper()
	client, err := zaqar.Connect(t.Context(), endpoint, append(options, zaqar.WithProject("p"))...)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return client.Ping(t.Context())
}

func TestAMistakenEndpointIsExplained(t *testing.T) {
	t.Parallel()
	plain, secure := mistaken(t, nil), mistaken(t, &tls.Config{})
	certificates := mistaken(t, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()})
	before := mistaken(t, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(), MaxVersion: tls.VersionTLS12})
	for name, c := range map[string]struct {
		endpoint string
		options  []zaqar.ConnectOption
		want     string
	}{
		"http to a TLS port":                {strings.Replace(secure, "https", "http", 1), nil, "the port expects TLS: start the URL with https:// or wss://"},
		"https to a port without TLS":       {strings.Replace(plain, "http", "https", 1), nil, "the port does not speak TLS: start the URL with http:// or ws://"},
		"an unknown authority":              {secure, nil, "name the file of its CA with WithCACert, or cacert in clouds.yaml"},
		"no client certificate":             {certificates, []zaqar.ConnectOption{zaqar.WithInsecure()}, "use WithClientCert, or cert and key in clouds.yaml"},
		"no client certificate, by TLS 1.2": {before, []zaqar.ConnectOption{zaqar.WithInsecure()}, "use WithClientCert, or cert and key in clouds.yaml"},
	} {
		for _, version := range []zaqar.Version{"", zaqar.V2} { // with discovery and without
			err := fails(t, c.endpoint, append(c.options, zaqar.WithVersion(version))...)
			if e, ok := errors.AsType[*zaqar.Error](err); !ok || !strings.Contains(e.Error(), c.want) {
				t.Errorf("%s, version %q: %v, want …%s", name, version, err, c.want)
			} else if e.Attempts != 1 {
				t.Errorf("%s, version %q: it was tried %d times", name, version, e.Attempts)
			}
		}
		if name == "http to a TLS port" {
			continue // the answer to a handshake is not read
		}
		if err := fails(t, strings.Replace(c.endpoint, "http", "ws", 1), c.options...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, by WebSocket: %v, want …%s", name, err, c.want)
		}
	}
}

func TestAnEndpointWithoutASchemeIsExplained(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"127.0.0.1:8888":             `connect: endpoint must start with http:// or https://, as in "http://127.0.0.1:8888"`,
		"localhost:8888/v2":          `as in "http://localhost:8888/v2"`,
		"[::1]:8888":                 `as in "http://[::1]:8888"`,
		"cloud.example.com":          `as in "http://cloud.example.com"`,
		"//cloud.example.com":        `as in "http://cloud.example.com"`,
		"demo:s3cr3t@localhost:8888": `connect: endpoint must start with http:// or https://`,
	} {
		err := fails(t, endpoint)
		if !errors.Is(err, zaqar.ErrInvalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v, want …%s", endpoint, err, want)
		}
	}
	err := fails(t, "http://127.0.0.1:1", zaqar.WithVersion(zaqar.V2), zaqar.WithWebSocket("127.0.0.1:9000"))
	if !errors.Is(err, zaqar.ErrInvalid) || !strings.Contains(err.Error(), `WithWebSocket must start with ws:// or wss://, as in "ws://127.0.0.1:9000"`) {
		t.Error(err)
	}
}

func TestAKeystoneThatIsGivenAsZaqarIsRecognised(t *testing.T) {
	t.Parallel()
	const version = `{"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z", "links": [{"rel": "self", "href": "http://h:5000/v3/"}], ` +
		`"media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}]}`
	keystone := func(status int, body string) transport.Transport {
		return &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
			header := http.Header{"Vary": {"X-Auth-Token"}}
			if req.Path == "/" {
				return &transport.Response{Status: status, Body: []byte(body), Header: header}, nil
			}
			return &transport.Response{Status: 404, Header: header, Body: []byte(`{"error":{"code":404,"message":"The requested URL was not found on the server.","title":"Not Found"}}`)}, nil
		}}
	}
	const want = "this is Keystone, not Zaqar: leave the endpoint empty to look Zaqar up in the catalogue, or give Zaqar's URL"
	for name, over := range map[string]transport.Transport{
		"its root":    keystone(http.StatusMultipleChoices, `{"versions": {"values": [`+version+`]}}`),
		"its version": keystone(http.StatusOK, `{"version": `+version+`}`),
	} {
		for _, v := range []zaqar.Version{"", zaqar.V2} {
			err := fails(t, "http://h:5000", zaqar.WithTransport(over), zaqar.WithVersion(v))
			if e, ok := errors.AsType[*zaqar.Error](err); !ok || !strings.Contains(e.Error(), want) {
				t.Errorf("%s, version %q: %v", name, v, err)
			}
		}
	}
}
