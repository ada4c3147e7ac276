//go:build unix

package process

import (
	"os"
	"syscall"
)

// Shell returns the arguments that run a command line.
func Shell(line string) []string { return []string{"/bin/sh", "-c", line} }

// ownGroup makes a process the leader of a new process group.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// endGroup asks a process and all that it has started to end. Like the other functions
// here it has nothing to do if they have ended already.
func endGroup(leader *os.Process) { _ = syscall.Kill(-leader.Pid, syscall.SIGTERM) }

func killGroup(leader *os.Process) { _ = syscall.Kill(-leader.Pid, syscall.SIGKILL) }

// groupRuns reports whether a process of the group runs, or has ended and was not collected
// by its parent.
func groupRuns(leader *os.Process) bool { return syscall.Kill(-leader.Pid, 0) == nil }
