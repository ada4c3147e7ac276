package observe

import "log/slog"

// ListingSlowed reports that a listing has read 100 pages in a row without anything new,
// and again after each 100 more. From then on it sends ten requests a second.
type ListingSlowed struct {
	// Op is the operation, such as "message_list".
	Op string
	// Queue is the queue's name, "" for a listing of queues.
	Queue string
	// Pages is the number of pages in a row.
	Pages int
}

// Name returns "listing slowed".
func (ListingSlowed) Name() string { return "listing slowed" }

// Level is Warn.
func (ListingSlowed) Level() slog.Level { return slog.LevelWarn }

// Attrs implements [Event].
func (l ListingSlowed) Attrs() []slog.Attr {
	return attrs(slog.String("op", l.Op), slog.String("queue", l.Queue), slog.Int("pages", l.Pages))
}
