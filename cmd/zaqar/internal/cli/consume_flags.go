package cli

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/consume"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/process"
)

// consumeFlags are the flags of zaqar consume.
type consumeFlags struct {
	exec                   string
	body                   string
	workers, claimSize     int
	claimTTL               time.Duration
	timeout, killAfter     time.Duration
	retryAfter             time.Duration
	deadLetter             string
	maxAttempts            int
	backoff, longest, stop time.Duration
	max                    int
	once                   bool

	set *pflag.FlagSet
}

func (f *consumeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	f.set = flags
	flags.StringVar(&f.exec, "exec", "", "run this `command` line of the shell for each message")
	flags.StringVar(&f.body, "body", "", "pass texts on as `text|json`; json has quotes (default text with a command, else json)")
	flags.IntVar(&f.workers, "workers", 0, "run `n` commands at the same time (default 8; 1 without a command)")
	flags.DurationVar(&f.timeout, "timeout", time.Hour, "end a command that takes longer, 0 for never; the attempt failed")
	flags.DurationVar(&f.killAfter, "kill-after", 5*time.Second, "kill a command this long after a SIGTERM")
	flags.DurationVar(&f.retryAfter, "retry-after", time.Minute, "wait this long after exit status 75")
	inGroup(flags, "Command", "exec", "body", "workers", "timeout", "kill-after", "retry-after")

	flags.StringVar(&f.deadLetter, "dead-letter", "", "move messages that cannot be handled to this `queue`")
	flags.IntVar(&f.maxAttempts, "max-attempts", 5, "give a message up after `n` failures; needs --dead-letter")
	flags.DurationVar(&f.backoff, "backoff", time.Second, "wait at most this long after the first failure, and twice that after each further one")
	flags.DurationVar(&f.longest, "max-backoff", time.Minute, "never wait longer than this after a failure")
	inGroup(flags, "Failures", "dead-letter", "max-attempts", "backoff", "max-backoff")

	flags.IntVar(&f.claimSize, "claim-size", 0, "claim up to `n` messages with one request (default 1; 10 without a command)")
	flags.DurationVar(&f.claimTTL, "claim-ttl", 2*time.Minute, "after a crash, messages are free again after this time")
	inGroup(flags, "Claims", "claim-size", "claim-ttl")

	flags.BoolVar(&f.once, "once", false, "end when no message is left to try; what failed without --dead-letter, or was put off, stays")
	flags.IntVar(&f.max, "max", 0, "end after `n` attempts")
	flags.DurationVar(&f.stop, "stop-timeout", 30*time.Second, "when stopping, let commands run for this long")
	inGroup(flags, "End", "once", "max", "stop-timeout")
}

// command checks the flags and returns the command to run, or nil for none.
func (f *consumeFlags) command(cmd *cobra.Command, rest []string) (*process.Command, error) {
	dash := cmd.ArgsLenAtDash()
	switch {
	case dash < 0 && len(rest) > 0:
		return nil, badUsage("zaqar consume takes one queue; put a command after --, or use --exec; remove %s", shown(rest[0]))
	case dash > 1:
		return nil, badUsage("zaqar consume takes one queue; remove %s", shown(rest[0]))
	case dash == 1 && len(rest) == 0:
		return nil, badUsage("there is no command after --")
	case dash == 1 && f.exec != "":
		return nil, badUsage("--exec and a command after -- contradict each other; use one of them")
	case f.set.Changed("exec") && strings.TrimSpace(f.exec) == "":
		return nil, badUsage("--exec is empty")
	}
	command := &process.Command{Args: rest, KillAfter: f.killAfter}
	if f.exec != "" {
		command.Args = process.Shell(f.exec)
	}
	if len(command.Args) == 0 {
		command = nil
	}
	if err := f.check(command); err != nil {
		return nil, err
	}
	if command != nil {
		if err := command.Find(); err != nil {
			return nil, badUsage("there is no program %s (%v)", shown(command.Args[0]), errors.Unwrap(err))
		}
	}
	return command, nil
}

// ofCommands are the flags that have no effect without a command.
var ofCommands = []string{"timeout", "kill-after", "retry-after", "dead-letter", "max-attempts", "backoff", "max-backoff"}

func (f *consumeFlags) check(command *process.Command) error {
	for _, name := range ofCommands {
		if command == nil && f.set.Changed(name) {
			return badUsage("--%s has no effect without a command: use --exec, or put a command after --", name)
		}
	}
	for _, least := range []struct {
		name  string
		ok    bool
		least string
	}{
		{"workers", f.workers > 0 || !f.set.Changed("workers"), "1"},
		{"claim-size", f.claimSize > 0 || !f.set.Changed("claim-size"), "1"},
		{"max", f.max > 0 || !f.set.Changed("max"), "1"},
		{"max-attempts", f.maxAttempts > 0, "1"},
		{"timeout", f.timeout >= 0, "0s"},
		{"kill-after", f.killAfter >= 0, "0s"},
		{"retry-after", f.retryAfter >= 0, "0s"},
		{"backoff", f.backoff > 0, "1ms"},
		{"max-backoff", f.longest >= f.backoff, "--backoff"},
		{"stop-timeout", f.stop >= 0, "0s"},
		{"claim-ttl", f.claimTTL >= zaqar.MinTTL, zaqar.MinTTL.String()},
	} {
		if !least.ok {
			return badUsage("--%s must be at least %s", least.name, least.least)
		}
	}
	switch {
	case !slices.Contains([]string{"", "text", "json"}, f.body):
		return badUsage("--body is %q; it must be text or json", f.body)
	case f.claimTTL%time.Second != 0:
		return badUsage("--claim-ttl is %v; it must be whole seconds", f.claimTTL)
	case f.deadLetter == "" && f.set.Changed("max-attempts"):
		return badUsage("--max-attempts has no effect without --dead-letter")
	}
	return nil
}

// run returns the run that the flags describe.
func (f *consumeFlags) run(app *App, queue *zaqar.Queue, command *process.Command) *consume.Run {
	run := &consume.Run{
		Queue: queue, Command: command, Max: f.max, UntilEmpty: f.once, StopTimeout: f.stop,
		Consumer: zaqar.ConsumerConfig{
			Workers: f.workers, ClaimSize: f.claimSize, TTL: f.claimTTL, HandlerTimeout: f.timeout,
			MaxExtension: -1, // --timeout is the limit
			Backoff:      f.backoff, MaxBackoff: f.longest, DeadLetter: f.deadLetter,
		},
	}
	if f.deadLetter != "" {
		run.Consumer.MaxAttempts = f.maxAttempts
	}
	if command == nil {
		run.Handler = (&consume.Print{Out: app.Out, AsText: f.body == "text"}).Handle
		run.Consumer.HandlerTimeout = 0
		if f.workers == 0 {
			run.Consumer.Workers = 1 // keeps the order of each claim
		}
		if f.claimSize == 0 {
			run.Consumer.ClaimSize = 10
		}
		run.Consumer.Prefetch = withoutAhead(run.Consumer.ClaimSize)
		return run
	}
	run.Consumer.ClaimSize = max(f.claimSize, 1) // to start a process takes longer than to claim
	run.Consumer.Prefetch = withoutAhead(run.Consumer.ClaimSize)
	command.Stdout, command.Stderr = app.Out.direct(), app.Err
	run.Handler = (&consume.Exec{
		Command: command, Timeout: f.timeout, RetryAfter: f.retryAfter, AsJSON: f.body == "json", Log: app.log,
	}).Handle
	return run
}

// withoutAhead is the Prefetch with which nothing is claimed before a worker is free for it.
// What one process holds and does not work on, another one could.
func withoutAhead(claimSize int) int {
	if claimSize <= 1 {
		return -1
	}
	return claimSize - 1
}
