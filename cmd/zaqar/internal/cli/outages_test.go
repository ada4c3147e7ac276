package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar/observe"
)

func TestAnOutageIsToldOnceAndSoIsItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var shown bytes.Buffer
		o := &outages{to: NewStreams(strings.NewReader(""), &shown, &shown).Err, queues: map[string]*outage{}}
		broken := errors.New("zaqar: message_list jobs: connection refused")
		refused := errors.New("zaqar: claim_create work: (503)")
		o.Observe(t.Context(), observe.ReadFailed{Queue: "jobs", Wait: time.Second, Err: broken})
		o.Observe(t.Context(), observe.ReadRecovered{Queue: "jobs"}) // nobody need know
		for range 5 {
			o.Observe(t.Context(), observe.ReadFailed{Queue: "jobs", Wait: time.Second, Err: broken})
			o.Observe(t.Context(), observe.ClaimFailed{Queue: "work", Wait: time.Second, Err: refused})
			o.Observe(t.Context(), observe.Request{Op: "claim_create", Queue: "work", Status: 503})
			time.Sleep(3 * time.Second)
		}
		o.Observe(t.Context(), observe.ReadRecovered{Queue: "jobs"})
		o.Observe(t.Context(), observe.Request{Op: "claim_create", Queue: "work", Status: 204})
		o.Observe(t.Context(), observe.Request{Op: "claim_create", Queue: "work", Status: 204})
		o.Observe(t.Context(), observe.ClaimFailed{Queue: "work", Err: refused}) // the command ends
		want := `zaqar: message_list jobs: connection refused; trying again until it works
zaqar: claim_create work: (503); trying again until it works
zaqar: jobs can be read again, after 15s
zaqar: work can be read again, after 15s
`
		if shown.String() != want {
			t.Errorf("it says\n%s", shown.String())
		}
	})
}
