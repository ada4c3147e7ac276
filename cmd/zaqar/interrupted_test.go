//go:build unix

package main_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestACommandThatIsInterruptedExitsLikeAProgramThatWasKilled(t *testing.T) {
	t.Parallel()
	for sent, want := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		for _, args := range [][]string{{"queue", "list"}, {"message", "post", "jobs", `{"body": 1}`}, {"ping"}, {"pool", "show", "p1"}} {
			asked := make(chan struct{}, 10)
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the command goes away
				asked <- struct{}{}
				<-r.Context().Done() // until the command goes away
			}))
			cmd := command(t, append([]string{"--endpoint", server.URL, "--project-id", "demo", "--api-version", "2"}, args...)...)
			var printed strings.Builder
			cmd.Stdout, cmd.Stderr = &printed, &printed
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-asked
			if err := cmd.Process.Signal(sent); err != nil {
				t.Fatal(err)
			}
			code, err := exitCode(cmd.Wait())
			server.Close()
			if err != nil || code != want || printed.Len() > 0 {
				t.Errorf("after %v %v exits with %d (%v), want %d, and prints %q", sent, args, code, err, want, printed.String())
			}
		}
	}
}

func TestUnderNohupACommandOutlivesItsTerminal(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	cmd := command(t, "--endpoint", server.URL, "--project-id", "demo", "--api-version", "2", "queue", "list")
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Args = shell, append([]string{"sh", "-c", `trap '' HUP; exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	for _, sent := range []os.Signal{syscall.SIGHUP, syscall.SIGTERM} { // the first that it heeds decides
		if err := cmd.Process.Signal(sent); err != nil {
			t.Fatal(err)
		}
	}
	if code, err := exitCode(cmd.Wait()); err != nil || code != 143 {
		t.Errorf("it exits with %d (%v), want 143, as after SIGTERM alone", code, err)
	}
}
