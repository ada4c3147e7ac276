package main_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// binaries is the folder of the zaqar under test. It is a real program, not a function
// in the test's process, so exit codes and signals are real.
var binaries string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "zaqar-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// Without tables for debuggers it is linked faster.
	build := exec.CommandContext(context.Background(), "go", "build", "-ldflags", "-s -w", "-o", dir+string(filepath.Separator), ".")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
		return 1
	}
	binaries = dir
	heedHangups()
	waitTogether()
	return m.Run()
}

// heedHangups makes commands heed SIGHUP also when the tests run under nohup. What a
// process ignores, the programs that it starts ignore, but not what it catches.
func heedHangups() {
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
}

// waitTogether lets more tests run at the same time than there are processors, unless the
// flag -parallel was given, since they mostly wait for processes and for retries.
func waitTogether() {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("8")
	}
}

// command returns a command that runs zaqar in an environment without any variable that
// it uses.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	// Not t.Context(): it ends before a test's clean-up could stop the command.
	cmd := exec.CommandContext(context.Background(), filepath.Join(binaries, "zaqar"), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"HOME=" + cmd.Dir}
	return cmd
}
