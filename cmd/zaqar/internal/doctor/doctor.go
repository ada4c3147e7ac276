// Package doctor examines the way to a Zaqar, step by step, and says what to do about what
// it finds.
package doctor

import (
	"context"
	"net/http"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
)

// State is how good a finding is.
type State int

// The states of a finding.
const (
	OK     State = iota
	Note         // worth knowing; most users need do nothing
	Failed       // it does not work
)

// String returns "ok", "note" or "fail".
func (s State) String() string { return [...]string{"ok", "note", "fail"}[s] }

// Finding is the result of one examination.
type Finding struct {
	State State
	// About names what was examined, Text says what was found.
	About, Text string
	// Advice says what to do, "" for nothing.
	Advice string
	// Err is the error of a failure.
	Err error
}

// Patient is what is examined.
type Patient struct {
	// Credentials sign in.
	Credentials auth.Authorizer
	// Endpoint is Zaqar's URL, "" for that of the catalogue.
	Endpoint string
	// Options are those of zaqar.Connect.
	Options []zaqar.ConnectOption
	// WebSocket is the URL of the WebSocket, "" for that of the catalogue.
	WebSocket string
	// Write allows to create a queue and to delete it again.
	Write bool
}

// examination is one under way.
type examination struct {
	Patient
	tell   func(Finding)
	client *zaqar.Client
	worst  error
}

// Examine examines a patient and calls tell for each finding. It stops where nothing that
// follows could work. It returns the error of the first failure.
func Examine(ctx context.Context, p Patient, tell func(Finding)) error {
	e := &examination{Patient: p, tell: tell}
	defer func() {
		if e.client != nil {
			_ = e.client.Close()
		}
	}()
	for _, step := range []func(context.Context) (goOn bool){
		e.credentials, e.endpoint, e.service, e.roundTrip, e.clock, e.rights, e.operator, e.webSocket,
	} {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !step(ctx) {
			break
		}
	}
	return e.worst
}

func (e *examination) ok(about, text string) bool {
	e.tell(Finding{State: OK, About: about, Text: text})
	return true
}

func (e *examination) note(about, text, advice string) bool {
	e.tell(Finding{State: Note, About: about, Text: text, Advice: advice})
	return true
}

// failed tells a failure, and returns false: nothing that follows could work.
func (e *examination) failed(about string, err error, advice string) bool {
	if e.worst == nil {
		e.worst = err
	}
	e.tell(Finding{State: Failed, About: about, Text: err.Error(), Advice: advice, Err: err})
	return false
}

// header is the header that a request would have.
func (e *examination) header(ctx context.Context) (http.Header, error) {
	h := http.Header{}
	err := e.Credentials.Authorize(ctx, h)
	return h, err
}
