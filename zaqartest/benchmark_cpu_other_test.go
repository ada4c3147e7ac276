//go:build !unix

package zaqartest_test

import (
	"testing"
	"time"
)

var started = time.Now()

// spent returns the time. Other systems tell the CPU time in other ways.
func spent(*testing.B) time.Duration { return time.Since(started) }
