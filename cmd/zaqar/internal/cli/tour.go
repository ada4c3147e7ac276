package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar"
)

const (
	// longestPause is short enough that the message, with a TTL of two minutes and
	// claimed for one, exists until its last step.
	longestPause = 30 * time.Second
	// cleanUpTime limits the clean-up of a tour that ended early.
	cleanUpTime = 10 * time.Second
)

// NewCmdTour returns the command zaqar tour.
func NewCmdTour(app *App) *cobra.Command {
	embedded := true
	var pause time.Duration
	cmd := &cobra.Command{
		Use:   "tour [flags]",
		Short: "Run a session with the library and print each step",
		Long: `Run a session with the library: create a queue, post, claim and delete a
message, change metadata, subscribe, and delete the queue. In a second act a
worker handles twenty jobs, of which one fails and one becomes a dead letter.
Each step prints the Go code and its result.

The tour runs on an embedded server inside this program, unless a flag such as
--os-cloud names a cloud. With --embedded=false it uses the cloud that the
OS_* variables name. On a cloud it uses three new queues: one named "wot", or
"wot-" and a random number if "wot" exists, and two named "jobs-" and
"jobs-dead-" and a random number. It deletes them at the end, and after an error
or Ctrl-C. It changes nothing else.`,
		Example: `  zaqar tour
  zaqar tour --pause 3s
  zaqar tour --os-cloud devstack --os-region-name RegionOne
  zaqar tour --endpoint http://127.0.0.1:8888 --project-id demo`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if pause < 0 || pause > longestPause {
				return badUsage("--pause is %v; it must be from 0s to %v, or the message would expire", pause, longestPause)
			}
			to, err := app.tourTarget(embedded)
			if err != nil {
				return err
			}
			defer to.close()
			t := &tour{streams: app.Streams, target: to, pause: pause, mark: newMark(), noticed: make(chan struct{})}
			ctx, stop := untilSignal(cmd.Context(), t.interrupted)
			defer stop()
			return t.run(ctx)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&embedded, "embedded", true, "use the embedded server, unless flags name a cloud")
	cmd.Flags().DurationVar(&pause, "pause", 0, "wait between steps, at most "+longestPause.String())
	return cmd
}

// tour is a session under way.
type tour struct {
	streams *Streams
	target  *target
	pause   time.Duration
	// mark is random. It is in the metadata of the tour's queue, and in its name if
	// "wot" is taken.
	mark string

	client   *zaqar.Client
	queue    *zaqar.Queue
	ids      []string
	posted   *zaqar.Future[[]string]
	message  *zaqar.Message
	claim    *zaqar.Claim
	metadata *zaqar.Metadata
	sub      *zaqar.Subscriber
	failure  error
	note     string // printed below the call

	// What the second act needs.
	jobs, dead *zaqar.Queue
	worker     *zaqar.Consumer
	letter     *zaqar.DeadLetter
	repaired   bool

	// noticed is closed after the message about a signal was printed.
	noticed chan struct{}
	// queues are the tour's own, in the order of their creation.
	queues []*ownQueue
}

func newMark() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never returns an error
	return "tour-" + hex.EncodeToString(b[:])
}

// interrupted prints that the tour got a signal.
func (t *tour) interrupted() {
	defer close(t.noticed)
	if t.target.lasting {
		fmt.Fprintln(t.streams.Err, "zaqar: interrupted; cleaning up (press Ctrl-C again to quit now)")
	} else {
		fmt.Fprintln(t.streams.Err, "zaqar: interrupted")
	}
}

func (t *tour) run(ctx context.Context) (err error) {
	fmt.Fprintln(t.streams.Out, t.target.intro)
	t.title(1, "Connect")
	if t.client, err = t.target.connect(ctx); err != nil {
		return t.cause(ctx, err)
	}
	defer func() { _ = t.client.Close() }()
	for _, code := range t.target.code {
		t.print(code, nil)
	}
	t.print("client.Conn().Endpoint()", t.client.Conn().Endpoint())
	t.print("client.Conn().Version()", t.client.Conn().Version())

	defer func() {
		if err != nil {
			t.cleanUp(context.WithoutCancel(ctx))
		}
	}()
	for i, s := range steps {
		if err := t.wait(ctx); err != nil {
			return err
		}
		if s.act != "" {
			fmt.Fprintf(t.streams.Out, "\n%s\n", t.streams.Out.paint(bold, s.act))
		}
		t.title(i+2, s.title)
		for _, l := range s.lines {
			if err := t.cause(ctx, nil); err != nil {
				return err
			}
			value, err := l.run(ctx, t)
			if err != nil {
				t.print(l.code, nil)
				return t.cause(ctx, err)
			}
			t.print(l.code, value)
			if t.note != "" {
				fmt.Fprintf(t.streams.Out, "      %s\n", t.streams.Out.paint(dim, t.note))
				t.note = ""
			}
		}
	}
	fmt.Fprint(t.streams.Out, whatNext)
	return t.cause(ctx, nil)
}

// whatNext is the end of the tour.
const whatNext = `
What to do next:
  zaqar serve            run a Zaqar for your tests; it prints how to use it
  zaqar --help           post, consume, retry dead letters and more, without Go
  zaqar doctor           see whether your cloud's Zaqar can be used
  go get github.com/zaqar-go/zaqar
                         use the library; its documentation is at
                         https://pkg.go.dev/github.com/zaqar-go/zaqar
`

// cause returns why the tour must end: a signal (also if it caused err), err, or a
// failed write. It returns nil if the tour continues.
func (t *tour) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		<-t.noticed
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return t.streams.Out.Err()
}

func (t *tour) wait(ctx context.Context) error {
	timer := time.NewTimer(t.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return t.cause(ctx, nil)
}

func (t *tour) title(number int, text string) {
	out := t.streams.Out
	fmt.Fprintf(out, "\n%2d  %s\n", number, out.paint(bold, text))
}

// print prints a call and, unless it is nil, its result.
func (t *tour) print(code string, value any) {
	out := t.streams.Out
	if t.queue != nil {
		code = strings.ReplaceAll(code, `"wot"`, strconv.Quote(t.queue.Name()))
	}
	for name, queue := range map[string]*zaqar.Queue{`"jobs"`: t.jobs, `"jobs-dead"`: t.dead} {
		if queue != nil {
			code = strings.ReplaceAll(code, name, strconv.Quote(queue.Name()))
		}
	}
	code = strings.ReplaceAll(code, `"TOUR"`, strconv.Quote(t.mark))
	fmt.Fprintf(out, "    %s %s\n", out.paint(dim, ">"), out.paint(cyan, code))
	if value != nil {
		fmt.Fprintf(out, "      %s\n", out.paint(green, fmt.Sprint(value)))
	}
}
