package zaqar_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"unicode"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// hostile has what a terminal or a log would act on.
const hostile = "\x1b[2J\x1b]0;owned\a red\r\nzaqar: all is well\u202e\u2028\x7f\u009b1m\x00"

func TestAnErrorIsOneLineWhateverTheServerSends(t *testing.T) {
	t.Parallel()
	quoted := `"\u001b[2J\u001b]0;owned\u0007 red\r\nzaqar: all is well\u202e\u2028\u007f\u009b1m\u0000"`
	for _, body := range []string{
		`{"title":` + quoted + `,"description":` + quoted + `}`, `{"exception":` + quoted + `,"error":` + quoted + `}`,
		`{"error":{"title":` + quoted + `,"message":` + quoted + `}}`, quoted, hostile, "<html><title>" + hostile + "</title>",
	} {
		server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
			return &transport.Response{Status: 418, Header: http.Header{"X-Openstack-Request-Id": {hostile}}, Body: []byte(body)}, nil
		}}
		_, err := clienttest.Over(t, server).Queue("wot").Stats(t.Context())
		e := clienttest.AsError(t, err)
		for _, text := range []string{err.Error(), e.Title, e.Description} {
			if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%.20q prints %q", body, text)
			}
		}
		if !strings.Contains(err.Error(), `\x1b[2J`) {
			t.Errorf("%.20q hides what was sent: %s", body, err)
		}
	}
	broken := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
		return nil, &transport.Error{MaybeSent: true, Err: errors.New("malformed MIME header line: " + hostile)}
	}}
	if _, err := clienttest.Over(t, broken).Queue("wot").Stats(t.Context()); strings.ContainsAny(err.Error(), "\x1b\n") {
		t.Errorf("a network error prints %q", err)
	}
}

func TestALongDescriptionIsCut(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"title":"` + strings.Repeat("t", 10_000) + `","description":"` + strings.Repeat("ä", 10_000) + `"}`,
		`{"description":"` + strings.Repeat(`\u0000`, 10_000) + `"}`, strings.Repeat("\x00 ", 3<<20),
	} {
		_, err := clienttest.Over(t, clienttest.Says(418, body)).Queue("wot").Stats(t.Context())
		if text := err.Error(); len(text) > 800 || !strings.HasSuffix(text, "…") {
			t.Errorf("the error has %d bytes and ends with %q", len(text), text[len(text)-10:])
		}
	}
}

func TestAServiceThatWasNotReachedHasASentinel(t *testing.T) {
	t.Parallel()
	dial := func(cause error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: cause} }
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"refused":           {&transport.Error{Err: dial(syscall.ECONNREFUSED)}, true},
		"no such host":      {&transport.Error{Err: dial(&net.DNSError{Err: "no such host", Name: "h"})}, true},
		"no route":          {&transport.Error{Err: dial(syscall.EHOSTUNREACH)}, true},
		"proxy refused":     {&transport.Error{Err: &net.OpError{Op: "proxyconnect", Err: dial(syscall.ECONNREFUSED)}}, true},
		"reset":             {&transport.Error{Err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}, false},
		"after it was sent": {&transport.Error{MaybeSent: true, Err: dial(syscall.ECONNREFUSED)}, false},
		"something else":    {&transport.Error{Err: errors.New("else")}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) { return nil, c.err }}
			err := clienttest.Over(t, server).Ping(t.Context())
			if errors.Is(err, zaqar.ErrUnreachable) != c.want || errors.Is(err, zaqar.ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for _, endpoint := range []string{"http://127.0.0.1:1", "ws://127.0.0.1:1"} {
		client, err := zaqar.Connect(t.Context(), endpoint, zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2), zaqar.NoRetry())
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Ping(t.Context()); !errors.Is(err, zaqar.ErrUnreachable) {
			t.Errorf("%s: %v", endpoint, err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}
