package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// server is a Zaqar process of this program, which may kill it. It shares the store of the
// real servers: Redis, or FerretDB by MongoDB's driver.
type server struct {
	name, home string
	port       int
	command    []string
	environ    []string
	log        *os.File
	running    *exec.Cmd
}

// site describes where the real servers are installed.
type site struct {
	scripts string // integration/servers
	state   string // ZAQAR_REAL_DIR
	venv    string
	row     string // of the Zaqar that this program's servers are like
	dir     string // of this program's servers
}

func findSite(ctx context.Context, scripts, store string) (*site, error) {
	row, venvOf := "z23", "venv_of"
	switch store {
	case "redis":
	case "mongodb":
		row, venvOf = "z23-mongodb", "mongodb_venv_of"
	default:
		return nil, fmt.Errorf("there is no store %q", store)
	}
	ask := fmt.Sprintf(`cd %q && source lib/settings.sh && source lib/install.sh && echo "$state" && %s zaqar-23`, scripts, venvOf)
	out, err := exec.CommandContext(ctx, "bash", "-c", ask).Output()
	if err != nil {
		return nil, fmt.Errorf("cannot read the settings in %s: %w", scripts, err)
	}
	state, venv, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	dir, err := os.MkdirTemp("", "zaqar-subscriber-")
	return &site{scripts: scripts, state: state, venv: venv, row: row, dir: dir}, err
}

// http returns a server like the row of the site, websocket one like its WebSocket: with
// their settings, on free ports.
func (s *site) http(ctx context.Context, name string) (*server, error) {
	srv, err := s.like(ctx, s.row, name)
	if err != nil {
		return nil, err
	}
	conf := fmt.Sprintf("bind = \"127.0.0.1:%d\"\nworkers = 1\nthreads = 16\nworker_class = \"gthread\"\nwsgi_app = \"zaqar.transport.wsgi.app:app\"\nkeepalive = 75\ncontrol_socket_disable = True\n", srv.port)
	file := filepath.Join(srv.home, "gunicorn.conf.py")
	srv.command = []string{filepath.Join(s.venv, "bin", "python"), "-m", "gunicorn"}
	srv.environ = []string{"GUNICORN_CMD_ARGS=--config " + file}
	return srv, os.WriteFile(file, []byte(conf), 0o600)
}

func (s *site) websocket(ctx context.Context, name string) (*server, error) {
	srv, err := s.like(ctx, s.row+"-websocket", name)
	if err != nil {
		return nil, err
	}
	srv.command = []string{
		filepath.Join(s.venv, "bin", "python"), "-c", "from zaqar.cmd.server import run; run()",
		"--config-file", filepath.Join(srv.home, ".zaqar", "zaqar.conf"),
	}
	return srv, nil
}

var portLine = regexp.MustCompile(`(?m)^(notification_)?port = \d+$`)

func (s *site) like(ctx context.Context, row, name string) (*server, error) {
	conf, err := os.ReadFile(filepath.Join(s.state, "home", row, ".zaqar", "zaqar.conf"))
	if err != nil {
		return nil, fmt.Errorf("the real servers are not up (run make real-up): %w", err)
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	pushes, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	own := portLine.ReplaceAllFunc(conf, func(line []byte) []byte {
		if strings.HasPrefix(string(line), "notification_") {
			return fmt.Appendf(nil, "notification_port = %d", pushes)
		}
		return fmt.Appendf(nil, "port = %d", port)
	})
	srv := &server{name: name, home: filepath.Join(s.dir, name), port: port}
	if err := os.MkdirAll(filepath.Join(srv.home, ".zaqar"), 0o700); err != nil {
		return nil, err
	}
	if srv.log, err = os.Create(filepath.Join(srv.home, "log")); err != nil {
		return nil, err
	}
	return srv, os.WriteFile(filepath.Join(srv.home, ".zaqar", "zaqar.conf"), own, 0o600)
}

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, _ := listener.Addr().(*net.TCPAddr)
	return address.Port, listener.Close()
}

// url returns the server's URL, with the scheme http or ws.
func (s *server) url(scheme string) string { return fmt.Sprintf("%s://127.0.0.1:%d", scheme, s.port) }

// start starts the process and waits until it listens.
func (s *server) start(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, s.command[0], s.command[1:]...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "LANG=C.UTF-8"}, s.environ...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that kill also kills its workers
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		return err
	}
	s.running = cmd
	for range 3000 {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err == nil {
			return conn.Close()
		}
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s does not listen after five minutes: see %s", s.name, s.log.Name())
}

// kill kills the process and its workers, as a crash would.
func (s *server) kill() error {
	if s.running == nil {
		return nil
	}
	err := syscall.Kill(-s.running.Process.Pid, syscall.SIGKILL)
	_ = s.running.Wait() // its error reports the kill
	s.running = nil
	return err
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close kills all servers, and removes their files unless the test failed.
func (s *site) close(failed bool, servers ...*server) error {
	var errs []error
	for _, srv := range servers {
		errs = append(errs, srv.kill(), srv.log.Close())
	}
	if !failed {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
