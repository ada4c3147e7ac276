package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is the cause of a context that was cancelled by a signal.
type interrupted struct{ signal os.Signal }

func (e *interrupted) Error() string { return "ended by a signal: " + e.signal.String() }

// exitSignal returns the exit code for a signal.
func exitSignal(s os.Signal) int {
	if number, ok := s.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return exitFailed
}

// untilSignal returns a context that ends with SIGINT, SIGTERM or SIGHUP; its cause is
// [*interrupted]. Then notice is called. Only the first signal is caught: a second one
// ends the program at once. stop stops catching signals.
func untilSignal(parent context.Context, notice func()) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	// Under nohup the program must outlive its terminal.
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(&interrupted{signal: s})
			notice()
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, func() { cancel(nil) }
}
