package zaqartest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// figure is something that is measured on a queue "q". It leaves the queue as it was, and
// does not count what it does for that.
type figure struct {
	name string
	run  func(*caller) time.Duration
}

var figures = []figure{
	{"stats", func(c *caller) time.Duration {
		_, took := c.do("GET", "/v2/queues/q/stats", "")
		return took
	}},
	{"list", func(c *caller) time.Duration {
		_, took := c.do("GET", "/v2/queues/q/messages?echo=true&limit=20", "")
		return took
	}},
	{"list with claimed", func(c *caller) time.Duration {
		_, took := c.do("GET", "/v2/queues/q/messages?echo=true&include_claimed=true&limit=20", "")
		return took
	}},
	{"get", func(c *caller) time.Duration {
		page, _ := c.do("GET", "/v2/queues/q/messages?echo=true&limit=20", "")
		_, took := c.do("GET", "/v2/queues/q/messages/"+page.ids(c.b)[19], "")
		return took
	}},
	{"claim 20", func(c *caller) time.Duration {
		_, path, took := c.claim("q")
		c.do("DELETE", path, "")
		return took
	}},
	{"extend 20", func(c *caller) time.Duration {
		_, path, _ := c.claim("q")
		_, took := c.do("PATCH", path, `{"ttl":300,"grace":60}`)
		c.do("DELETE", path, "")
		return took
	}},
	{"release 20", func(c *caller) time.Duration {
		_, path, _ := c.claim("q")
		_, took := c.do("DELETE", path, "")
		return took
	}},
	{"post 1", func(c *caller) time.Duration {
		out, took := c.do("POST", "/v2/queues/q/messages", batch(1))
		c.deleteAll("q", out.postedIDs())
		return took
	}},
	{"post 100", func(c *caller) time.Duration {
		out, took := c.do("POST", "/v2/queues/q/messages", batchOf100)
		c.deleteAll("q", out.postedIDs())
		return took
	}},
	{"delete 1", func(c *caller) time.Duration {
		out, _ := c.do("POST", "/v2/queues/q/messages", batch(1))
		_, took := c.do("DELETE", "/v2/queues/q/messages/"+out.postedIDs()[0], "")
		return took
	}},
	{"delete 20", func(c *caller) time.Duration {
		out, _ := c.do("POST", "/v2/queues/q/messages", batch(20))
		return c.deleteAll("q", out.postedIDs())
	}},
	{"pop 20", func(c *caller) time.Duration {
		_, took := c.do("DELETE", "/v2/queues/q/messages?pop=20", "")
		c.do("POST", "/v2/queues/q/messages", batch(20))
		return took
	}},
	{"list queues", func(c *caller) time.Duration {
		_, took := c.do("GET", "/v2/queues?with_count=true", "")
		return took
	}},
}

// BenchmarkAMillionQueued compares a queue of a million messages with one of a thousand.
func BenchmarkAMillionQueued(b *testing.B) {
	small, _ := embedded(b)
	small.fill("q", 1000)
	large, _ := embedded(b)
	large.fill("q", 1_000_000)
	for _, f := range figures {
		b.Run(f.name, func(b *testing.B) {
			compare(b, "x-of-1000", func() time.Duration { return f.run(small) }, func() time.Duration { return f.run(large) })
		})
	}
}

// BenchmarkBehindClaimed compares a queue whose first 50,000 messages are claimed with
// one that has free messages only.
func BenchmarkBehindClaimed(b *testing.B) {
	free, _ := embedded(b)
	free.fill("q", 10_000)
	behind, _ := embedded(b)
	behind.fill("q", 60_000)
	for range 50_000 / 20 {
		behind.claim("q")
	}
	benchmarkBehind(b, free, behind)
}

// BenchmarkBehindDelayed compares a queue whose first 50,000 messages are delayed with
// one that has free messages only.
func BenchmarkBehindDelayed(b *testing.B) {
	free, _ := embedded(b)
	free.fill("q", 10_000)
	behind, _ := embedded(b)
	behind.do("PUT", "/v2/queues/q", `{"_default_message_delay":900}`)
	behind.fill("q", 50_000)
	visible := strings.ReplaceAll(batchOf100, `"ttl"`, `"delay":0,"ttl"`)
	for range 100 {
		behind.do("POST", "/v2/queues/q/messages", visible)
	}
	benchmarkBehind(b, free, behind)
}

func benchmarkBehind(b *testing.B, free, behind *caller) {
	for _, f := range figures {
		switch f.name {
		case "stats", "list", "list with claimed", "claim 20", "pop 20":
			b.Run(f.name, func(b *testing.B) {
				compare(b, "x-of-free", func() time.Duration { return f.run(free) }, func() time.Duration { return f.run(behind) })
			})
		}
	}
}

// BenchmarkMemory measures what a queued message of 200 bytes takes.
func BenchmarkMemory(b *testing.B) {
	for _, most := range []int64{0, 1 << 40} {
		name := "unbounded"
		if most > 0 {
			name = "bounded"
		}
		b.Run(name, func(b *testing.B) {
			const messages = 100_000
			opts := []zaqartest.Option{zaqartest.WithRequestLog(0)} // it keeps the bodies of requests
			if most > 0 {
				opts = append(opts, zaqartest.WithMaxMemory(most))
			}
			before := heap()
			c, srv := embedded(b, opts...)
			c.fill("q", messages)
			taken := heap() - before
			runtime.KeepAlive(srv)
			for b.Loop() { // there is nothing to repeat
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(taken)/messages, "B/message")
		})
	}
}

// heap returns the live bytes of the heap.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkCores measures how much more several callers get done together than one by
// itself, on one queue and on a queue for each. Each posts 20 messages, claims 20 and
// deletes them.
func BenchmarkCores(b *testing.B) {
	for _, queues := range []int{1, 16} {
		b.Run(fmt.Sprintf("%d queues", queues), func(b *testing.B) {
			c, _ := embedded(b)
			for i := range queues {
				c.fill(fmt.Sprint("q", i), 1000)
			}
			work := func(i int) {
				queue := fmt.Sprint("q", i%queues)
				c.do("POST", "/v2/queues/"+queue+"/messages", batch(20))
				ids, _, _ := c.claim(queue)
				c.deleteAll(queue, ids)
			}
			const rounds, callers = 200, 4
			alone := func() time.Duration {
				start := time.Now()
				for i := range rounds {
					work(i)
				}
				return time.Since(start)
			}
			together := func() time.Duration {
				start := time.Now()
				done := make(chan struct{})
				for n := range callers {
					go func() {
						for i := range rounds / callers {
							work(n + i*callers)
						}
						done <- struct{}{}
					}()
				}
				for range callers {
					<-done
				}
				return time.Since(start)
			}
			compare(b, "x-of-one", alone, together)
		})
	}
}
