package main_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScript runs the scripts in testdata/script. In addition to testscript's own
// commands they have
//
//	exits CODE COMMAND …   runs a command, which must exit with CODE
//	serve [FLAG …]         starts zaqar serve on a free port, sets URL and ADDRESS,
//	                       sets the variables that it prints, and keeps what it
//	                       prints in the files served and serve.err
//	end SIGNAL             stops the server, which must exit with 0
//	request STATUS METHOD PATH [BODY]
//	                       sends a request to the server, which must answer with
//	                       STATUS, and writes the answer to standard output. The
//	                       variable HOST, unless empty, is sent as the Host
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", binaries+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "serve": serve, "end": end, "request": request,
		},
		RequireUniqueNames: true,
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND …")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got, err := exitCode(ts.Exec(args[1], args[2:]...))
	ts.Check(err)
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// servers are the servers of the running scripts.
var servers sync.Map

func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: serve [FLAG …]")
	}
	cmd := exec.CommandContext(context.Background(), filepath.Join(binaries, "zaqar"), slices.Concat([]string{"serve", "--listen", "127.0.0.1:0"}, args)...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = []string{"HOME=" + ts.Getenv("HOME")}
	complaints, err := os.Create(ts.MkAbs("serve.err"))
	ts.Check(err)
	defer func() { _ = complaints.Close() }() // the server has its own
	cmd.Stderr = complaints
	server, err := startServe(cmd)
	ts.Check(err)
	ts.Defer(func() { _ = cmd.Process.Kill() })
	ts.Check(os.WriteFile(ts.MkAbs("served"), []byte(strings.Join(server.printed, "\n")), 0o600))
	ts.Setenv("URL", server.url())
	ts.Setenv("WEBSOCKET", server.webSocket())
	ts.Setenv("ADDRESS", strings.TrimPrefix(server.url(), "http://"))
	for name, value := range server.exports() {
		ts.Setenv(name, value)
	}
	servers.Store(ts, server)
}

var signals = map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}

func end(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || signals[args[0]] == nil {
		ts.Fatalf("usage: end INT|TERM")
	}
	server, ok := servers.LoadAndDelete(ts)
	if !ok {
		ts.Fatalf("no server runs")
	}
	code, err := server.(*served).stop(signals[args[0]])
	ts.Check(err)
	if code != 0 {
		ts.Fatalf("zaqar serve exits with %d, want 0", code)
	}
}

func request(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: request STATUS METHOD PATH [BODY]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	body := strings.Join(args[3:], "")
	req, err := http.NewRequestWithContext(context.Background(), args[1], ts.Getenv("URL")+args[2], strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Client-ID", "3381af92-2b9e-11e3-b191-71861300734c")
	req.Header.Set("X-Project-Id", "demo")
	req.Host = ts.Getenv("HOST")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	reply, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer func() { _ = reply.Body.Close() }()
	_, err = io.Copy(ts.Stdout(), reply.Body)
	ts.Check(err)
	if reply.StatusCode != want {
		ts.Fatalf("%s %s: status %d, want %d", args[1], args[2], reply.StatusCode, want)
	}
}
