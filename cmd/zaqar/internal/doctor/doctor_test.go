package doctor_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/doctor"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// change changes the answers of a server.
type change struct {
	http.RoundTripper
	answer func(*http.Response)
}

func (c change) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := c.RoundTripper.RoundTrip(r)
	if err == nil && c.answer != nil {
		c.answer(reply)
	}
	return reply, err
}

// examine examines an embedded server, and returns the findings by what they are about.
func examine(t *testing.T, server *zaqartest.Server, write bool, answer func(*http.Response)) (map[string]doctor.Finding, error) {
	t.Helper()
	client := &http.Client{Transport: change{server.HTTPClient().Transport, answer}}
	credentials := auth.NoAuth("demo")
	found := map[string]doctor.Finding{}
	err := doctor.Examine(t.Context(), doctor.Patient{
		Credentials: credentials, Endpoint: server.URL(), WebSocket: server.WebSocketURL(), Write: write,
		Options: []zaqar.ConnectOption{zaqar.WithHTTPClient(client), zaqar.WithAuth(credentials), zaqar.NoRetry()},
	}, func(f doctor.Finding) { found[f.About] = f })
	return found, err
}

func TestTheClockIsComparedWithTheServers(t *testing.T) {
	server := zaqartest.RunInMemory(t)
	for name, c := range map[string]struct {
		date, text string
		state      doctor.State
	}{
		"right":  {time.Now().UTC().Format(http.TimeFormat), "it agrees with the server's", doctor.OK},
		"late":   {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), "behind the server", doctor.Note},
		"early":  {time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), "ahead of the server", doctor.Note},
		"absent": {"", "the server does not tell its time", doctor.Note},
	} {
		found, err := examine(t, server, false, func(r *http.Response) { r.Header.Set("Date", c.date) })
		if f := found["clock"]; err != nil || f.State != c.state || !strings.Contains(f.Text, c.text) {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

func TestAMissingRightIsAFailureThatSaysWhatToDo(t *testing.T) {
	server := zaqartest.RunInMemory(t)
	for kind, write := range map[string]bool{"queue_list": false, "queue_create": true, "message_post": true, "claim_create": true} {
		server.Inject(zaqartest.Fault{Kind: kind, Status: http.StatusForbidden})
		found, err := examine(t, server, write, nil)
		if f := found["rights"]; !errors.Is(err, zaqar.ErrForbidden) || f.State != doctor.Failed || !strings.Contains(f.Advice, "ask for a role") {
			t.Errorf("%s: %+v, %v", kind, f, err)
		}
		if _, more := found["WebSocket"]; more {
			t.Errorf("%s: it went on", kind)
		}
		if left := server.Queues("demo"); len(left) > 0 {
			t.Errorf("%s: left behind: %v", kind, left)
		}
		server.ClearFaults()
	}
}

func TestAServiceThatIsDownIsAFailure(t *testing.T) {
	server := zaqartest.RunInMemory(t)
	server.Inject(zaqartest.Fault{Kind: "ping", Status: http.StatusServiceUnavailable, Times: -1})
	found, err := examine(t, server, false, nil)
	if f := found["round trip"]; !errors.Is(err, zaqar.ErrUnavailable) || f.State != doctor.Failed || f.Advice == "" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestAWebSocketThatCannotBeUsedIsNoFailure(t *testing.T) {
	server := zaqartest.RunInMemory(t)
	found, err := examine(t, server, false, func(r *http.Response) {
		if r.StatusCode == http.StatusSwitchingProtocols {
			r.StatusCode = http.StatusNotFound
		}
	})
	if f := found["WebSocket"]; err != nil || f.State != doctor.Note || !strings.Contains(f.Advice, "polling") {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestAnExaminationEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := doctor.Examine(ctx, doctor.Patient{Credentials: auth.NoAuth("demo")}, func(f doctor.Finding) { t.Errorf("%+v", f) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
