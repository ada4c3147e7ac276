//go:build unix

package zaqartest_test

import (
	"syscall"
	"testing"
	"time"
)

// spent returns the CPU time of the process, to measure what a call costs on a machine
// that others use, too.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
