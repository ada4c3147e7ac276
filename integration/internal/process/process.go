// Package process starts and kills the servers of programs that crash them.
package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is a server of this program, on a free port, with a folder of its own.
type Process struct {
	Name    string
	Home    string
	Port    int
	Command []string
	Environ []string

	log     *os.File
	running *exec.Cmd
}

// New makes the folder of a process in dir. It starts nothing.
func New(ctx context.Context, dir, name string) (*Process, error) {
	p := &Process{Name: name, Home: filepath.Join(dir, name)}
	if err := os.MkdirAll(p.Home, 0o700); err != nil {
		return nil, err
	}
	var err error
	if p.Port, err = FreePort(ctx); err != nil {
		return nil, err
	}
	p.log, err = os.Create(filepath.Join(p.Home, "log"))
	return p, err
}

// FreePort returns a port on which nothing listens.
func FreePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, _ := listener.Addr().(*net.TCPAddr)
	return address.Port, listener.Close()
}

// URL returns the server's URL, with the scheme http or ws.
func (p *Process) URL(scheme string) string { return fmt.Sprintf("%s://127.0.0.1:%d", scheme, p.Port) }

// Gunicorn configures a process that runs a WSGI application in gunicorn.
func (p *Process) Gunicorn(workers, threads int, app string) error {
	file := filepath.Join(p.Home, "gunicorn.conf.py")
	p.Environ = append(p.Environ, "GUNICORN_CMD_ARGS=--config "+file)
	return os.WriteFile(file, fmt.Appendf(nil, "bind = \"127.0.0.1:%d\"\nworkers = %d\nthreads = %d\nworker_class = \"gthread\"\nwsgi_app = %q\nkeepalive = 75\ncontrol_socket_disable = True\n",
		p.Port, workers, threads, app), 0o600)
}

// listens is how long a server may take to listen. Machines that run this are busy.
const listens = 5 * time.Minute

// Start starts the process and waits until it listens.
func (p *Process) Start(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, p.Command[0], p.Command[1:]...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.Home, "LANG=C.UTF-8"}, p.Environ...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Home, p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Kill also kills its workers
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		return err
	}
	p.running = cmd
	for end := time.Now().Add(listens); time.Now().Before(end); {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", p.Port))
		if err == nil {
			return conn.Close()
		}
		if !Pause(ctx, 100*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	return fmt.Errorf("%s does not listen after %v: see %s", p.Name, listens, p.log.Name())
}

// Kill kills the process and its workers, as a crash would.
func (p *Process) Kill() error {
	if p.running == nil {
		return nil
	}
	err := syscall.Kill(-p.running.Process.Pid, syscall.SIGKILL)
	_ = p.running.Wait() // its error reports the kill
	p.running = nil
	return err
}

// Close kills the process, and closes its log.
func (p *Process) Close() error { return errors.Join(p.Kill(), p.log.Close()) }

// Pause waits for d, and returns false if ctx ends first.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
