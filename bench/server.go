package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// address is where a server is.
type address struct{ URL, Socket, Counter string }

// on starts the server, measures, and ends the server.
func (t task) on(ctx context.Context, server, socket, python string, rounds int, scale float64) (measured, error) {
	if t.counted && server == "embedded" {
		server = "counted"
	}
	at, end, err := startServer(ctx, server)
	if err != nil {
		return measured{}, err
	}
	defer end()
	if socket != "" {
		at.Socket = socket
	}
	return t.measure(ctx, at, python, rounds, scale)
}

// startServer starts a server in a process of its own, unless it runs already.
func startServer(ctx context.Context, server string) (at address, end func(), err error) {
	if strings.Contains(server, "://") {
		return address{URL: strings.TrimSuffix(server, "/")}, func() {}, nil
	}
	program, err := os.Executable()
	if err != nil {
		return at, nil, err
	}
	cmd := exec.CommandContext(ctx, program, "-serve", server)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe() // the server ends with it
	if err != nil {
		return at, nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return at, nil, err
	}
	if err := cmd.Start(); err != nil {
		return at, nil, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return at, nil, fmt.Errorf("the server %q did not start", server)
	}
	if err := json.Unmarshal([]byte(line), &at); err != nil {
		return at, nil, err
	}
	return at, func() {
		_ = input.Close()
		_ = cmd.Wait()
	}, nil
}

// serveUntilDone is the server's process. It prints its URL, and ends when its standard input
// is closed.
func serveUntilDone(ctx context.Context, kind string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString(0)
		stop()
	}()
	switch kind {
	case "embedded":
		return serveEmbedded(ctx)
	case "counted":
		return serveEmbedded(ctx, zaqartest.WithRequestLog(1<<20))
	case "canned":
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		address{URL: "http://" + listener.Addr().String()}.print()
		go func() {
			<-ctx.Done()
			_ = listener.Close()
		}()
		_ = http.Serve(listener, canned())
		return nil
	}
	return fmt.Errorf("there is no server %q", kind)
}

func (a address) print() { _ = json.NewEncoder(os.Stdout).Encode(a) }

// serveEmbedded serves until ctx ends. Another port tells how many requests there were.
func serveEmbedded(ctx context.Context, options ...zaqartest.Option) error {
	server, err := zaqartest.NewServer(options...)
	if err != nil {
		return err
	}
	if err := server.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	counter := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, len(server.Requests())) })
	go func() { _ = http.Serve(listener, counter) }()
	address{URL: server.URL(), Socket: server.WebSocketURL(), Counter: "http://" + listener.Addr().String()}.print()
	<-ctx.Done()
	return errors.Join(listener.Close(), server.Close())
}

const (
	cannedID    = "4f8a1e0e-5b0d-4d6e-9d36-4d3a7e5a0d11"
	cannedClaim = "9c0d6f5e-7a86-4f1b-8b9e-2f5f0d1c7a52"
)

// canned answers at once what a server would answer, whatever was asked: one id for each
// message of a post, and 20 messages to each claim and on each page.
func canned() http.Handler {
	const path = "/v2/queues/q/messages/" + cannedID
	messages := make([]map[string]any, 20)
	for i := range messages {
		id := fmt.Sprintf("%s%02d", cannedID[:34], i)
		messages[i] = map[string]any{
			"id": id, "href": "/v2/queues/q/messages/" + id + "?claim_id=" + cannedClaim, "ttl": 3600, "age": 10,
			"body": newJob(i), "claim_id": cannedClaim, "claim_count": 1,
		}
	}
	encode := func(v any) []byte {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return data
	}
	claim := encode(map[string]any{"messages": messages})
	listed := encode(map[string]any{"messages": messages, "links": []any{map[string]string{"rel": "next", "href": "/v2/queues/q/messages?marker=20"}}})
	queues := encode(map[string]any{"queues": []any{}, "links": []any{}})
	say := func(w http.ResponseWriter, status int, body []byte) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/queues/{queue}/messages", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Messages []json.RawMessage `json:"messages"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		resources := make([]string, len(in.Messages))
		for i := range resources {
			resources[i] = path
		}
		w.Header().Set("Location", "/v2/queues/q/messages?ids="+strings.Repeat(cannedID+",", len(in.Messages)-1)+cannedID)
		say(w, http.StatusCreated, encode(map[string]any{"resources": resources}))
	})
	mux.HandleFunc("POST /v2/queues/{queue}/claims", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/v2/queues/q/claims/"+cannedClaim)
		say(w, http.StatusCreated, claim)
	})
	mux.HandleFunc("GET /v2/queues/{queue}/messages", func(w http.ResponseWriter, r *http.Request) {
		if from, err := strconv.Atoi(r.FormValue("marker")); err == nil {
			say(w, http.StatusOK, cannedPage(r.PathValue("queue"), from))
			return
		}
		say(w, http.StatusOK, bytes.Replace(listed, []byte("/q/messages?"), []byte("/"+r.PathValue("queue")+"/messages?"), 1))
	})
	mux.HandleFunc("GET /v2/queues", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, queues) })
	mux.HandleFunc("PUT /v2/queues/{queue}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	mux.HandleFunc("DELETE /", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}

// cannedPage returns the page of a queue that begins at a message. How many there are is the
// last part of the queue's name.
func cannedPage(queue string, from int) []byte {
	n, _ := strconv.Atoi(queue[strings.LastIndexByte(queue, '-')+1:])
	page := []byte(`{"messages":[`)
	until := min(from+20, n)
	for i := from; i < until; i++ {
		if i > from {
			page = append(page, ',')
		}
		id := fmt.Sprintf("%08x%s", i, cannedID[8:])
		page = fmt.Appendf(page, `{"id":"%s","href":"/v2/queues/q/messages/%s","ttl":3600,"age":10,"body":{"n":%d,"text":"%s"}}`, id, id, i, filler)
	}
	page = append(page, `],"links":[`...)
	if from < n {
		page = fmt.Appendf(page, `{"rel":"next","href":"/v2/queues/%s/messages?echo=true&limit=20&marker=%d"}`, queue, until)
	}
	return append(page, `]}`...)
}
