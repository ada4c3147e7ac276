package badday

import (
	"math/rand/v2"
	"time"

	"github.com/zaqar-go/zaqar"
)

const (
	worked = 60               // messages of the queue that is consumed
	kept   = 30               // messages of the queue that is only listened to
	load   = 12 * time.Minute // how long messages are published
	storm  = 16 * time.Minute // how long faults happen
	quiet  = 15 * time.Second // how long nothing fails at first, so that every loop succeeds once

	// longestClaim is how long a claim may last after its consumer is gone: a message that
	// waits for longer than two TTLs has its claim extended by the wait.
	longestClaim = 8 * time.Minute
	// longEnough is how long a message is in the queue before the subscriber must have
	// heard it: longer than two outages with the longest wait between polls.
	longEnough = 9 * time.Minute
	patience   = 6 * time.Hour // for the handling of what is left when the faults have ended
)

// job is the body of a message.
type job struct {
	N    int
	Kind kind
	Work time.Duration // what an attempt takes
	Bad  int           // how many attempts fail, or wait
}

// kind is what the handler of a job does.
type kind string

const (
	good      kind = "good"
	long      kind = "long"      // it takes several claims
	fails     kind = "fails"     // its first attempts fail
	panics    kind = "panics"    // so does this one
	waits     kind = "waits"     // it is put off
	hopeless  kind = "hopeless"  // it fails always
	permanent kind = "permanent" // and says so
)

// plan is what the seed of a day decides.
type plan struct {
	seed      uint64
	publisher zaqar.PublisherConfig
	consumer  zaqar.ConsumerConfig
	consumers int
	sockets   [3]bool // of the publisher, the consumers, the subscriber
	tampers   bool    // something between client and server delivers late
	jobs      []job
}

// Sources of random numbers, so that a change of one does not change the others.
const (
	ofPlan = iota
	ofFaults
	ofLoad
	ofConsumers
	ofSubscriber
	ofTampering
)

func draw(seed uint64) plan {
	r := rand.New(rand.NewPCG(seed, ofPlan))
	p := plan{
		seed:      seed,
		publisher: zaqar.PublisherConfig{AllowDuplicates: r.IntN(3) == 0, Concurrency: []int{1, 4, zaqar.Adaptive}[r.IntN(3)]},
		consumer: zaqar.ConsumerConfig{
			Workers: 4, ClaimSize: []int{1, 20, zaqar.Adaptive}[r.IntN(3)], TTL: time.Duration(60+r.IntN(60)) * time.Second,
			DeadLetter: deadQueue, MaxPoll: 40 * time.Second,
			OnFailure: []zaqar.FailurePolicy{0, zaqar.GiveBack, zaqar.RetryHere, zaqar.LetExpire}[r.IntN(4)],
		},
		consumers: 1 + r.IntN(2),
		sockets:   [3]bool{r.IntN(4) == 0, r.IntN(4) == 0, r.IntN(2) == 0},
		tampers:   r.IntN(2) == 0,
	}
	quick := r.IntN(3) == 0 // many are finished, and deleted, together
	for n := range worked {
		j := job{N: n, Kind: good, Work: time.Duration(r.IntN(3000)) * time.Millisecond}
		if quick {
			j.Work = 0
		}
		switch r.IntN(20) {
		case 0, 1:
			j.Kind, j.Work = long, time.Duration(30+r.IntN(170))*time.Second
		case 2:
			j.Kind, j.Work = long, longEnough+time.Duration(r.IntN(180))*time.Second
		case 3, 4:
			j.Kind, j.Bad = fails, 1+r.IntN(3)
		case 5:
			j.Kind, j.Bad = panics, 1
		case 6:
			j.Kind, j.Bad, j.Work = waits, 1+r.IntN(2), time.Duration(r.IntN(300))*time.Second
		case 7:
			j.Kind = hopeless
		case 8:
			j.Kind = permanent
		}
		p.jobs = append(p.jobs, j)
	}
	return p
}

func (p plan) random(source uint64) *rand.Rand { return rand.New(rand.NewPCG(p.seed, source)) }

// about returns a random duration with the mean d.
func about(r *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(r.ExpFloat64() * float64(d))
}

// between returns a random duration.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}
