package integration

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
)

// TestTheTourLeavesAProjectAsItWas runs the tour against real Keystone and Zaqar,
// in a project that has a queue aaa with messages and a queue wot already.
func TestTheTourLeavesAProjectAsItWas(t *testing.T) {
	servers := find(t)
	binary := build(t)
	// A project of its own, because the suite's cases use the other one.
	project := need(t, servers, "ZAQAR_REAL_PROJECT2")
	openrc := []string{
		"OS_AUTH_URL=" + need(t, servers, "ZAQAR_REAL_KEYSTONE_URL"), "OS_IDENTITY_API_VERSION=3",
		"OS_USERNAME=" + need(t, servers, "ZAQAR_REAL_USERNAME"), "OS_PASSWORD=" + need(t, servers, "ZAQAR_REAL_PASSWORD"),
		"OS_PROJECT_NAME=" + project, "OS_USER_DOMAIN_NAME=Default", "OS_PROJECT_DOMAIN_NAME=Default",
		"OS_REGION_NAME=" + need(t, servers, "ZAQAR_REAL_REGION"), "OS_INTERFACE=public",
	}
	clouds := filepath.Join(t.TempDir(), "clouds.yaml")
	write(t, clouds, fmt.Sprintf(`clouds:
  real:
    auth:
      auth_url: %s
      username: %s
      project_name: %s
      user_domain_name: Default
      project_domain_name: Default
    region_name: %s
`, servers["ZAQAR_REAL_KEYSTONE_URL"], servers["ZAQAR_REAL_USERNAME"], project, servers["ZAQAR_REAL_REGION"]))
	write(t, filepath.Join(filepath.Dir(clouds), "secure.yaml"), fmt.Sprintf("clouds:\n  real:\n    auth:\n      password: %s\n", servers["ZAQAR_REAL_PASSWORD"]))

	signIn := keystone.Password(servers["ZAQAR_REAL_KEYSTONE_URL"], servers["ZAQAR_REAL_USERNAME"], servers["ZAQAR_REAL_PASSWORD"], keystone.Project(project))
	defer func() { _ = signIn.Close() }()
	client, err := zaqar.Connect(t.Context(), "", zaqar.WithAuth(signIn))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	for _, name := range []string{"aaa", "wot"} {
		q, err := client.CreateQueue(t.Context(), name, zaqar.Content{"owner": "somebody else"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.Post(t.Context(), "first of "+name, "second of "+name); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := q.Delete(t.Context()); err != nil {
				t.Error(err)
			}
		}()
	}
	before := contents(t, client)

	for name, c := range map[string]struct {
		args      []string
		env       []string
		interrupt string // interrupt it after this line; "" for never
		code      int
	}{
		"with OS_*":            {args: []string{"tour", "--embedded=false"}, env: openrc},
		"with a clouds.yaml":   {args: []string{"tour", "--os-cloud", "real"}, env: []string{"OS_CLIENT_CONFIG_FILE=" + clouds}},
		"interrupted early":    {args: []string{"tour", "--embedded=false", "--pause", "300ms"}, env: openrc, interrupt: " 4  ", code: 130},
		"interrupted late":     {args: []string{"tour", "--embedded=false", "--pause", "300ms"}, env: openrc, interrupt: " 9  ", code: 130},
		"interrupted in front": {args: []string{"tour", "--embedded=false", "--pause", "300ms"}, env: openrc, interrupt: " 1  ", code: 130},
	} {
		t.Run(name, func(t *testing.T) {
			output, code := run(t, binary, c.args, c.env, c.interrupt)
			if code != c.code {
				t.Errorf("the exit code is %d, want %d:\n%s", code, c.code, output)
			}
			for _, line := range []string{"<HomeDoc ", "<Queue [wot-", "<Message ttl:120>", "<Claim size:1>", "Free", "Claimed", `"winning"`, "<Metadata ", "(404): "} {
				if c.interrupt == "" && !strings.Contains(output, line) {
					t.Errorf("%s is missing in\n%s", line, output)
				}
			}
			if after := contents(t, client); after != before {
				t.Errorf("before:\n%s\nafter:\n%s\nthe tour printed:\n%s", before, after, output)
			}
		})
	}
}

// run runs the tour, interrupts it after a line, and returns its output and exit code.
func run(t *testing.T, binary string, args, env []string, interrupt string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var output strings.Builder
	for lines := bufio.NewScanner(io.TeeReader(stdout, &output)); lines.Scan(); {
		if interrupt != "" && strings.HasPrefix(lines.Text(), interrupt) {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait() // the exit code is checked
	return output.String() + complaints.String(), cmd.ProcessState.ExitCode()
}

// build builds the command line, which is another module of the workspace.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "zaqar")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/zaqar")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOWORK=")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return binary
}

// contents describes every queue of the project: its metadata and its messages.
func contents(t *testing.T, client *zaqar.Client) string {
	t.Helper()
	var b strings.Builder
	for q, err := range client.Queues(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		m, err := q.Metadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, q, m)
		for m, err := range q.Messages(t.Context(), zaqar.IncludeClaimed(true)) {
			if err != nil {
				t.Fatal(err)
			}
			status, err := m.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, " ", m.ID(), m, status, string(m.Body()))
		}
	}
	return b.String()
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
