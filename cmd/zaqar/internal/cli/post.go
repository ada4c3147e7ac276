package cli

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/bodies"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/posting"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/progress"
)

// postFlags are the flags of zaqar post.
type postFlags struct {
	app                 *App
	files               []string
	json, ndjson, lines bool
	split, ids          bool
	ttl, delay          seconds
}

// NewCmdPost returns the command zaqar post.
func NewCmdPost(app *App) *cobra.Command {
	f := &postFlags{app: app}
	cmd := &cobra.Command{
		Use:   "post",
		Short: "Post messages from arguments, files or standard input",
		Long: `Post messages to a queue, in few requests and in their order.

Each BODY is a message. It must be JSON: a text needs quotes inside of the
quotes of the shell, or --lines. One that begins with "-" goes behind "--".
Without a BODY and without --file, messages are read from standard input.

Files and standard input are JSON values, one after another: one value on each
line (NDJSON), or a value that spans lines. An array is one message, unless
--split is given.

A message that the service refuses is named on standard error, and the others
are posted. If something fails, the command says how many messages are stored,
how many are not, and how many may be. Ctrl-C stops the reading; what was read
is still posted.`,
		Example: `  zaqar post wot '{"event": "winning"}' '[1, 2]' '"a text"'
  zaqar post --lines wot hello            the text "hello"
  zaqar post wot --file events.ndjson --ttl 24h
  jq -c '.items[]' items.json | zaqar post wot
  tail -f app.log | zaqar post --lines wot
  zaqar post --split wot < array.json     each element is a message`,
		RunE: checked(f.check, app.withClient(f.run)),
	}
	app.takes(cmd, "QUEUE", "[BODY]...")
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVarP(&f.files, "file", "F", nil, "read messages from this `file`, or standard input for - (repeatable)")
	flags.BoolVar(&f.json, "json", false, "each file, and standard input, is one JSON value")
	flags.BoolVar(&f.ndjson, "ndjson", false, "each line is one JSON value")
	flags.BoolVar(&f.lines, "lines", false, "each line, and each BODY, is a text")
	flags.BoolVar(&f.split, "split", false, "each value is an array, and each element a message")
	flags.Var(&f.ttl, "ttl", "the messages live this many `seconds`, or 24h for example (default: that of the queue)")
	flags.Var(&f.delay, "delay", "nobody can claim them for this many `seconds`; the queue needs a default delay")
	flags.BoolVar(&f.ids, "ids", false, "print the ids of the stored messages, each on a line")
	return cmd
}

func (f *postFlags) check(args []string) error {
	chosen := ""
	for _, flag := range []struct {
		name string
		set  bool
	}{{"--json", f.json}, {"--ndjson", f.ndjson}, {"--lines", f.lines}} {
		if flag.set && chosen != "" {
			return badUsage("%s and %s contradict each other; use one of them", chosen, flag.name)
		}
		if flag.set {
			chosen = flag.name
		}
	}
	if f.split && f.lines {
		return badUsage("--split needs JSON, and --lines reads texts; use one of them")
	}
	if err := checkTTL(f.ttl); err != nil {
		return err
	}
	// Nothing is posted if an argument is wrong.
	for i, arg := range args[1:] {
		for _, err := range bodies.Argument(i+1, arg, f.format(), f.split).Read() {
			if err != nil {
				return badUsage("%v", err)
			}
		}
	}
	return nil
}

func (f *postFlags) format() bodies.Format {
	switch {
	case f.json:
		return bodies.One
	case f.ndjson:
		return bodies.NDJSON
	case f.lines:
		return bodies.Lines
	}
	return bodies.Values
}

// input is what is posted.
type input struct {
	sources []bodies.Source
	size    int64 // in bytes, or 0 if it is not known
	close   func()
}

// open opens all files, before anything is posted.
func (f *postFlags) open(args []string) (*input, error) {
	in := &input{close: func() {}}
	for i, arg := range args {
		in.sources = append(in.sources, bodies.Argument(i+1, arg, f.format(), f.split))
	}
	files := f.files
	if len(args)+len(files) == 0 {
		files = []string{"-"}
		if isTerminal(f.app.In) {
			f.app.warn("reading messages from the terminal; end with Ctrl-D")
		}
	}
	known := len(files) > 0
	for _, name := range files {
		file, size, err := f.app.openInput(name)
		if err != nil {
			in.close()
			return nil, err
		}
		closeOthers := in.close
		in.close = func() { closeOthers(); _ = file.Close() }
		known = known && size > 0
		in.size += size
		if name == "-" {
			name = "standard input"
		}
		in.sources = append(in.sources, bodies.Source{Name: name, In: file, Format: f.format(), Split: f.split})
	}
	if !known {
		in.size = 0
	}
	return in, nil
}

// read yields the bodies of all sources.
func (in *input) read() iter.Seq2[bodies.Body, error] {
	return func(yield func(bodies.Body, error) bool) {
		for _, source := range in.sources {
			for body, err := range source.Read() {
				if !yield(body, err) || err != nil {
					return
				}
			}
		}
	}
}

func (f *postFlags) run(ctx context.Context, client *zaqar.Client, args []string) error {
	in, err := f.open(args[1:])
	if err != nil {
		return err
	}
	defer in.close()
	meter := f.app.meter("posted", in.size, f.ids)
	failures := &failureLines{app: f.app, meter: meter}
	config := posting.Config{
		TTL: time.Duration(f.ttl), Delay: time.Duration(f.delay), IDs: f.idsTo(), Meter: meter,
		Report: func(failure posting.Failure) { failures.add(failure.String(), failure.Err) },
	}
	defer f.app.noteStop(ctx, meter)()
	result, err := posting.Post(ctx, client.Queue(args[0]), in.read(), config)
	meter.Clear()
	stored := outcome(result.Stored, result.NotStored, result.Unknown)
	switch {
	case err == nil:
		f.app.note("posted %s to %s", progress.Messages(result.Stored), args[0])
		return nil
	case ctx.Err() != nil && result.Last == "":
		f.app.warn("stopped before the first message was read; nothing is stored")
		return err
	case ctx.Err() != nil:
		f.app.warn("stopped behind %s: %s", result.Last, stored)
		return err
	}
	return failures.incomplete(stored, err)
}

// idsTo returns where ids are printed, or nil.
func (f *postFlags) idsTo() io.Writer {
	if !f.ids {
		return nil
	}
	return f.app.Out
}
