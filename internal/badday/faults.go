package badday

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/backoff"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// kinds are the requests that fail alone.
var kinds = []string{
	"message_post", "message_post", "claim_create", "claim_create", "claim_update", "claim_update", "claim_delete",
	"message_delete", "message_delete", "message_delete_many", "message_list", "token_issue",
	"websocket", "subscription_create", "subscription_update", "push", "",
}

const page = "<html><title>An error of a proxy</title></html>"

// single are the faults of single requests. Each adds to a fault what it is about.
var single = []struct {
	name string
	make func(r *rand.Rand, f *zaqartest.Fault)
}{
	{"503", func(r *rand.Rand, f *zaqartest.Fault) { f.Status, f.After = 503, coin(r); later(r, f) }},
	{"502 with a page", func(r *rand.Rand, f *zaqartest.Fault) {
		f.Status, f.After, f.Body = 502, coin(r), page
		f.Header = http.Header{"Content-Type": {"text/html"}}
	}},
	{"504", func(r *rand.Rand, f *zaqartest.Fault) { f.Status, f.After = 504, coin(r) }},
	{"500", func(r *rand.Rand, f *zaqartest.Fault) { f.Status, f.After = 500, coin(r) }},
	{"408 or 425", func(r *rand.Rand, f *zaqartest.Fault) { f.Status = 408 + 17*r.IntN(2) }},
	{"429", func(r *rand.Rand, f *zaqartest.Fault) { f.Status = 429; later(r, f) }},
	{"401", func(r *rand.Rand, f *zaqartest.Fault) { f.Status, f.Times = 401, 1 }},
	{"403 or 404", func(r *rand.Rand, f *zaqartest.Fault) { f.Status, f.Times = 403+r.IntN(2), 1 }},
	{"200 with a page", func(r *rand.Rand, f *zaqartest.Fault) {
		f.Status, f.After, f.Body, f.Times = 200, coin(r), page, 1
		f.Header = http.Header{"Content-Type": {"text/html"}}
	}},
	{"cut before it acted", func(_ *rand.Rand, f *zaqartest.Fault) { f.Cut = true }},
	{"lost answer", func(_ *rand.Rand, f *zaqartest.Fault) { f.Cut, f.After = true, true }},
	{"lost answer", func(_ *rand.Rand, f *zaqartest.Fault) { f.Cut, f.After = true, true }},
	{"slow answer", func(r *rand.Rand, f *zaqartest.Fault) { f.Delay = between(r, time.Second, 3*time.Minute) }},
	{"hang", func(_ *rand.Rand, f *zaqartest.Fault) { f.Delay = time.Hour }},
}

func coin(r *rand.Rand) bool { return r.IntN(2) == 0 }

// later adds a Retry-After to half of the answers.
func later(r *rand.Rand, f *zaqartest.Fault) {
	if coin(r) {
		f.Header = http.Header{"Retry-After": {strconv.Itoa(1 + r.IntN(60))}}
	}
}

// outages are what happens to all requests for a while.
var outages = []struct {
	name  string
	fault zaqartest.Fault
}{
	{"connections are cut", zaqartest.Fault{Cut: true}},
	{"503 with Retry-After", zaqartest.Fault{Status: 503, Header: http.Header{"Retry-After": {"30"}}}},
	{"502 with a page", zaqartest.Fault{Status: 502, Body: page, Header: http.Header{"Content-Type": {"text/html"}}}},
	{"requests hang", zaqartest.Fault{Delay: time.Hour}},
	{"answers are lost", zaqartest.Fault{Cut: true, After: true}},
	{"Keystone answers 503", zaqartest.Fault{Kind: "token_issue", Status: 503}},
	{"Keystone hangs", zaqartest.Fault{Kind: "token_issue", Delay: time.Hour}},
}

const longestOutage = 3 * time.Minute

// weather makes faults until ctx ends.
func (d *day) weather(ctx context.Context) {
	r := d.plan.random(ofFaults)
	calmUntil := time.Now()
	for backoff.Wait(ctx, time.Second+about(r, 12*time.Second)) {
		d.srv.ClearFaults()
		switch r.IntN(16) {
		case 0:
			if time.Now().Before(calmUntil) {
				continue
			}
			lasts := between(r, 5*time.Second, longestOutage)
			d.outage(ctx, r, lasts)
			calmUntil = time.Now().Add(lasts)
		case 1:
			d.fault("tokens revoked")
			d.srv.RevokeTokens()
		case 2:
			d.fault("WebSockets cut")
			d.srv.DropWebSockets()
		case 3:
			d.releaseOne(ctx, r)
		case 4:
			d.rival(ctx, r)
		case 5:
			if r.IntN(3) == 0 {
				d.fault("server's clock jumped")
				d.jump()
				d.srv.Advance(between(r, time.Second, 3*time.Minute))
			}
		case 6:
			if r.IntN(3) == 0 {
				d.refuseDials(ctx, between(r, time.Second, time.Minute))
			}
		default:
			what := single[r.IntN(len(single))]
			f := zaqartest.Fault{Kind: kinds[r.IntN(len(kinds))], Times: 1 + r.IntN(4)}
			what.make(r, &f)
			if f.Delay > 0 {
				f.Times = 1
			}
			d.fault(what.name)
			d.srv.Inject(f)
		}
	}
	d.srv.ClearFaults()
}

// outage makes every request fail for a while.
func (d *day) outage(ctx context.Context, r *rand.Rand, lasts time.Duration) {
	what := outages[r.IntN(len(outages))]
	f := what.fault
	f.Times = -1
	d.fault("outage: " + what.name)
	if f.Kind != "" {
		d.srv.RevokeTokens()
	}
	d.srv.Inject(f)
	backoff.Wait(ctx, lasts)
	d.srv.ClearFaults()
}

// refuseDials makes new connections fail for a while, and ends the idle ones.
func (d *day) refuseDials(ctx context.Context, lasts time.Duration) {
	d.fault("connections refused")
	d.network.refuse(true)
	backoff.Wait(ctx, lasts)
	d.network.refuse(false)
}

// releaseOne takes a message away from the consumer that holds it: somebody else releases
// its claim.
func (d *day) releaseOne(ctx context.Context, r *rand.Rand) {
	stored := d.srv.Messages(d.project, workQueue)
	r.Shuffle(len(stored), func(i, j int) { stored[i], stored[j] = stored[j], stored[i] })
	for _, m := range stored {
		if m.ClaimID != "" {
			d.fault("claim released by somebody else")
			d.release(m.ClaimID)
			_, _ = d.stranger.Conn().Delete(ctx, "/v2/queues/"+workQueue+"/claims/"+m.ClaimID)
			return
		}
	}
}

// rival claims messages as a process does that dies.
func (d *day) rival(ctx context.Context, r *rand.Rand) {
	d.fault("claimed by a process that died")
	_, _ = d.stranger.Queue(workQueue).Claim(ctx, zaqar.Limit(1+r.IntN(5)), zaqar.TTL(between(r, time.Minute, 2*time.Minute)))
}
