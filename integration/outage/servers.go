package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/zaqar-go/zaqar/integration/internal/process"
)

// servers are a Redis that writes to disk before it answers, a Keystone, and a Zaqar that
// uses both, with HTTP and with the WebSocket.
type servers struct {
	dir                             string
	redis, keystone, zaqar, sockets *process.Process
}

func (s *servers) all() []*process.Process {
	return []*process.Process{s.redis, s.keystone, s.zaqar, s.sockets}
}

// site is where the real servers are installed, and what is in their state folder.
type site struct{ state, cache, zaqar, keystone string }

func findSite(ctx context.Context, scripts string) (site, error) {
	ask := fmt.Sprintf(`source %q/lib/settings.sh && source %q/lib/install.sh && echo "$state" && echo "$cache" && venv_of zaqar-23 && venv_of keystone`, scripts, scripts)
	out, err := exec.CommandContext(ctx, "bash", "-c", ask).Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(lines) != 4 {
		return site{}, fmt.Errorf("cannot read the settings in %s: %w", scripts, err)
	}
	return site{lines[0], lines[1], lines[2], lines[3]}, nil
}

// newServers writes the configurations: those of the real servers, with ports of their own.
func newServers(ctx context.Context, scripts, keystoneURL string) (*servers, error) {
	site, err := findSite(ctx, scripts)
	if err != nil {
		return nil, err
	}
	s := &servers{}
	if s.dir, err = os.MkdirTemp("", "zaqar-outage-"); err != nil {
		return nil, err
	}
	for _, p := range []struct {
		server **process.Process
		name   string
	}{{&s.redis, "redis"}, {&s.keystone, "keystone"}, {&s.zaqar, "zaqar"}, {&s.sockets, "sockets"}} {
		if *p.server, err = process.New(ctx, s.dir, p.name); err != nil {
			return nil, err
		}
	}
	redis, err := exec.LookPath("redis-server")
	if err != nil {
		redis = filepath.Join(site.cache, "bin", "redis-server")
	}
	s.redis.Command = []string{
		redis, "--bind", "127.0.0.1", "--port", fmt.Sprint(s.redis.Port), "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--dir", s.redis.Home,
	}
	return s, errors.Join(s.configureKeystone(ctx, site, keystoneURL), s.configureZaqar(site, s.zaqar), s.configureZaqar(site, s.sockets))
}

// moveEndpoints replaces Keystone's URL in its catalogue: it is there that Zaqar finds where
// to check tokens.
const moveEndpoints = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("UPDATE endpoint SET url = replace(url, ?, ?)", sys.argv[2:])
database.commit()
`

// configureKeystone copies the database and the keys, so that there are the same users.
func (s *servers) configureKeystone(ctx context.Context, site site, url string) error {
	from, p := filepath.Join(site.state, "home", "keystone"), s.keystone
	if err := os.CopyFS(filepath.Join(p.Home, "data"), os.DirFS(from)); err != nil {
		return fmt.Errorf("the real servers are not up (run make real-up): %w", err)
	}
	file := filepath.Join(p.Home, "data", "keystone.conf")
	conf, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	own := strings.ReplaceAll(string(conf), from, filepath.Join(p.Home, "data"))
	python := filepath.Join(site.keystone, "bin", "python")
	move := exec.CommandContext(ctx, python, "-c", moveEndpoints, filepath.Join(p.Home, "data", "keystone.db"), strings.TrimSuffix(url, "/v3"), p.URL("http"))
	if out, err := move.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot change Keystone's catalogue: %w: %s", err, out)
	}
	p.Command = []string{python, "-W", "ignore", "-m", "gunicorn"}
	p.Environ = []string{"OS_KEYSTONE_CONFIG_FILES=" + file}
	return errors.Join(os.WriteFile(file, []byte(own), 0o600), p.Gunicorn(1, 8, "keystone.wsgi.api:application"))
}

var (
	redisURI = regexp.MustCompile(`(?m)^uri = redis://\S+`)
	portLine = regexp.MustCompile(`(?m)^port = \d+$`)
	pushPort = regexp.MustCompile(`(?m)^notification_port = \d+$`)
	signIn   = regexp.MustCompile(`(?m)^(www_authenticate_uri|auth_url) = .*$`)
)

// configureZaqar writes Zaqar's configuration. It remembers tokens for five seconds, so
// that one that was revoked is soon refused.
func (s *servers) configureZaqar(site site, p *process.Process) error {
	row := "z23-keystone"
	if p == s.sockets {
		row = "z23-keystone-websocket"
	}
	conf, err := os.ReadFile(filepath.Join(site.state, "home", row, ".zaqar", "zaqar.conf"))
	if err != nil {
		return fmt.Errorf("the real servers are not up (run make real-up): %w", err)
	}
	database := -1
	text := redisURI.ReplaceAllStringFunc(string(conf), func(string) string {
		database++
		return fmt.Sprintf("uri = redis://127.0.0.1:%d?dbid=%d&socket_timeout=10", s.redis.Port, database)
	})
	text = portLine.ReplaceAllString(text, fmt.Sprintf("port = %d", p.Port))
	text = pushPort.ReplaceAllString(text, fmt.Sprintf("notification_port = %d", s.sockets.Port+1))
	text = signIn.ReplaceAllString(text, fmt.Sprintf("$1 = http://127.0.0.1:%d/v3", s.keystone.Port))
	text = strings.Replace(text, "[keystone_authtoken]\n", "[keystone_authtoken]\ntoken_cache_time = 5\n", 1)
	file := filepath.Join(p.Home, ".zaqar", "zaqar.conf")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		return err
	}
	if p == s.sockets {
		p.Command = []string{filepath.Join(site.zaqar, "bin", "zaqar-server"), "--config-file", file}
		return nil
	}
	p.Command = []string{filepath.Join(site.zaqar, "bin", "python"), "-m", "gunicorn"}
	return p.Gunicorn(2, 8, "zaqar.transport.wsgi.app:app")
}

// close kills all servers, and removes their files unless they are to be kept.
func (s *servers) close(keep bool) error {
	var errs []error
	for _, p := range s.all() {
		errs = append(errs, p.Close())
	}
	if keep {
		log.Printf("the logs are in %s", s.dir)
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
