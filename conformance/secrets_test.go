package conformance_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
	"github.com/zaqar-go/zaqar/conformance"
	"github.com/zaqar-go/zaqar/observe"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// witness is a transport, an observer and a logger. It prints everything that passes, in
// every form, and collects the secrets that it meets.
type witness struct {
	transport.Transport
	mu      sync.Mutex
	text    bytes.Buffer
	secrets map[string]string // what they are, by their values
	passed  int
}

func (w *witness) secret(what, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if value != "" {
		w.secrets[value] = what
	}
}

// Write takes the lines of a logger.
func (w *witness) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(line)
}

// print prints a value with all verbs, in slog and in JSON.
func (w *witness) print(values ...any) {
	for _, value := range values {
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
		encoded, _ := json.Marshal(value) //nolint:errchkjson // what cannot be encoded shows nothing
		out.Write(encoded)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
			fmt.Fprintf(&out, verb, value)
		}
		_, _ = w.Write(out.Bytes())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.passed += len(values)
}

var signatures = regexp.MustCompile(`"(?:URL-S|s)ignature": ?"([0-9a-f]{64})"`)

// Do implements [transport.Transport].
func (w *witness) Do(ctx context.Context, req *transport.Request) (*transport.Response, error) {
	h := req.Headers()
	w.secret("a token", h.Get(auth.HeaderToken))
	w.secret("a signature", h.Get(auth.HeaderSignature))
	reply, err := w.Transport.Do(ctx, req)
	kept := *req
	kept.Body = kept.Body[:min(len(kept.Body), 1000)] // fmt takes long for more, which would show nothing else
	w.print(req, *req, struct{ kept transport.Request }{kept}, struct{ kept *transport.Request }{&kept}, err)
	if reply != nil {
		for _, found := range signatures.FindAllSubmatch(reply.Body, -1) {
			w.secret("a signature", string(found[1]))
		}
		w.print(reply, *reply)
	}
	return reply, err
}

// Observe implements [observe.Observer].
func (w *witness) Observe(_ context.Context, e observe.Event) {
	w.print(e, struct{ kept observe.Event }{e})
	for _, attr := range e.Attrs() {
		w.print(attr.Value.Any())
	}
}

// A run of the whole suite shows no token, password, key or signature, whatever is printed.
func TestTheSuiteShowsNoSecret(t *testing.T) {
	t.Parallel()
	conformance.Run(t, zaqar.V2, func(t *testing.T) conformance.Target {
		password, signingKey := rand.Text(), rand.Text()
		srv := zaqartest.Run(t, zaqartest.WithKeystone(), zaqartest.WithChecksums(true), zaqartest.WithSecretKey(signingKey))
		user := zaqartest.User{Name: "demo", Password: password, Project: "demo"}
		srv.AddUser(user)
		signIn := keystone.Password(srv.KeystoneURL(), "demo", password, keystone.Project("demo"))
		web, err := transport.NewHTTP(srv.URL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		w := &witness{Transport: web, secrets: map[string]string{password: "the password", signingKey: "the key"}}
		// A header with a token, a cookie and an address with a password come back with every answer.
		srv.Inject(zaqartest.Fault{Kind: "ping", Times: -1, Header: http.Header{"Set-Cookie": {"session=" + signingKey}, "Location": {"https://u:" + password + "@h"}}})
		target := conformance.Target{
			Endpoint: srv.URL(), Auth: signIn, Wait: srv.Advance, SigningKey: signingKey,
			Options: []zaqar.ConnectOption{
				zaqar.WithTransport(w), zaqar.WithObserver(w),
				zaqar.WithLogger(slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))),
			},
		}
		t.Cleanup(func() {
			w.print(srv, user, signIn, target, target.Options, srv.Deliveries())
			for _, seen := range srv.Requests() {
				w.print(seen)
			}
			_ = signIn.Close()
			text := w.text.String()
			for secret, what := range w.secrets {
				for _, form := range []string{secret, decimal(secret), fmt.Sprintf("%x", secret)} {
					if at := strings.Index(text, form); at >= 0 {
						t.Errorf("%s is shown: …%s", what, text[max(0, at-300):at])
					}
				}
			}
			if w.passed < 6 {
				t.Error("nothing was looked at")
			}
		})
		return target
	})
}

// decimal is how %d and %v print the bytes of a text.
func decimal(text string) string { return fmt.Sprintf("%d", []byte(text)) }
