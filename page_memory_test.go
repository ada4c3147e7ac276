package zaqar_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// long is a queue with many messages, as servers on Redis list it. Its messages are
// numbers, and it makes each page when it is asked for. Ten messages were posted each
// second.
type long struct {
	messages int
	gone     []bool           // by number
	hidden   func(i int) bool // from listings that leave something out
	before   func(marker int) // called before each answer
	calls    int
}

func newLong(messages int) *long { return &long{messages: messages, gone: make([]bool, messages)} }

func (l *long) id(i int) string { return fmt.Sprintf("%04x-%d", uint16(i*40503), i) }

// number returns the number in a message's id, or -1.
func (l *long) number(id string) int {
	_, digits, _ := strings.Cut(id, "-")
	if n, err := strconv.Atoi(digits); err == nil && l.id(n) == id {
		return n
	}
	return -1
}

func (l *long) delete(from, to int) {
	for i := from; i < min(to, l.messages); i++ {
		l.gone[i] = true
	}
}

// Do answers a request. It is a transport that remembers nothing.
func (l *long) Do(_ context.Context, req *transport.Request) (*transport.Response, error) {
	if l.calls++; l.calls > l.messages {
		return nil, errors.New("the listing does not end")
	}
	at := l.number(req.Query.Get("marker"))
	if l.before != nil {
		l.before(at)
	}
	if at >= 0 && l.gone[at] {
		at = -1
	}
	all := req.Query.Get("echo") == "true" && req.Query.Get("include_claimed") == "true"
	limit, err := strconv.Atoi(req.Query.Get("limit"))
	if err != nil {
		return nil, err
	}
	var messages []string
	links := ""
	for i := at + 1; i < l.messages && limit > 0; i++ {
		if l.gone[i] {
			continue
		}
		limit--
		if l.hidden != nil && l.hidden(i) && !all {
			continue
		}
		messages = append(messages, fmt.Sprintf(`{"id":%q,"ttl":1000000,"age":%d,"body":%d}`, l.id(i), (l.messages-i)/10, i))
		links = fmt.Sprintf(`{"rel":"next","href":"/v2/queues/wot/messages?marker=%s"}`, l.id(i))
	}
	return &transport.Response{
		Status: http.StatusOK, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}},
		Body: fmt.Appendf(nil, `{"messages":[%s],"links":[%s]}`, strings.Join(messages, ","), links),
	}, nil
}

// Close does nothing.
func (l *long) Close() error { return nil }

// list lists everything, and returns how many messages came again, and how many that are
// still there and not hidden never came.
func (l *long) list(t *testing.T, options ...zaqar.MessagesOption) (again, missing int) {
	t.Helper()
	q := clienttest.Over(t, l).Queue("wot")
	times := make([]int, l.messages)
	for m, err := range q.Messages(t.Context(), options...) {
		if err != nil {
			t.Fatal(err)
		}
		n := l.number(m.ID())
		if times[n]++; times[n] > 1 {
			again++
		}
	}
	for i, n := range times {
		if n == 0 && !l.gone[i] && (l.hidden == nil || !l.hidden(i)) {
			missing++
		}
	}
	return again, missing
}

func TestTheMemoryOfAListingDoesNotGrowWithIt(t *testing.T) {
	server := newLong(100_000)
	q := clienttest.Over(t, server).Queue("wot")
	heap := func() int {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return int(stats.HeapAlloc)
	}
	n, early := 0, 0
	for _, err := range q.Messages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 20_000 {
			early = heap()
		}
		if n == server.messages {
			if grown := heap() - early; grown > 2<<20 {
				t.Errorf("80,000 messages more take %d bytes more", grown)
			}
		}
	}
	if n != server.messages {
		t.Errorf("%d messages came", n)
	}
}

func TestALongListingHasEachMessageOnceWhenItStartsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, deleted := range map[string]func(marker int) (from, to int){
			"the marker":                     func(m int) (int, int) { return m, m + 1 },
			"the marker and what follows":    func(m int) (int, int) { return m, m + 30 },
			"the last 100":                   func(m int) (int, int) { return m - 100, m + 5 },
			"the last 7000":                  func(m int) (int, int) { return m - 7000, m + 5 },
			"all up to the marker":           func(m int) (int, int) { return 0, m + 1 },
			"all up to where the listing is": func(m int) (int, int) { return 0, m + 5 },
			"the beginning":                  func(int) (int, int) { return 0, 9000 },
		} {
			for _, options := range [][]zaqar.MessagesOption{{zaqar.IncludeClaimed(true)}, {zaqar.Echo(false)}} {
				server, at := newLong(22_000), 15_000
				server.before = func(marker int) {
					if marker < at {
						return
					}
					at += 5000
					server.delete(deleted(marker))
				}
				if again, missing := server.list(t, options...); again > 0 || missing > 0 {
					t.Errorf("%s is deleted, %v: %d came again, %d are missing", name, options, again, missing)
				}
				if server.calls > 2600 {
					t.Errorf("%s is deleted: %d requests", name, server.calls)
				}
			}
		}
	})
}

func TestALongListingThatStartsAgainBehindHiddenMessagesIsWalkedSilently(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newLong(30_000)
		server.hidden = func(i int) bool { return i%1000 > 900 }
		at := 15_950
		server.before = func(marker int) {
			if marker >= at {
				at += 8000
				server.delete(marker, marker+1)
			}
		}
		if again, missing := server.list(t, zaqar.Echo(false)); again > 0 || missing > 0 {
			t.Errorf("%d came again, %d are missing", again, missing)
		}
	})
}

func TestAListingThatStartsAgainBehindHiddenMessagesIsNotCutShort(t *testing.T) {
	t.Parallel()
	for _, at := range []int{39, 59, 79, 119} {
		server := newLong(300)
		server.hidden = func(i int) bool { return i > 20 && i < 130 || i > 200 && i < 290 }
		deleted := 0
		server.before = func(marker int) {
			if marker >= at && deleted < 2 {
				deleted++
				server.delete(marker, marker+1)
			}
		}
		if again, missing := server.list(t, zaqar.Echo(false)); again > 0 || missing > 0 {
			t.Errorf("at message %d: %d came again, %d are missing", at, again, missing)
		}
	}
}

func TestALongListingOfWhatIsDeletedMeanwhileCostsNoMoreRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newLong(30_000)
		q := clienttest.Over(t, server).Queue("wot")
		n := 0
		for m, err := range q.Messages(t.Context(), zaqar.IncludeClaimed(true)) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			i := server.number(m.ID())
			server.delete(i, i+1)
		}
		if n != server.messages || server.calls > 1520 {
			t.Errorf("%d messages in %d requests", n, server.calls)
		}
	})
}

func TestWhenAllThatIsRememberedIsGoneMessagesOfTheSameAgeComeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, done := newLong(30_000), false
		server.before = func(marker int) {
			if marker >= 25_000 && !done {
				done = true
				server.delete(marker-12_000, marker+5)
			}
		}
		// No more than a minute's messages: those before are known to be old by their ages.
		if again, missing := server.list(t, zaqar.IncludeClaimed(true)); again > 620 || missing > 0 {
			t.Errorf("%d came again, %d are missing", again, missing)
		}
	})
}
