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
)

// servers are a Redis that writes to disk before it answers, and a Zaqar 23 with this
// Redis and Keystone, started like the one of make real-up.
type servers struct {
	dir, python, redisBin string
	redisPort, zaqarPort  int
	redis, zaqar          *exec.Cmd
}

func (s *servers) url() string { return fmt.Sprintf("http://127.0.0.1:%d", s.zaqarPort) }

// prepare writes the configurations.
func (s *servers) prepare(realDir string) error {
	cache := os.Getenv("ZAQAR_REAL_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		cache = filepath.Join(home, ".cache", "zaqar-real")
	}
	pythons, err := filepath.Glob(filepath.Join(cache, "venvs", "zaqar-23-*", "bin", "python"))
	if err != nil || len(pythons) == 0 {
		return fmt.Errorf("no Zaqar 23 is installed in %s (run make real-up): %w", cache, err)
	}
	s.python = pythons[0]
	if s.redisBin, err = exec.LookPath("redis-server"); err != nil {
		s.redisBin = filepath.Join(cache, "bin", "redis-server")
	}
	like := filepath.Join(realDir, "home", "z23-keystone")
	conf, err := os.ReadFile(filepath.Join(like, ".zaqar", "zaqar.conf"))
	if err != nil {
		return err
	}
	uri := regexp.MustCompile(`(?m)^uri = redis://\S+`)
	databases := -1
	text := uri.ReplaceAllStringFunc(string(conf), func(string) string {
		databases++
		return fmt.Sprintf("uri = redis://127.0.0.1:%d?dbid=%d&socket_timeout=10", s.redisPort, databases)
	})
	text = regexp.MustCompile(`(?m)^port = .*$`).ReplaceAllString(text, fmt.Sprintf("port = %d", s.zaqarPort))
	gunicorn, err := os.ReadFile(filepath.Join(like, "gunicorn.conf.py"))
	if err != nil {
		return err
	}
	bind := fmt.Sprintf("bind = \"127.0.0.1:%d\"", s.zaqarPort)
	return errors.Join(
		os.MkdirAll(filepath.Join(s.dir, ".zaqar"), 0o700),
		os.WriteFile(filepath.Join(s.dir, ".zaqar", "zaqar.conf"), []byte(text), 0o600),
		os.WriteFile(filepath.Join(s.dir, "gunicorn.conf.py"),
			regexp.MustCompile(`(?m)^bind = .*$`).ReplaceAll(gunicorn, []byte(bind)), 0o600),
	)
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

func (s *servers) startRedis(ctx context.Context) (err error) {
	s.redis, err = s.start(ctx, "redis", nil, s.redisBin, "--bind", "127.0.0.1", "--port", fmt.Sprint(s.redisPort),
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir", s.dir)
	if err != nil {
		return err
	}
	return await(ctx, func() error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", s.redisPort))
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
}

func (s *servers) startZaqar(ctx context.Context) (err error) {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LANG=C.UTF-8", "GUNICORN_CMD_ARGS=--config " + filepath.Join(s.dir, "gunicorn.conf.py")}
	if s.zaqar, err = s.start(ctx, "zaqar", env, s.python, "-m", "gunicorn"); err != nil {
		return err
	}
	return await(ctx, func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+"/v2/ping", nil)
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
	if !pause(ctx, down) {
		return context.Cause(ctx)
	}
	return s.startZaqar(ctx)
}

func (s *servers) stop() {
	for _, cmd := range []*exec.Cmd{s.zaqar, s.redis} {
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
		if time.Now().After(end) || !pause(ctx, 200*time.Millisecond) {
			return errors.Join(err, context.Cause(ctx))
		}
	}
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

// versionOf returns the name and version of the Zaqar under test.
func (s *servers) versionOf() string {
	return strings.TrimSuffix(filepath.Base(filepath.Dir(filepath.Dir(s.python))), "/")
}
