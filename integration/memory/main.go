// Command memory attacks zaqar serve with everything that could make it hold memory, and
// prints how much the process uses, and whether it serves on.
//
//	go build -o /tmp/zaqar ./cmd/zaqar    # in the root of the repository
//	cd integration && GOWORK=off go run ./memory -zaqar /tmp/zaqar -max-memory 128MiB
//
// It needs Linux: it reads /proc.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

func main() {
	binary := flag.String("zaqar", "zaqar", "the program to attack")
	bound := flag.String("max-memory", "128MiB", "its bound")
	flag.Parse()
	if err := run(*binary, *bound); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

// attack does its worst and returns what to print. stop ends it.
type attack struct {
	name string
	run  func(*target) (result string, stop func(), err error)
}

var attacks = []attack{
	{"nothing", func(*target) (string, func(), error) { return "", func() {}, nil }},
	{"a gigabyte posted, 200 kB at a time", postGigabyte},
	{"2,000 idle connections", func(t *target) (string, func(), error) { return t.connections(2000, "") }},
	{"2,000 headers of 32 kB that do not end", func(t *target) (string, func(), error) {
		return t.connections(2000, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "+strings.Repeat("x", 32_000))
	}},
	{"2,000 bodies of 250 kB that do not end", func(t *target) (string, func(), error) {
		return t.connections(2000, "POST /v2/queues/slow/messages HTTP/1.1\r\nHost: localhost\r\nX-Project-Id: p\r\nClient-ID: "+clientID+
			"\r\nContent-Length: 260000\r\n\r\n{"+strings.Repeat(" ", 250_000))
	}},
	{"200 WebSockets that do not read a gigabyte of pushes", unreadPushes},
	{"200 WebSockets that send and do not read", unreadRequests},
}

const clientID = "3381af92-2b9e-11e3-b191-71861300734c"

func run(binary, bound string) error {
	fmt.Printf("zaqar serve --max-memory %s\n\n| attack | result | most memory | serves on |\n|---|---|---|---|\n", bound)
	for _, a := range attacks {
		t, err := start(binary, bound)
		if err != nil {
			return err
		}
		result, stop, err := a.run(t)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		peak, err := t.peak()
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %s | %d MiB | %s |\n", a.name, result, peak>>10, t.serves())
		stop()
		if err := t.end(); err != nil {
			return err
		}
	}
	return nil
}

// target is a running server.
type target struct {
	cmd     *exec.Cmd
	url     string
	address string
	client  *http.Client
}

func start(binary, bound string) (*target, error) {
	cmd := exec.CommandContext(context.Background(), binary, "serve", "--listen", "127.0.0.1:0", "--max-memory", bound)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, err
	}
	_, url, _ := strings.Cut(strings.TrimSpace(line), " at ")
	return &target{cmd: cmd, url: url, address: strings.TrimPrefix(url, "http://"), client: &http.Client{Timeout: time.Minute}}, nil
}

func (t *target) end() error {
	if err := t.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return t.cmd.Wait()
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak returns the most memory that the process had so far, in KiB.
func (t *target) peak() (kib int, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	found := highWater.FindSubmatch(status)
	if found == nil {
		return 0, errors.New("the kernel does not report VmHWM")
	}
	_, err = fmt.Sscan(string(found[1]), &kib)
	return kib, err
}

func (t *target) call(method, path, body string) (status int, answer string, err error) {
	req, err := http.NewRequestWithContext(context.Background(), method, t.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header = http.Header{"Client-Id": {clientID}, "X-Project-Id": {"p"}}
	reply, err := t.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = reply.Body.Close() }()
	content, err := io.ReadAll(reply.Body)
	return reply.StatusCode, string(content), err
}

// serves says how the server answers during the attack.
func (t *target) serves() string {
	began := time.Now()
	ping, _, err := t.call("GET", "/v2/ping", "")
	if err != nil {
		return err.Error()
	}
	claim, _, err := t.call("POST", "/v2/queues/q/claims?limit=1", "")
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("ping %d, claim %d in %v", ping, claim, time.Since(began).Round(time.Millisecond))
}

func postGigabyte(t *target) (string, func(), error) {
	body := `{"messages":[{"body":"` + strings.Repeat("x", 200_000) + `"}]}`
	var next, stored, full atomic.Int64
	var failed atomic.Value
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for next.Add(1) <= 5000 {
				switch status, answer, err := t.call("POST", "/v2/queues/q/messages", body); {
				case err != nil:
					failed.Store(err)
				case status == http.StatusCreated:
					stored.Add(1)
				case status == http.StatusServiceUnavailable && strings.Contains(answer, "Server full"):
					full.Add(1)
				default:
					failed.Store(fmt.Errorf("%d %s", status, answer))
				}
			}
		})
	}
	all.Wait()
	if err, ok := failed.Load().(error); ok {
		return "", nil, err
	}
	_, stats, err := t.call("GET", "/v2/queues/q/stats", "")
	if err != nil {
		return "", nil, err
	}
	kept := strings.Contains(stats, fmt.Sprintf(`"total":%d`, stored.Load()))
	return fmt.Sprintf("%d MB stored (all kept: %t), %d posts got 503", stored.Load()/5, kept, full.Load()), func() {}, nil
}

// connections opens connections that send a text and then nothing.
func (t *target) connections(n int, text string) (string, func(), error) {
	var conns []net.Conn
	var dialer net.Dialer
	var cut int
	for range n {
		conn, err := dialer.DialContext(context.Background(), "tcp", t.address)
		if err != nil {
			return "", nil, err
		}
		_ = conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.WriteString(conn, text); err != nil {
			cut++ // refused already
		}
		conns = append(conns, conn)
	}
	return fmt.Sprintf("%d open, %d cut off", n-cut, cut), func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}, nil
}

func (t *target) webSockets(n int) (conns []*websocket.Conn, stop func(), err error) {
	stop = func() {
		for _, conn := range conns {
			_ = conn.CloseNow()
		}
	}
	for range n {
		conn, _, err := websocket.Dial(context.Background(), t.url, nil) //nolint:bodyclose // it needs no closing
		if err != nil {
			return conns, stop, err
		}
		conns = append(conns, conn)
	}
	return conns, stop, nil
}

func frame(action, body string) []byte {
	return []byte(`{"action":"` + action + `","headers":{"Client-ID":"` + clientID + `","X-Project-ID":"p"},"body":` + body + `}`)
}

func unreadPushes(t *target) (string, func(), error) {
	conns, stop, err := t.webSockets(200)
	if err != nil {
		return "", stop, err
	}
	for _, conn := range conns {
		if err := conn.Write(context.Background(), websocket.MessageText, frame("subscription_create", `{"queue_name":"q","ttl":3600}`)); err != nil {
			return "", stop, err
		}
	}
	time.Sleep(time.Second) // all have subscribed
	body := `{"messages":[{"body":"` + strings.Repeat("x", 50_000) + `"}]}`
	count := map[int]int{}
	for range 100 { // 200 x 100 x 50 kB
		status, _, err := t.call("POST", "/v2/queues/q/messages", body)
		if err != nil {
			return "", stop, err
		}
		count[status]++
	}
	return fmt.Sprintf("%d posts stored, %d got 503", count[201], count[503]), stop, nil
}

func unreadRequests(t *target) (string, func(), error) {
	conns, stop, err := t.webSockets(200)
	if err != nil {
		return "", stop, err
	}
	for range 5 {
		body := `{"messages":[{"body":"` + strings.Repeat("x", 200_000) + `"}]}`
		if _, _, err := t.call("POST", "/v2/queues/q/messages", body); err != nil {
			return "", stop, err
		}
	}
	list := frame("message_list", `{"queue_name":"q","echo":true,"pad":"`+strings.Repeat("x", 100_000)+`"}`)
	var sent, ended atomic.Int64
	var all sync.WaitGroup
	for _, conn := range conns {
		all.Go(func() {
			for range 50 {
				ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
				err := conn.Write(ctx, websocket.MessageText, list)
				cancel()
				if err != nil {
					ended.Add(1)
					return
				}
				sent.Add(1)
			}
		})
	}
	all.Wait()
	return fmt.Sprintf("%d requests of 100 kB taken, %d of 200 connections stopped", sent.Load(), ended.Load()), stop, nil
}
