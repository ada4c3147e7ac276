//go:build !unix && !windows

package process

import (
	"os"
	"syscall"
)

// Shell returns the arguments that run a command line.
func Shell(line string) []string { return []string{"sh", "-c", line} }

func ownGroup() *syscall.SysProcAttr { return nil }

func endGroup(leader *os.Process) { _ = leader.Kill() }

func killGroup(leader *os.Process) { _ = leader.Kill() }

func groupRuns(*os.Process) bool { return false }
