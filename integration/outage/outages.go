package main

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/integration/internal/process"
)

// outage is what happens at a time. Servers that are down are started again after a while.
type outage struct {
	at     float64 // as a share of the whole time
	revoke bool
	down   func(*servers) []*process.Process
	lasts  time.Duration
}

var outages = []outage{
	{at: 0.05, revoke: true},
	{at: 0.12, down: func(s *servers) []*process.Process { return []*process.Process{s.zaqar} }, lasts: 10 * time.Second},
	{at: 0.22, revoke: true, down: func(s *servers) []*process.Process { return []*process.Process{s.keystone} }, lasts: 20 * time.Second},
	{at: 0.34, down: func(s *servers) []*process.Process { return []*process.Process{s.redis} }, lasts: 15 * time.Second},
	{at: 0.44, down: func(s *servers) []*process.Process { return []*process.Process{s.sockets} }, lasts: 10 * time.Second},
	{at: 0.52, revoke: true},
	{at: 0.60, revoke: true, down: func(s *servers) []*process.Process { return s.all() }, lasts: 30 * time.Second},
	{at: 0.75, revoke: true, down: func(s *servers) []*process.Process { return []*process.Process{s.zaqar} }, lasts: 45 * time.Second},
	{at: 0.88, down: func(s *servers) []*process.Process { return []*process.Process{s.redis} }, lasts: time.Second},
	{at: 0.94, revoke: true},
}

// event is an outage that has happened.
type event struct {
	at, took time.Duration
	what     string
	handled  int // messages that were handled before
	failures int // requests that failed during it and for 20 seconds after
}

// suffer makes the outages, and returns when the whole time is over.
func (w *workers) suffer(ctx context.Context, s *servers) ([]event, error) {
	var events []event
	began := time.Now()
	for _, o := range outages {
		if !process.Pause(ctx, time.Until(began.Add(time.Duration(o.at*float64(w.options.over))))) {
			return nil, context.Cause(ctx)
		}
		failed := w.tally.get("requests that failed")
		e := event{at: time.Since(began).Round(time.Second), handled: w.tally.handledSoFar()}
		if err := w.strike(ctx, s, o, &e); err != nil {
			return nil, err
		}
		e.took = time.Since(began).Round(time.Second) - e.at
		process.Pause(ctx, 20*time.Second)
		e.failures = w.tally.get("requests that failed") - failed
		events = append(events, e)
	}
	if !process.Pause(ctx, time.Until(began.Add(w.options.over))) {
		return nil, context.Cause(ctx)
	}
	return events, nil
}

// strike makes one outage.
func (w *workers) strike(ctx context.Context, s *servers, o outage, e *event) error {
	var what []string
	if o.revoke {
		n, err := w.tokens.revokeAll(ctx, s.keystone.URL("http"))
		if err != nil {
			return err
		}
		what = append(what, fmt.Sprintf("%d tokens revoked", n))
	}
	if o.down != nil {
		var names []string
		for _, p := range o.down(s) {
			names = append(names, p.Name)
			if err := p.Kill(); err != nil {
				return err
			}
		}
		what = append(what, strings.Join(names, ", ")+" down for "+o.lasts.String())
	}
	e.what = strings.Join(what, "; ")
	log.Printf("%v: %s", e.at, e.what)
	if o.down == nil {
		return nil
	}
	if !process.Pause(ctx, o.lasts) {
		return context.Cause(ctx)
	}
	for _, p := range o.down(s) {
		if err := p.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}
