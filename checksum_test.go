package zaqar_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

func TestAWrongChecksumIsAnErrorBesideTheMessage(t *testing.T) {
	t.Parallel()
	const (
		good = `{"id":"good","ttl":60,"age":0,"body":3,"checksum":"MD5:eccbc87e4b5ce2fe28308fd9f2a7baf3"}`
		bad  = `{"id":"bad","ttl":60,"age":0,"body":4,"checksum":"MD5:eccbc87e4b5ce2fe28308fd9f2a7baf3"}`
		none = `{"id":"none","ttl":60,"age":0,"body":5}`
		all  = `{"age":0,"ttl":60,"messages":[` + good + "," + bad + "," + none + `],"links":[]}`
	)
	server := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
		body := all
		if req.Op == "message_get" {
			body = bad
		}
		status := http.StatusOK
		if req.Method == http.MethodPost {
			status = http.StatusCreated
		}
		return &transport.Response{Status: status, Header: http.Header{"Location": {"/v2/queues/wot/claims/c"}}, Body: []byte(body)}, nil
	}}
	q := clienttest.Over(t, server, zaqar.WithChecksums()).Queue("wot")
	careless := clienttest.Over(t, server).Queue("wot")
	ctx := t.Context()

	wrong := func(what string, err error) {
		t.Helper()
		e, ok := errors.AsType[*zaqar.ChecksumError](err)
		if !ok || !errors.Is(err, zaqar.ErrChecksum) || e.Message.ID() != "bad" || string(e.Message.Body()) != "4" {
			t.Errorf("%s: %v", what, err)
		}
	}
	for name, options := range map[string][]zaqar.MessagesOption{
		"listed": nil, "by ids": {zaqar.IDs{"bad"}}, "by claim": {zaqar.ClaimID("c")},
	} {
		seen := ""
		for m, err := range q.Messages(ctx, append(options, zaqar.Limit(3))...) {
			seen += m.ID() + " "
			if m.ID() == "bad" {
				wrong(name, err)
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if seen != "good bad none " {
			t.Errorf("%s: %s", name, seen)
		}
	}
	m, err := q.Message(ctx, "bad")
	wrong("read", err)
	wrong("read again", m.Reload(ctx))
	claim, err := q.Claim(ctx)
	wrong("claimed", err)
	if claim.Size() != 3 {
		t.Errorf("the claim holds %d", claim.Size())
	}
	wrong("claimed, read again", claim.Reload(ctx))
	popped, err := q.Pop(ctx, 3)
	wrong("popped", err)
	if len(popped) != 3 {
		t.Errorf("popped %d", len(popped))
	}
	if _, err := careless.Message(ctx, "bad"); err != nil {
		t.Errorf("without being asked: %v", err)
	}
	if text := fmt.Sprint(err); len(text) == 0 {
		t.Error("the error has no text")
	}
}
