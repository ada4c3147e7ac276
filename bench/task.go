package main

import (
	"context"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar"
)

// where says what a side works on.
type where struct {
	url, queue string
	socket     string // the URL of the WebSocket, or ""
	counter    string // tells how many requests the server has had, or ""
	n          int    // messages
}

// work does something n times, and returns how many operations it did.
type work func(ctx context.Context, w where) (int, error)

// task is something that several sides do in their own way.
type task struct {
	name, unit string
	n          int
	filled     bool // the queue holds n messages when a side begins
	canned     bool // it can run on a server of canned answers
	cannedOnly bool // the time of a real server would hide what it measures
	named      bool // it takes long, so it runs only if its whole name is given
	counted    bool // the server's requests are counted
	sides      []side
}

type side struct {
	name string
	work work // nil: python-zaqarclient does it
}

const pythonSide = "python-zaqarclient"

var tasks = slices.Concat(callTasks, socketTasks, subscriberTasks, heapTasks)

// callTasks compare this library with others. The first side is the one that the others are
// compared with.
var callTasks = []task{
	{name: "post", unit: "messages", n: 2000, canned: true, sides: []side{
		{"bare loop", barePost(1)}, {"this library", libraryPost(1)}, {"gophercloud", cloudPost(1)}, {pythonSide, nil},
	}},
	{name: "post-20", unit: "messages", n: 20000, canned: true, sides: []side{
		{"bare loop", barePost(20)}, {"this library", libraryPost(20)}, {"gophercloud", cloudPost(20)}, {pythonSide, nil},
	}},
	{name: "post-alone", unit: "messages", n: 5000, canned: true, sides: []side{
		{"gophercloud", cloudPost(1)}, {"this library", libraryPost(1)},
	}},
	{name: "publish", unit: "messages", n: 40000, canned: true, sides: []side{
		{"bare loop, batches of 80", barePost(80)},
		{"Publisher, zero value", libraryPublish(publisherZero)},
		{"Publisher, batches of 80", libraryPublish(publisher(80, 1))},
		{"Publisher, batches of 40", libraryPublish(publisher(40, 1))},
		{"Publisher, batches of 20", libraryPublish(publisher(20, 1))},
	}},
	{name: "publish-concurrency", unit: "messages", n: 80000, sides: []side{
		{"Publisher, adaptive concurrency", libraryPublish(publisher(80, zaqar.Adaptive))},
		{"Publisher, concurrency 1", libraryPublish(publisher(80, 1))},
		{"Publisher, concurrency 2", libraryPublish(publisher(80, 2))},
		{"Publisher, concurrency 4", libraryPublish(publisher(80, 4))},
		{"Publisher, concurrency 8", libraryPublish(publisher(80, 8))},
	}},
	{name: "publish-equal", unit: "messages", n: 40000, canned: true, sides: []side{
		{"bare loop, batches of 80, 4 at once", barePostAtOnce(80, 4)},
		{"Publisher, batches of 80, 4 at once", libraryPublish(publisher(80, 4))},
	}},
	{name: "publish-and-wait", unit: "messages", n: 10000, sides: []side{
		{"Publisher, 20 callers, zero value", libraryPublishAndWait(publisherZero)},
		{"Publisher, 20 callers, no delay", libraryPublishAndWait(publisherNoDelay)},
		{"Publisher, 20 callers, delay of 10 ms", libraryPublishAndWait(publisher(80, 1))},
		{"Publisher, 20 callers, batches of 20", libraryPublishAndWait(publisher(20, 1))},
	}},
	{name: "publish-one", unit: "messages", n: 500, sides: []side{
		{"Queue.Post", libraryPublishOne(nil)},
		{"Publisher, zero value", libraryPublishOne(&publisherZero)},
		{"Publisher, delay of 10 ms", libraryPublishOne(&publisherDelay)},
	}},
	{name: "claim-20-delete", unit: "messages", n: 2000, filled: true, sides: []side{
		{"bare loop", bareClaim(20, deleteEach)}, {"this library", libraryClaim(20)}, {"gophercloud", cloudClaim(20)}, {pythonSide, nil},
	}},
	{name: "consume-1", unit: "messages", n: 3000, filled: true, sides: []side{
		{"bare loop, deletions of 20", bareClaim(1, deleteRolling)},
		{"bare loop, each deleted", bareClaim(1, deleteEach)},
		{"Consumer, claims of one", libraryConsume(consumer1)},
	}},
	{name: "consume-20", unit: "messages", n: 10000, filled: true, sides: []side{
		{"bare loop, deletions of 20", bareClaim(20, deleteRolling)},
		{"Consumer, claims of 20", libraryConsume(consumer20)},
		{"Consumer, adaptive claims", libraryConsume(consumerAdaptive)},
		{"gophercloud, each deleted", cloudClaim(20)},
		{pythonSide, nil},
	}},
	{name: "list", unit: "messages", n: 20000, filled: true, sides: []side{
		{"bare loop", bareList}, {"this library", libraryList}, {"gophercloud", cloudList},
	}},
	{name: "delete", unit: "calls", n: 5000, canned: true, cannedOnly: true, sides: []side{
		{"bare loop", bareDelete}, {"this library", libraryDelete}, {"gophercloud", cloudDelete},
	}},
	{name: "claim", unit: "calls", n: 5000, canned: true, cannedOnly: true, sides: []side{
		{"bare loop", bareClaims}, {"this library", libraryClaims}, {"gophercloud", cloudClaims},
	}},
	{name: "page", unit: "calls", n: 5000, canned: true, cannedOnly: true, sides: []side{
		{"bare loop", barePages}, {"this library", libraryPages}, {"gophercloud", cloudPages},
	}},
}

func taskNames() []string {
	var names []string
	for _, t := range tasks {
		names = append(names, t.name)
	}
	return names
}

// chosen reports whether a task is to run on a server, and is named by the user.
func (t task) chosen(only, server string) bool {
	if server == "canned" && !t.canned || server != "canned" && t.cannedOnly {
		return false
	}
	names := strings.Split(only, ",")
	if t.named || only == "" {
		return !t.named && only == "" || slices.Contains(names, t.name)
	}
	return slices.ContainsFunc(names, func(begin string) bool { return strings.HasPrefix(t.name, begin) })
}

// needsSocket reports whether a side is left out without the URL of a WebSocket.
func (s side) needsSocket() bool {
	return strings.Contains(s.name, "WebSocket") || strings.Contains(s.name, "pushes")
}

// find returns the work of a side.
func find(taskName, sideName string) work {
	for _, t := range tasks {
		if t.name != taskName {
			continue
		}
		for _, s := range t.sides {
			if s.name == sideName {
				return s.work
			}
		}
	}
	return nil
}
