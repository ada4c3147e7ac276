package subscriber

import (
	"context"
	"fmt"

	"github.com/zaqar-go/zaqar/internal/fault"
	"github.com/zaqar-go/zaqar/internal/paging"
)

const (
	mostVisits = 4 // of the same page in a streak; a search for a gap reads some again

	// opList is the operation that an event about a streak names.
	opList = "message_list"
)

// streak is pages in a row that brought no message which was not known. A new marker is
// progress, so it has no end by its length.
type streak struct {
	pace    paging.Pace
	visited map[string]int // by the marker that a page was read from
}

// page counts a page; over means that the row has ended with it. It reports whether to
// tell the observer that the walk is slow. The error means that markers lead in a circle.
func (s *streak) page(from string, over bool) (slow bool, err error) {
	if over {
		*s = streak{}
		return false, nil
	}
	if s.visited == nil {
		s.visited = map[string]int{}
	}
	if s.visited[from]++; s.visited[from] >= mostVisits {
		clear(s.visited)
		err = fmt.Errorf("%w: the listing leads back to marker %.80q", fault.Malformed, from)
	}
	return s.pace.Page(false), err
}

// pause waits before the next page of a long streak.
func (s *streak) pause(ctx context.Context) { _ = s.pace.Wait(ctx) }
