package main

import (
	"context"
	"runtime/metrics"
	"time"

	"github.com/zaqar-go/zaqar"
)

// heapTasks measure how much memory a client needs.
var heapTasks = []task{
	{name: "list-million", unit: "messages", n: 1_000_000, filled: true, canned: true, named: true, sides: []side{
		{"bare loop", watchingHeap(bareList)},
		{"this library", watchingHeap(libraryList)},
		{"gophercloud", watchingHeap(cloudList)},
		{"this library, WebSocket", watchingHeap(listOver(overSocket))},
	}},
}

// watchingHeap adds the largest heap in use to the report. It looks every few
// milliseconds.
func watchingHeap(do work) work {
	return func(ctx context.Context, w where) (int, error) {
		done, stopped := make(chan struct{}), make(chan struct{})
		var most uint64
		go func() {
			defer close(stopped)
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for {
				most = max(most, heapInUse())
				select {
				case <-tick.C:
				case <-done:
					return
				}
			}
		}()
		n, err := do(ctx, w)
		close(done)
		<-stopped
		reported.Heap = float64(most) / (1 << 20)
		return n, err
	}
}

// heapInUse returns the size of all pages of the heap that hold objects, dead ones too. It
// is HeapInuse of runtime.MemStats, but does not stop the program.
func heapInUse() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

// libraryList lists all messages.
func libraryList(ctx context.Context, w where) (int, error) { return listOver(overHTTP)(ctx, w) }

func listOver(dial dialer) work {
	return func(ctx context.Context, w where) (int, error) {
		client, err := dial(ctx, w)
		if err != nil {
			return 0, err
		}
		got := 0
		for m, err := range client.Queue(w.queue).Messages(ctx, zaqar.Echo(true)) {
			if err != nil {
				return got, err
			}
			var j job
			if err := m.Decode(&j); err != nil {
				return got, err
			}
			got++
		}
		return got, client.Close()
	}
}
