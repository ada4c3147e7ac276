package cli

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/dumpfile"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/progress"
)

// dumpFlags are the flags of zaqar dump.
type dumpFlags struct {
	app                *App
	file               string
	force, ids, unheld bool
}

// NewCmdDump returns the command zaqar dump.
func NewCmdDump(app *App) *cobra.Command {
	f := &dumpFlags{app: app}
	cmd := &cobra.Command{
		Use:   "dump",
		Short: "Write the messages of a queue to a file or a pipe",
		Long: `Write the messages of a queue to a file or to standard output, in their order,
for "zaqar load". Nothing is claimed or deleted.

Each line is a message: {"ttl": …, "body": …}. The body is what the server sent,
byte for byte. Claimed and delayed messages are in the dump, too, unless
--free-only is given. A dump has no claims, no ages and no delays: a message
that is loaded begins its life again and can be claimed at once.

The file appears when it is complete, and only its owner may read it. If a dump
to a pipe fails, its last line says so, and "zaqar load" ends with an error.
Messages that are posted or deleted meanwhile may or may not be in the dump.`,
		Example: `  zaqar dump wot -o wot.ndjson
  zaqar dump wot | jq -c .body
  zaqar --os-cloud a dump wot | zaqar --os-cloud b load wot`,
		RunE: app.withClient(f.run),
	}
	app.takes(cmd, "QUEUE")
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.file, "output", "o", "-", "write to this `file`, or to standard output for -")
	flags.BoolVar(&f.force, "force", false, "replace the file if it exists")
	flags.BoolVar(&f.ids, "ids", false, "add the id of each message")
	flags.BoolVar(&f.unheld, "free-only", false, "leave out claimed and delayed messages")
	return cmd
}

func (f *dumpFlags) run(ctx context.Context, client *zaqar.Client, args []string) error {
	meter := f.app.meter("dumped", 0, f.file == "-")
	config := dumpfile.DumpConfig{IDs: f.ids, FreeOnly: f.unheld, MarkIncomplete: f.file == "-", Meter: meter}
	count := 0
	dump := func(w io.Writer) (err error) {
		count, err = dumpfile.Dump(ctx, client, args[0], w, config)
		return err
	}
	if f.file == "-" {
		err := dump(f.app.Out)
		meter.Clear()
		return err
	}
	err := dumpfile.WriteFile(f.file, f.force, dump)
	meter.Clear()
	switch {
	case errors.Is(err, dumpfile.ErrExists):
		return &incompleteError{f.file + " exists; choose another file, or replace it with --force", err}
	case ctx.Err() != nil && err != nil:
		f.app.warn("stopped; %s is not written", f.file)
	case err == nil:
		f.app.note("dumped %s to %s", progress.Messages(count), f.file)
	}
	return err
}
