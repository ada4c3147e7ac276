package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/zaqar-go/zaqar/integration/internal/process"
)

// servers are a store and a Zaqar 23 with Keystone, started like those of make real-up.
// The store is a Redis that writes to disk before it answers, or FerretDB, which stands in
// for MongoDB and is never killed.
type servers struct {
	dir, python          string
	storeCommand         []string
	storePort, zaqarPort int
	mongodb              bool // the store is FerretDB, by MongoDB's driver
	store, zaqar, poster *exec.Cmd
}

func (s *servers) url() string { return fmt.Sprintf("http://127.0.0.1:%d", s.zaqarPort) }

func (s *servers) storeAddress() string { return fmt.Sprintf("127.0.0.1:%d", s.storePort) }

// posterURL is the URL of another Zaqar on the same store, which is never killed.
func (s *servers) posterURL() string { return fmt.Sprintf("http://127.0.0.1:%d", s.zaqarPort+1) }

// prepare writes the configurations. scripts is the path of integration/servers.
func (s *servers) prepare(ctx context.Context, scripts string) error {
	row, venv := "z23-keystone", "venv_of"
	if s.mongodb {
		row, venv = "z23-mongodb-keystone", "mongodb_venv_of"
	}
	ask := fmt.Sprintf(`cd %q && for part in settings install ferretdb; do source lib/$part.sh; done && find_redis && `+
		`echo "$state" && echo "$redis_server" && ferretdb_program && %s zaqar-23`, scripts, venv)
	out, err := exec.CommandContext(ctx, "bash", "-c", ask).Output()
	if err != nil {
		return fmt.Errorf("cannot read the settings in %s: %w", scripts, err)
	}
	said := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(said) != 4 {
		return fmt.Errorf("the settings in %s say %q", scripts, said)
	}
	s.python = filepath.Join(said[3], "bin", "python")
	s.storeCommand = []string{
		said[1], "--bind", "127.0.0.1", "--port", fmt.Sprint(s.storePort),
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir", s.dir,
	}
	if s.mongodb {
		s.storeCommand = []string{said[2], s.storeAddress(), filepath.Join(s.dir, "ferretdb")}
	}
	like := filepath.Join(said[0], "home", row)
	conf, err := os.ReadFile(filepath.Join(like, ".zaqar", "zaqar.conf"))
	if err != nil {
		return fmt.Errorf("the real servers are not up (run make real-up): %w", err)
	}
	text := s.withOwnStore(string(conf))
	gunicorn, err := os.ReadFile(filepath.Join(like, "gunicorn.conf.py"))
	if err != nil {
		return err
	}
	return errors.Join(
		configure(filepath.Join(s.dir, "zaqar"), text, string(gunicorn), s.zaqarPort),
		configure(filepath.Join(s.dir, "poster"), text, string(gunicorn), s.zaqarPort+1),
	)
}

// configure writes the configuration of a Zaqar into its folder.
func configure(dir, conf, gunicorn string, port int) error {
	conf = regexp.MustCompile(`(?m)^port = .*$`).ReplaceAllString(conf, fmt.Sprintf("port = %d", port))
	gunicorn = regexp.MustCompile(`(?m)^bind = .*$`).ReplaceAllString(gunicorn, fmt.Sprintf("bind = \"127.0.0.1:%d\"", port))
	return errors.Join(
		os.MkdirAll(filepath.Join(dir, ".zaqar"), 0o700),
		os.WriteFile(filepath.Join(dir, ".zaqar", "zaqar.conf"), []byte(conf), 0o600),
		os.WriteFile(filepath.Join(dir, "gunicorn.conf.py"), []byte(gunicorn), 0o600),
	)
}

// withOwnStore returns a configuration with a store that nobody else uses.
func (s *servers) withOwnStore(conf string) string {
	if s.mongodb {
		return regexp.MustCompile(`(?m)^uri = mongodb://.*$`).ReplaceAllString(conf, "uri = mongodb://"+s.storeAddress())
	}
	databases := -1
	return regexp.MustCompile(`(?m)^uri = redis://\S+`).ReplaceAllStringFunc(conf, func(string) string {
		databases++
		return fmt.Sprintf("uri = redis://%s?dbid=%d&socket_timeout=10", s.storeAddress(), databases)
	})
}

func (s *servers) start(ctx context.Context, name string, env []string, command ...string) (*exec.Cmd, error) {
	log, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that kill also kills its workers
	cmd.Cancel = func() error { return kill(cmd) }
	return cmd, cmd.Start()
}

// kill kills a process and its workers, as a crash would.
func kill(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

func (s *servers) startStore(ctx context.Context) (err error) {
	if s.store, err = s.start(ctx, "store", nil, s.storeCommand...); err != nil {
		return err
	}
	return await(ctx, func() error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.storeAddress())
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
}

func (s *servers) startZaqar(ctx context.Context) (err error) {
	s.zaqar, err = s.startZaqarAt(ctx, "zaqar", s.url())
	return err
}

func (s *servers) startPoster(ctx context.Context) (err error) {
	s.poster, err = s.startZaqarAt(ctx, "poster", s.posterURL())
	return err
}

func (s *servers) startZaqarAt(ctx context.Context, name, url string) (*exec.Cmd, error) {
	home := filepath.Join(s.dir, name)
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LANG=C.UTF-8", "GUNICORN_CMD_ARGS=--config " + filepath.Join(home, "gunicorn.conf.py")}
	cmd, err := s.start(ctx, name, env, s.python, "-m", "gunicorn")
	if err != nil {
		return nil, err
	}
	return cmd, await(ctx, func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v2/ping", nil)
		if err != nil {
			return err
		}
		reply, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_ = reply.Body.Close()
		if reply.StatusCode != http.StatusUnauthorized {
			return fmt.Errorf("ping: %s", reply.Status)
		}
		return nil
	})
}

// crashZaqar kills Zaqar and starts it again after a while.
func (s *servers) crashZaqar(ctx context.Context, down time.Duration) error {
	if err := kill(s.zaqar); err != nil {
		return err
	}
	_ = s.zaqar.Wait()
	if !process.Pause(ctx, down) {
		return context.Cause(ctx)
	}
	return s.startZaqar(ctx)
}

func (s *servers) stop() {
	for _, cmd := range []*exec.Cmd{s.zaqar, s.poster, s.store} {
		if cmd != nil && cmd.Process != nil {
			_ = kill(cmd)
			_ = cmd.Wait()
		}
	}
}

// await calls try until it succeeds, for two minutes at most.
func await(ctx context.Context, try func() error) error {
	end := time.Now().Add(2 * time.Minute)
	for {
		err := try()
		if err == nil {
			return nil
		}
		if time.Now().After(end) || !process.Pause(ctx, 200*time.Millisecond) {
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

// describe returns the name and version of the Zaqar under test, and its store.
func (s *servers) describe() string {
	name := filepath.Base(filepath.Dir(filepath.Dir(s.python)))
	if s.mongodb {
		return name + ", MongoDB's driver on FerretDB"
	}
	return name + ", Redis with appendfsync always"
}
