package subscriber

import (
	"context"
	"fmt"
	"time"

	"github.com/zaqar-go/zaqar/internal/fault"
)

// The pace of a poller that reads one page after another without finding anything new.
// It is that of listings in the root package.
const (
	freePages  = 100                    // pages that are read at full speed
	pagePause  = 100 * time.Millisecond // between two pages after that
	reportEach = 100                    // pages between two events
	mostVisits = 4                      // of the same page; a search for a gap reads some again

	// opList is the operation that an event about them names.
	opList = "message_list"
)

// streak is pages in a row that brought no message which was not known. A new marker is
// progress, so it has no end by its length.
type streak struct {
	pages   int
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
	s.pages++
	if s.visited[from]++; s.visited[from] >= mostVisits {
		clear(s.visited)
		err = fmt.Errorf("%w: the listing leads back to marker %.80q", fault.Malformed, from)
	}
	return s.pages >= freePages && (s.pages-freePages)%reportEach == 0, err
}

// pause waits before the next page of a long streak.
func (s *streak) pause(ctx context.Context) {
	if s.pages >= freePages {
		pause(ctx, pagePause, nil)
	}
}

// markers is a set of markers. Its zero value is empty.
type markers map[string]bool

// add reports whether the marker was not in the set.
func (m *markers) add(marker string) bool {
	if (*m)[marker] {
		return false
	}
	if *m == nil {
		*m = markers{}
	}
	(*m)[marker] = true
	return true
}
