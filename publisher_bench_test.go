package zaqar_test

import (
	"context"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// embeddedQueue is a queue of an embedded server behind a socket.
func embeddedQueue(b *testing.B) *zaqar.Queue {
	b.Helper()
	srv := zaqartest.Run(b, zaqartest.WithRequestLog(0))
	client, err := zaqar.Connect(context.Background(), srv.URL(), zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	return client.Queue("wot")
}

func postSingly(b *testing.B, q *zaqar.Queue, n int) time.Duration {
	b.Helper()
	start := time.Now()
	for i := range n {
		if _, err := q.Post(context.Background(), i); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// One request for each message.
func BenchmarkPost(b *testing.B) {
	q := embeddedQueue(b)
	b.ReportAllocs()
	b.ResetTimer()
	postSingly(b, q, b.N)
}

// The same messages by a publisher. "gain" is how many times as long single posts take
// for as many messages, measured in the same run.
func BenchmarkPublisher(b *testing.B) {
	q := embeddedQueue(b)
	const sample = 500
	single := postSingly(b, q, sample) / sample
	b.ReportAllocs()
	b.ResetTimer()
	p := q.Publisher(zaqar.PublisherConfig{})
	futures := make([]*zaqar.Future[string], b.N)
	for i := range futures {
		futures[i] = p.Publish(context.Background(), i)
	}
	if err := p.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
	for _, f := range futures {
		if err := f.Err(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(single)*float64(b.N)/float64(b.Elapsed()), "gain")
}
