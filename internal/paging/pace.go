package paging

import (
	"context"
	"time"

	"github.com/zaqar-go/zaqar/internal/backoff"
)

const (
	freePages  = 100                    // pages without anything new that are read at full speed
	pagePause  = 100 * time.Millisecond // between two requests after that
	reportEach = 100                    // pages between two events
)

// Pace slows a reader down that reads one page after another without finding anything
// new. Its zero value is ready to use.
type Pace struct {
	empty int       // pages in a row
	asked time.Time // when the last request was sent
}

// Page counts a page. It reports whether to tell an observer that the listing is slow.
func (p *Pace) Page(found bool) (report bool) {
	if found {
		p.empty = 0
		return false
	}
	p.empty++
	return p.empty >= freePages && (p.empty-freePages)%reportEach == 0
}

// Pages returns how many pages in a row brought nothing new.
func (p *Pace) Pages() int { return p.empty }

// Wait blocks until the next request may be sent, or ctx ends.
func (p *Pace) Wait(ctx context.Context) error {
	if p.empty >= freePages && !backoff.Wait(ctx, pagePause-time.Since(p.asked)) {
		return context.Cause(ctx)
	}
	p.asked = time.Now()
	return nil
}
