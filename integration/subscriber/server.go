package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/zaqar-go/zaqar/integration/internal/process"
)

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
func (s *site) http(ctx context.Context, name string) (*process.Process, error) {
	srv, err := s.like(ctx, s.row, name)
	if err != nil {
		return nil, err
	}
	srv.Command = []string{filepath.Join(s.venv, "bin", "python"), "-m", "gunicorn"}
	return srv, srv.Gunicorn(1, 16, "zaqar.transport.wsgi.app:app")
}

func (s *site) websocket(ctx context.Context, name string) (*process.Process, error) {
	srv, err := s.like(ctx, s.row+"-websocket", name)
	if err != nil {
		return nil, err
	}
	srv.Command = []string{
		filepath.Join(s.venv, "bin", "python"), "-c", "from zaqar.cmd.server import run; run()",
		"--config-file", filepath.Join(srv.Home, ".zaqar", "zaqar.conf"),
	}
	return srv, nil
}

var portLine = regexp.MustCompile(`(?m)^(notification_)?port = \d+$`)

func (s *site) like(ctx context.Context, row, name string) (*process.Process, error) {
	conf, err := os.ReadFile(filepath.Join(s.state, "home", row, ".zaqar", "zaqar.conf"))
	if err != nil {
		return nil, fmt.Errorf("the real servers are not up (run make real-up): %w", err)
	}
	srv, err := process.New(ctx, s.dir, name)
	if err != nil {
		return nil, err
	}
	pushes, err := process.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	own := portLine.ReplaceAllFunc(conf, func(line []byte) []byte {
		if strings.HasPrefix(string(line), "notification_") {
			return fmt.Appendf(nil, "notification_port = %d", pushes)
		}
		return fmt.Appendf(nil, "port = %d", srv.Port)
	})
	if err := os.MkdirAll(filepath.Join(srv.Home, ".zaqar"), 0o700); err != nil {
		return nil, err
	}
	return srv, os.WriteFile(filepath.Join(srv.Home, ".zaqar", "zaqar.conf"), own, 0o600)
}

// close kills all servers, and removes their files unless the test failed.
func (s *site) close(failed bool, servers ...*process.Process) error {
	var errs []error
	for _, srv := range servers {
		errs = append(errs, srv.Close())
	}
	if !failed {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
