package zaqar_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// bombs are answers that take many times their size when they are decoded.
var bombs = map[string]string{
	"messages": `{"messages":[%s],"links":[]}`, "empty messages": `{"messages":[%s],"links":[]}`,
	"queues": `{"queues":[%s],"links":[]}`, "links": `{"messages":[],"queues":[],"links":[%s]}`,
	"ids": `{"resources":[%s]}`, "metadata": `{"a":[%s]}`, "resources": `{"resources":{"a":{"hints":{"allow":[%s]}}}}`,
}

func bomb(kind string, n int) string {
	item := map[string]string{"messages": "0,", "empty messages": "{},", "queues": "0,", "links": "{},", "ids": `"",`, "metadata": "[],", "resources": `"",`}[kind]
	return fmt.Sprintf(bombs[kind], strings.TrimSuffix(strings.Repeat(item, n), ","))
}

func TestAnAnswerOfTooManyItemsIsNotDecoded(t *testing.T) {
	t.Parallel()
	for kind := range bombs {
		answer := bomb(kind, 1_000_000)
		server := &clienttest.Scripted{Answer: func(req *transport.Request) (*transport.Response, error) {
			reply := &transport.Response{Status: http.StatusOK, Body: []byte(answer)}
			if req.Method == http.MethodPost {
				reply.Status = http.StatusCreated
			}
			return reply, nil
		}}
		client := clienttest.Over(t, server)
		ctx, q := t.Context(), client.Queue("wot")
		second := func(_ any, err error) error { return err }
		calls := map[string]error{}
		switch kind {
		case "messages", "empty messages":
			calls["list"] = second(zaqar.Collect(q.Messages(ctx)))
			calls["pop"] = second(q.Pop(ctx, 1))
			calls["claim"] = second(q.Claim(ctx))
		case "queues", "links":
			calls["list"] = second(zaqar.Collect(client.Queues(ctx, zaqar.Detailed(true))))
		case "ids":
			calls["post"] = second(q.Post(ctx, 1))
		case "metadata":
			calls["metadata"] = second(q.Metadata(ctx))
		case "resources":
			calls["home"] = second(client.Home(ctx))
		}
		for name, err := range calls {
			e, ok := errors.AsType[*zaqar.Error](err)
			if !ok || !errors.Is(err, zaqar.ErrMalformed) || !errors.Is(err, transport.ErrResponseTooLarge) || !e.MayHaveActed() {
				t.Errorf("%s of %s: %v", name, kind, err)
			}
		}
	}
}

func TestALargeAnswerThatIsMeantIsDecoded(t *testing.T) {
	t.Parallel()
	// Bodies do not count, however many values they have, nor do the ids of a large post.
	body := "[" + strings.TrimSuffix(strings.Repeat(`{"body":[1,"\"body\":["]},`, 300_000), ",") + "]"
	page := `{"messages":[{"id":"a","ttl":60,"age":0,"body" : ` + body + `},{"id":"b","body":"body","ttl":60,"age":0}],"links":[]}`
	messages, err := zaqar.Collect(clienttest.Over(t, clienttest.Says(200, page)).Queue("wot").Messages(t.Context(), zaqar.Limit(2)))
	if err != nil || len(messages) != 2 || len(messages[0].Body()) != len(body) {
		t.Errorf("%d messages, %v", len(messages), err)
	}
	const posted = 300_000
	ids := `{"resources":[` + strings.TrimSuffix(strings.Repeat(`"/m",`, posted), ",") + `]}`
	got, err := clienttest.Over(t, clienttest.Says(201, ids)).Queue("wot").Post(t.Context(), make([]any, 0, posted), zaqar.Outgoing{})
	if !errors.Is(err, zaqar.ErrMalformed) { // two were posted
		t.Errorf("%d ids of 2, %v", len(got), err)
	}
	bodies := make([]any, posted)
	for i := range bodies {
		bodies[i] = i
	}
	got, err = clienttest.Over(t, clienttest.Says(201, ids)).Queue("wot").Post(t.Context(), bodies...)
	if err != nil || len(got) != posted {
		t.Errorf("%d ids, %v", len(got), err)
	}
}

func TestTheLimitsOfAnAnswerAreOptions(t *testing.T) {
	t.Parallel()
	page := `{"messages":[` + strings.TrimSuffix(strings.Repeat(`{"id":"a","ttl":60,"age":0,"body":1},`, 100), ",") + `],"links":[]}`
	for _, c := range []struct {
		option zaqar.ConnectOption
		large  bool
	}{
		{zaqar.WithMaxAnswerItems(399), true}, {zaqar.WithMaxAnswerItems(1000), false},
		{zaqar.WithMaxAnswerBytes(int64(len(page)) - 1), true}, {zaqar.WithMaxAnswerBytes(int64(len(page))), false},
	} {
		_, err := zaqar.Collect(clienttest.Over(t, clienttest.Says(200, page), c.option).Queue("wot").Messages(t.Context(), zaqar.Limit(1)))
		if errors.Is(err, transport.ErrResponseTooLarge) != c.large || !c.large && err != nil {
			t.Errorf("too large: %v, want %v", err, c.large)
		}
	}
	for _, option := range []zaqar.ConnectOption{zaqar.WithMaxAnswerItems(0), zaqar.WithMaxAnswerBytes(-1)} {
		if _, err := zaqar.Connect(t.Context(), "http://h", zaqar.WithProject("p"), option); !errors.Is(err, zaqar.ErrInvalid) {
			t.Error(err)
		}
	}
	srv := zaqartest.Run(t)
	poster := connect(t, srv.URL(), zaqar.WithProject("p"))
	for _, endpoint := range []string{srv.URL(), srv.WebSocketURL()} {
		if _, err := poster.Queue("wot").Post(t.Context(), strings.Repeat("a", 20_000)); err != nil {
			t.Fatal(err)
		}
		client := connect(t, endpoint, zaqar.WithProject("p"), zaqar.WithMaxAnswerBytes(10_000))
		if _, err := client.Queue("wot").Pop(t.Context(), 1); !errors.Is(err, transport.ErrResponseTooLarge) {
			t.Errorf("%.5s: %v", endpoint, err)
		}
	}
}

func TestASmallCompressedAnswerDoesNotFillTheMemory(t *testing.T) {
	// Not parallel: it looks at the memory of the process.
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write([]byte(bomb("messages", transport.DefaultMaxResponse/2-20))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Encoding", "gzip")
		_, _ = rw.Write(compressed.Bytes())
	}))
	defer server.Close()
	client := connect(t, server.URL, zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := zaqar.Collect(client.Queue("wot").Messages(t.Context()))
	runtime.ReadMemStats(&after)
	if !errors.Is(err, transport.ErrResponseTooLarge) {
		t.Errorf("the error is %v", err)
	}
	// Reading 64 MiB into a growing slice allocates a few times as much.
	used := after.TotalAlloc - before.TotalAlloc
	t.Logf("%d bytes of gzip took %d MiB", compressed.Len(), used>>20)
	if used > 600<<20 {
		t.Errorf("that is too much")
	}
}

func TestDecodingStopsAtTheDeadline(t *testing.T) {
	t.Parallel()
	large := `{"messages":[` + strings.TrimSuffix(strings.Repeat(`{"id":"a","ttl":60,"age":0,"body":"`+strings.Repeat("a", 1000)+`"},`, 2000), ",") + `],"links":[]}`
	for _, answer := range []string{bomb("messages", 1_000_000), large} {
		synctest.Test(t, func(t *testing.T) {
			server := &clienttest.Scripted{Answer: func(*transport.Request) (*transport.Response, error) {
				time.Sleep(2 * time.Second)
				return &transport.Response{Status: http.StatusOK, Body: []byte(answer)}, nil
			}}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := zaqar.Collect(clienttest.Over(t, server).Queue("wot").Messages(ctx))
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, zaqar.ErrMalformed) || !clienttest.AsError(t, err).MayHaveActed() {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
