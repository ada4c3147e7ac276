package zaqar

import (
	"context"
	"time"
)

// The pace of a listing that brings nothing.
const (
	freePages  = 100                    // pages without anything new that are read at full speed
	pagePause  = 100 * time.Millisecond // between two requests after that
	reportEach = 100                    // pages between two events
)

// pace slows a listing down that reads one page after another without finding anything
// new. Its zero value is ready to use.
type pace struct {
	empty int       // pages in a row
	asked time.Time // when the last request was sent
}

// page counts a page. It reports whether to tell an observer that the listing is slow.
func (p *pace) page(found bool) (report bool) {
	if found {
		p.empty = 0
		return false
	}
	p.empty++
	return p.empty >= freePages && (p.empty-freePages)%reportEach == 0
}

// wait blocks until the next request may be sent, or ctx ends.
func (p *pace) wait(ctx context.Context) error {
	if p.empty >= freePages {
		timer := time.NewTimer(pagePause - time.Since(p.asked))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	p.asked = time.Now()
	return nil
}
