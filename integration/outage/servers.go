package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// process is a server that this program may kill.
type process struct {
	name    string
	home    string
	port    int
	command []string
	environ []string
	log     *os.File
	running *exec.Cmd
}

// servers are a Redis that writes to disk before it answers, a Keystone, and a Zaqar that
// uses both, with HTTP and with the WebSocket.
type servers struct {
	dir                             string
	redis, keystone, zaqar, sockets *process
}

func (s *servers) all() []*process { return []*process{s.redis, s.keystone, s.zaqar, s.sockets} }

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
		process **process
		name    string
	}{{&s.redis, "redis"}, {&s.keystone, "keystone"}, {&s.zaqar, "zaqar"}, {&s.sockets, "sockets"}} {
		if *p.process, err = s.newProcess(ctx, p.name); err != nil {
			return nil, err
		}
	}
	redis, err := exec.LookPath("redis-server")
	if err != nil {
		redis = filepath.Join(site.cache, "bin", "redis-server")
	}
	s.redis.command = []string{
		redis, "--bind", "127.0.0.1", "--port", fmt.Sprint(s.redis.port), "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--dir", s.redis.home,
	}
	return s, errors.Join(s.configureKeystone(ctx, site, keystoneURL), s.configureZaqar(site, s.zaqar), s.configureZaqar(site, s.sockets))
}

func (s *servers) newProcess(ctx context.Context, name string) (*process, error) {
	p := &process{name: name, home: filepath.Join(s.dir, name)}
	if err := os.MkdirAll(p.home, 0o700); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address, _ := listener.Addr().(*net.TCPAddr)
	p.port = address.Port
	p.log, err = os.Create(filepath.Join(p.home, "log"))
	return p, errors.Join(err, listener.Close())
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
	if err := os.CopyFS(filepath.Join(p.home, "data"), os.DirFS(from)); err != nil {
		return fmt.Errorf("the real servers are not up (run make real-up): %w", err)
	}
	file := filepath.Join(p.home, "data", "keystone.conf")
	conf, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	own := strings.ReplaceAll(string(conf), from, filepath.Join(p.home, "data"))
	python := filepath.Join(site.keystone, "bin", "python")
	move := exec.CommandContext(ctx, python, "-c", moveEndpoints, filepath.Join(p.home, "data", "keystone.db"), strings.TrimSuffix(url, "/v3"), p.url("http"))
	if out, err := move.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot change Keystone's catalogue: %w: %s", err, out)
	}
	p.command = []string{python, "-W", "ignore", "-m", "gunicorn"}
	p.environ = []string{"OS_KEYSTONE_CONFIG_FILES=" + file}
	return errors.Join(os.WriteFile(file, []byte(own), 0o600), p.configureGunicorn(1, "keystone.wsgi.api:application"))
}

var (
	redisURI = regexp.MustCompile(`(?m)^uri = redis://\S+`)
	portLine = regexp.MustCompile(`(?m)^port = \d+$`)
	pushPort = regexp.MustCompile(`(?m)^notification_port = \d+$`)
	signIn   = regexp.MustCompile(`(?m)^(www_authenticate_uri|auth_url) = .*$`)
)

// configureZaqar writes Zaqar's configuration. It remembers tokens for five seconds, so
// that one that was revoked is soon refused.
func (s *servers) configureZaqar(site site, p *process) error {
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
		return fmt.Sprintf("uri = redis://127.0.0.1:%d?dbid=%d&socket_timeout=10", s.redis.port, database)
	})
	text = portLine.ReplaceAllString(text, fmt.Sprintf("port = %d", p.port))
	text = pushPort.ReplaceAllString(text, fmt.Sprintf("notification_port = %d", s.sockets.port+1))
	text = signIn.ReplaceAllString(text, fmt.Sprintf("$1 = http://127.0.0.1:%d/v3", s.keystone.port))
	text = strings.Replace(text, "[keystone_authtoken]\n", "[keystone_authtoken]\ntoken_cache_time = 5\n", 1)
	file := filepath.Join(p.home, ".zaqar", "zaqar.conf")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		return err
	}
	if p == s.sockets {
		p.command = []string{filepath.Join(site.zaqar, "bin", "zaqar-server"), "--config-file", file}
		return nil
	}
	p.command = []string{filepath.Join(site.zaqar, "bin", "python"), "-m", "gunicorn"}
	return p.configureGunicorn(2, "zaqar.transport.wsgi.app:app")
}

func (p *process) configureGunicorn(workers int, app string) error {
	file := filepath.Join(p.home, "gunicorn.conf.py")
	p.environ = append(p.environ, "GUNICORN_CMD_ARGS=--config "+file)
	return os.WriteFile(file, fmt.Appendf(nil, "bind = \"127.0.0.1:%d\"\nworkers = %d\nthreads = 8\nworker_class = \"gthread\"\nwsgi_app = %q\nkeepalive = 75\ncontrol_socket_disable = True\n",
		p.port, workers, app), 0o600)
}

func (p *process) url(scheme string) string { return fmt.Sprintf("%s://127.0.0.1:%d", scheme, p.port) }

// start starts the process and waits until it listens.
func (p *process) start(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "LANG=C.UTF-8"}, p.environ...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.home, p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that kill also kills its workers
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		return err
	}
	p.running = cmd
	for range 1200 {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
		if err == nil {
			return conn.Close()
		}
		if !pause(ctx, 100*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	return fmt.Errorf("%s does not listen after two minutes: see %s", p.name, p.log.Name())
}

// kill kills the process and its workers, as a crash would.
func (p *process) kill() error {
	if p.running == nil {
		return nil
	}
	err := syscall.Kill(-p.running.Process.Pid, syscall.SIGKILL)
	_ = p.running.Wait() // its error reports the kill
	p.running = nil
	return err
}

// close kills all servers, and removes their files unless they are to be kept.
func (s *servers) close(keep bool) error {
	var errs []error
	for _, p := range s.all() {
		errs = append(errs, p.kill(), p.log.Close())
	}
	if keep {
		log.Printf("the logs are in %s", s.dir)
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// pause waits for d, and returns false if ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
