package publisher_test

import (
	"context"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// embeddedQueue returns a queue of an embedded server that listens on a socket.
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

// BenchmarkPost posts each message in a request of its own.
func BenchmarkPost(b *testing.B) {
	q := embeddedQueue(b)
	b.ReportAllocs()
	b.ResetTimer()
	postSingly(b, q, b.N)
}

// BenchmarkPublisher publishes the same messages in batches. "gain" is how many times
// faster that is than single posts, measured in the same run.
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
