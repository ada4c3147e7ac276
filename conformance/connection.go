package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/transport"
)

var connection = []behaviour{
	{"ping answers", func(t *testing.T, s *suite) {
		if err := s.client(t).Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}},
	{"the version is discovered", func(t *testing.T, s *suite) {
		s.version = ""
		if v := s.client(t).Conn().Version(); v != zaqar.V2 {
			t.Errorf("the version is %q, want v2", v)
		}
	}},
	{"an endpoint with the version at its end works too", func(t *testing.T, s *suite) {
		s.Endpoint, s.version = s.Endpoint+"/"+s.version.String()+"/", ""
		s.notes = nil // the recording transport would use the endpoint as it is
		if err := s.client(t).Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}},
	{"the home document names the queues", func(t *testing.T, s *suite) {
		home, err := s.client(t).Home(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		resource, ok := home.Resource("queues")
		if !ok || !strings.HasPrefix(resource.Template, "/"+s.version.String()+"/queues") {
			t.Errorf("queues are at %q among %v", resource.Template, home.Relations())
		}
		if !strings.HasPrefix(home.String(), "<HomeDoc ") {
			t.Errorf("it prints %q", home)
		}
	}},
	{"the raw verbs follow hrefs", func(t *testing.T, s *suite) {
		client := s.client(t)
		conn, q := client.Conn(), s.absent(t, client)
		ctx := t.Context()
		step := func(what string, status int, reply *transport.Response, err error) *transport.Response {
			t.Helper()
			if err != nil || reply.Status != status {
				t.Fatalf("%s: status %v, error %v, want %d", what, reply, err, status)
			}
			return reply
		}
		reply, err := conn.Put(ctx, q.Href(), map[string]any{"colour": "red"})
		step("PUT", http.StatusCreated, reply, err)
		reply, err = conn.Get(ctx, q.Href())
		var metadata map[string]any
		if err := json.Unmarshal(step("GET", http.StatusOK, reply, err).Body, &metadata); err != nil || metadata["colour"] != "red" {
			t.Errorf("metadata %v, error %v", metadata, err)
		}
		reply, err = conn.Post(ctx, q.Href()+"/messages", json.RawMessage(`{"messages":[{"body":1}]}`))
		step("POST", http.StatusCreated, reply, err)
		reply, err = conn.Get(ctx, q.Href()+"/messages?echo=true&limit=5")
		step("GET with a query", http.StatusOK, reply, err)
		reply, err = conn.Head(ctx, "/v2/ping")
		step("HEAD", http.StatusNoContent, reply, err)
		reply, err = conn.Do(ctx, &transport.Request{
			Method: http.MethodPatch, Path: q.Href(), Body: []byte(`[]`),
			Header: http.Header{"Content-Type": {"application/openstack-messaging-v2.0-json-patch"}},
		})
		step("PATCH", http.StatusOK, reply, err)
		reply, err = conn.Delete(ctx, q.Href())
		step("DELETE", http.StatusNoContent, reply, err)
		reply, err = conn.Get(ctx, "/")
		step("GET /", http.StatusMultipleChoices, reply, err)
	}},
	{"every answer other than 2xx is an error with its code", func(t *testing.T, s *suite) {
		conn, v := s.client(t).Conn(), "/"+s.version.String()
		for _, c := range []struct {
			method, path string
			code         int
		}{
			{http.MethodGet, v + "/nothing-here", http.StatusNotFound},
			{http.MethodGet, "/v9/queues", http.StatusNotFound},
			{http.MethodPost, v + "/queues", http.StatusMethodNotAllowed},
			{http.MethodGet, v + "/queues?limit=0", http.StatusBadRequest},
			{http.MethodGet, v + "/queues?limit=many", http.StatusBadRequest},
			{http.MethodPut, v + "/queues/a%20b", http.StatusBadRequest},
			{http.MethodGet, v + "/queues/q/messages/nope", http.StatusNotFound},
		} {
			reply, err := conn.Do(t.Context(), &transport.Request{Method: c.method, Path: c.path})
			e, ok := errors.AsType[*zaqar.Error](err)
			if !ok || e.Code != c.code || reply.Status != c.code {
				t.Errorf("%s %s: %v, want %d", c.method, c.path, err, c.code)
				continue
			}
			if e.MayHaveActed() {
				t.Errorf("%s %s: a refusal says that the server may have acted", c.method, c.path)
			}
		}
	}},
	{"an unknown media type in Accept is a 406", func(t *testing.T, s *suite) {
		_, err := s.client(t).Conn().Do(t.Context(), &transport.Request{
			Method: http.MethodGet, Path: "/" + s.version.String() + "/queues", Header: http.Header{"Accept": {"text/plain"}},
		})
		if e, ok := errors.AsType[*zaqar.Error](err); !ok || e.Code != http.StatusNotAcceptable {
			t.Errorf("the error is %v", err)
		}
	}},
	{"an administrator is told how the store is", func(t *testing.T, s *suite) {
		if s.Auth != nil { // the suite's user is no administrator
			_, err := s.client(t).Health(t.Context())
			matches(t, err, zaqar.ErrForbidden)
			return
		}
		s.Auth = auth.Func(func(_ context.Context, h http.Header) error {
			h.Set(auth.HeaderProject, s.project)
			h.Set("X-Roles", "admin")
			return nil
		})
		health, err := s.client(t).Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !health.OK() || !health.Store.Operations["post_messages"].Succeeded {
			t.Errorf("health is %+v", health)
		}
	}},
	{"a cancelled context ends a call", func(t *testing.T, s *suite) {
		client := s.client(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		matches(t, client.Ping(ctx), context.Canceled)
	}},
}
