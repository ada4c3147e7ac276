package transport_test

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/zaqar-go/zaqar/transport"
)

// Ten callers send a request at once, and the server misbehaves. Each caller gets its
// own answer or an error, before its deadline.
func TestWhateverAServerSendsEveryCallerGetsAnAnswerOrAnError(t *testing.T) {
	t.Parallel()
	const callers = 10
	raw := func(kind websocket.MessageType, data string) func(*scriptConn, []request) {
		return func(p *scriptConn, all []request) {
			_ = p.Write(p.ctx, kind, []byte(data))
			for _, r := range all[1:] {
				p.answer(r, http.StatusOK, string(r.Body))
			}
			<-p.ctx.Done()
		}
	}
	for name, test := range map[string]struct {
		play func(*scriptConn, []request)
		// answered is how many callers get their answers at least. The errors of the
		// others contain says.
		answered int
		says     string
	}{
		"out of order": {func(p *scriptConn, all []request) {
			for i := range all {
				p.answer(all[len(all)-1-i], http.StatusOK, string(all[len(all)-1-i].Body))
			}
			<-p.ctx.Done()
		}, callers, ""},
		"doubled": {func(p *scriptConn, all []request) {
			for _, r := range all {
				for range 3 {
					p.answer(r, http.StatusOK, string(r.Body))
				}
			}
			<-p.ctx.Done()
		}, callers, ""},
		"one missing": {func(p *scriptConn, all []request) {
			for _, r := range all[1:] {
				p.answer(r, http.StatusOK, string(r.Body))
			}
			mute(p)
		}, callers - 1, "deadline exceeded"},
		"none at all": {func(p *scriptConn, _ []request) { mute(p) }, 0, "deadline exceeded"},
		"without the request": {func(p *scriptConn, all []request) {
			for _, r := range all {
				p.say(`{"body":` + string(r.Body) + `,"headers":{"status":200}}`)
			}
			mute(p)
		}, 0, "deadline exceeded"},
		"without ids, in order": {func(p *scriptConn, all []request) {
			for _, r := range all {
				p.say(`{"request":{"action":"queue_get_stats"},"body":` + string(r.Body) + `,"headers":{"status":200}}`)
			}
			<-p.ctx.Done()
		}, callers, ""},
		"answers to other actions": {func(p *scriptConn, _ []request) {
			for range 50 {
				p.say(`{"request":{"action":"authenticate"},"body":{},"headers":{"status":200}}`)
			}
			mute(p)
		}, 0, "deadline exceeded"},
		"without a status": {func(p *scriptConn, all []request) {
			for _, r := range all {
				p.say(`{"request":{"action":"queue_get_stats","headers":{"X-Request-Id":` + string(r.Headers["X-Request-Id"]) + `}},"body":{},"headers":{}}`)
			}
			<-p.ctx.Done()
		}, 0, "no valid status"},
		"with a status that is none": {func(p *scriptConn, all []request) {
			for _, r := range all {
				p.say(`{"request":{"headers":{"X-Request-Id":` + string(r.Headers["X-Request-Id"]) + `}},"headers":{"status":99999999999999999999}}`)
			}
			<-p.ctx.Done()
		}, 0, "no valid status"},
		"malformed JSON":                   {raw(websocket.MessageText, `{"request":{`), callers - 1, "cannot be read"},
		"JSON that is no object":           {raw(websocket.MessageText, `[1]`), callers - 1, "cannot be read"},
		"nothing":                          {raw(websocket.MessageText, ``), callers - 1, "cannot be read"},
		"malformed MessagePack":            {raw(websocket.MessageBinary, "\xc1"), callers - 1, "cannot be read"},
		"an array of 2^32-1 elements":      {raw(websocket.MessageBinary, "\xdd\xff\xff\xff\xff"), callers - 1, "cannot be read"},
		"a map of 2^32-1 elements":         {raw(websocket.MessageBinary, "\xdf\xff\xff\xff\xff"), callers - 1, "cannot be read"},
		"a string of 2^32-1 bytes":         {raw(websocket.MessageBinary, "\xdb\xff\xff\xff\xff"), callers - 1, "cannot be read"},
		"a key of 2^31 bytes":              {raw(websocket.MessageBinary, "\x81\xdb\x80\x00\x00\x00"), callers - 1, "cannot be read"},
		"ten million arrays in each other": {raw(websocket.MessageBinary, strings.Repeat("\x91", 10_000_000)), callers - 1, "cannot be read"},
		"a frame beyond the limit":         {raw(websocket.MessageText, strings.Repeat(" ", transport.DefaultMaxResponse+1)), 0, "larger than the limit"},
		"an echo of another kind":          {raw(websocket.MessageText, `{"request":5,"body":{},"headers":{"status":200}}`), callers - 1, ""},
		"endless pushes": {func(p *scriptConn, _ []request) {
			for p.Write(p.ctx, websocket.MessageText, []byte(`{"body":"`+strings.Repeat("x", 10_000)+`","queue_name":"q"}`)) == nil {
				time.Sleep(20 * time.Millisecond)
			}
		}, 0, "deadline exceeded"},
		"a close in the middle of a reply": {func(p *scriptConn, _ []request) {
			w, _ := p.Writer(p.ctx, websocket.MessageText)
			_, _ = w.Write([]byte(`{"request":`))
			_ = p.CloseNow()
		}, 0, "the connection ended"},
		"an end of the token":   {func(p *scriptConn, _ []request) { _ = p.Close(4003, "Authentication expired.") }, 0, "4003: Authentication expired."},
		"an end of the session": {func(p *scriptConn, _ []request) { _ = p.Close(websocket.StatusNormalClosure, "") }, 0, "(1000)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := startScript(t, func(p *scriptConn) {
					if p.number > 1 {
						p.serve(fine)
						return
					}
					var all []request
					for range callers {
						r, ok := p.next()
						if !ok {
							return
						}
						all = append(all, r)
					}
					test.play(p, all)
				})
				w := server.open(t, transport.WebSocketOptions{Timeout: 8 * time.Second})
				defer w.Notify(func(transport.Notice) {})()
				answers := make(chan error)
				for i := range callers {
					go func() {
						req := stats(nil)
						req.Params["queue_name"] = fmt.Sprint(i)
						reply, err := w.Do(t.Context(), req)
						if err == nil && name != "an echo of another kind" && string(reply.Body) != fmt.Sprintf(`{"queue_name":"%d"}`, i) {
							t.Errorf("caller %d got %s", i, reply.Body)
						}
						answers <- err
					}()
				}
				answered := 0
				for range callers {
					if err := <-answers; err == nil {
						answered++
					} else if e, ok := errors.AsType[*transport.Error](err); !ok || !e.MaybeSent || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "waiting") {
						t.Errorf("the error is %#v %v", err, err)
					}
				}
				if answered < test.answered {
					t.Errorf("%d were answered, want %d", answered, test.answered)
				}
				// Whatever happened, the next request works.
				if name == "none at all" || name == "answers to other actions" || name == "without the request" || name == "one missing" || name == "endless pushes" {
					return // nothing shows yet that the connection is dead
				}
				if test.answered == 0 {
					if _, err := w.Do(t.Context(), stats(nil)); err != nil && !strings.Contains(err.Error(), "deadline") && !strings.Contains(err.Error(), "writing") {
						t.Errorf("the next request: %v", err)
					}
				}
			})
		})
	}
}

func TestEndlessPushesTakeNoMemory(t *testing.T) {
	// Not in parallel: it looks at the memory of the whole program.
	const pushed, size = 320, 128 << 10
	server := startScript(t, func(p *scriptConn) {
		r, _ := p.next()
		push := `{"body":"` + strings.Repeat("x", size) + `","queue_name":"q"}`
		for range pushed {
			p.say(push)
		}
		p.answer(r, http.StatusOK, `{}`)
		p.serve(fine)
	})
	w := server.open(t, transport.WebSocketOptions{})
	release := make(chan struct{})
	stop := w.Notify(func(transport.Notice) { <-release })
	before := inUse()
	ask(t, w, nil)
	if after := inUse(); after > before+30<<20 {
		t.Errorf("%d MiB more are in use after %d MiB of pushes", (after-before)>>20, pushed*size>>20)
	}
	close(release)
	stop()
}

// inUse returns the size of the heap in bytes.
func inUse() uint64 {
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}
