package dumpfile

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/progress"
)

// DumpConfig says what to dump.
type DumpConfig struct {
	// IDs adds the id of each message.
	IDs bool
	// FreeOnly leaves out the messages that are claimed or delayed.
	FreeOnly bool
	// MarkIncomplete writes a last line that cannot be loaded if the dump fails, for a
	// reader on the other end of a pipe.
	MarkIncomplete bool
	// Meter shows the progress, unless it is nil.
	Meter *progress.Meter
}

// Dump writes the messages of a queue, in their order. It returns how many it has written.
func Dump(ctx context.Context, client *zaqar.Client, queue string, w io.Writer, config DumpConfig) (int, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	count, err := dump(ctx, client.Conn().Version(), client.Queue(queue), out, config)
	if err != nil && config.MarkIncomplete {
		_, _ = out.Write(AppendIncomplete(nil, err)) // the first error is the one to tell
	}
	if flushed := out.Flush(); flushed != nil {
		return count, flushed
	}
	return count, err
}

func dump(ctx context.Context, version zaqar.Version, queue *zaqar.Queue, out *bufio.Writer, config DumpConfig) (count int, err error) {
	options := []zaqar.MessagesOption{}
	if !config.FreeOnly {
		options = Everything(version)
	}
	var line []byte
	for m, err := range queue.Messages(ctx, options...) {
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return count, fmt.Errorf("dumping %s: %w", queue.Name(), err)
		}
		line = AppendMessage(line[:0], m, config.IDs)
		if _, err := out.Write(line); err != nil {
			return count, err
		}
		count++
		config.Meter.Add(1, 1)
	}
	return count, nil
}

// Everything are the options that list the claimed and the delayed messages, too. Only V2
// has delays.
func Everything(version zaqar.Version) []zaqar.MessagesOption {
	if version != zaqar.V2 {
		return []zaqar.MessagesOption{zaqar.IncludeClaimed(true)}
	}
	return []zaqar.MessagesOption{zaqar.IncludeClaimed(true), zaqar.IncludeDelayed(true)}
}
