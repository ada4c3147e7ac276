package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// startServer starts a server in a process of its own, unless it runs already.
func startServer(ctx context.Context, server string) (url string, end func(), err error) {
	if strings.Contains(server, "://") {
		return strings.TrimSuffix(server, "/"), func() {}, nil
	}
	program, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, program, "-serve", server)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe() // the server ends with it
	if err != nil {
		return "", nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return "", nil, fmt.Errorf("the server %q did not start", server)
	}
	return strings.TrimSpace(line), func() {
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
		server, err := zaqartest.NewServer()
		if err != nil {
			return err
		}
		if err := server.Listen("127.0.0.1:0"); err != nil {
			return err
		}
		fmt.Println(server.URL())
		<-ctx.Done()
		return server.Close()
	case "canned":
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println("http://" + listener.Addr().String())
		go func() {
			<-ctx.Done()
			_ = listener.Close()
		}()
		_ = http.Serve(listener, canned())
		return nil
	}
	return fmt.Errorf("there is no server %q", kind)
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
	mux.HandleFunc("GET /v2/queues/{queue}/messages", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, listed) })
	mux.HandleFunc("GET /v2/queues", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, queues) })
	mux.HandleFunc("PUT /v2/queues/{queue}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	mux.HandleFunc("DELETE /", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}
