package process

import (
	"os"
	"syscall"
)

// Shell returns the arguments that run a command line.
func Shell(line string) []string { return []string{"cmd", "/C", line} }

// ownGroup starts a process in a new process group, which Ctrl-C does not reach.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// endGroup kills the process: Windows has no SIGTERM.
func endGroup(leader *os.Process) { _ = leader.Kill() }

func killGroup(leader *os.Process) { _ = leader.Kill() }

func groupRuns(*os.Process) bool { return false }
