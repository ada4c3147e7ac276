package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
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
message, change metadata, subscribe, and delete the queue. Each step prints the
Go code and its result.

The tour runs on an embedded server inside this program, unless a flag such as
--os-cloud names a cloud. With --embedded=false it uses the cloud that the
OS_* variables name. On a cloud it uses one new queue, named "wot", or "wot-"
and a random number if "wot" exists. It deletes that queue at the end, and after
an error or Ctrl-C. It changes nothing else.`,
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

	// noticed is closed after the message about a signal was printed.
	noticed chan struct{}
	// owned is true while the tour's own queue exists. perhaps is true if its creation
	// was requested and not answered.
	owned, perhaps bool
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
	return t.cause(ctx, nil)
}

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
	code = strings.ReplaceAll(code, `"TOUR"`, strconv.Quote(t.mark))
	fmt.Fprintf(out, "    %s %s\n", out.paint(dim, ">"), out.paint(cyan, code))
	if value != nil {
		fmt.Fprintf(out, "      %s\n", out.paint(green, fmt.Sprint(value)))
	}
}

// finish returns a context that signals do not end. A call that was cut off could still
// reach the server, after the clean-up: the queue would stay, or a post would create it
// again.
func finish(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// create creates the tour's queue. The check whether it exists does not prove whose
// queue it is, because another program may create it at the same time. The mark in the
// metadata does: another queue has another mark, or none.
func (t *tour) create(ctx context.Context) error {
	name := "wot"
	exists, err := t.client.Queue(name).Exists(ctx)
	if err != nil {
		return err
	}
	if !exists {
		err = t.createNamed(ctx, name)
	}
	if exists || errors.Is(err, zaqar.ErrExists) {
		t.note = "There is a queue wot already. The tour leaves it alone and uses another name."
		err = t.createNamed(ctx, name+"-"+strings.TrimPrefix(t.mark, "tour-"))
	}
	return err
}

func (t *tour) createNamed(ctx context.Context, name string) error {
	t.queue = t.client.Queue(name)
	t.perhaps = true
	_, err := t.client.CreateQueue(finish(ctx), name, zaqar.Content{"made_by": t.mark})
	t.owned = err == nil
	if t.owned || errors.Is(err, zaqar.ErrExists) {
		t.perhaps = false
	}
	return err
}

func (t *tour) delete(ctx context.Context) error {
	err := t.queue.Delete(finish(ctx))
	t.owned = t.owned && err != nil
	return err
}

// cleanUp deletes the tour's queue and prints that. ctx is not the tour's context, which
// may have ended.
func (t *tour) cleanUp(ctx context.Context) {
	if !t.target.lasting || !t.owned && !t.perhaps {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, cleanUpTime)
	defer cancel()
	if t.posted != nil {
		// A post in flight would create the queue again.
		_, _ = t.posted.Wait(ctx)
	}
	err := error(nil)
	if !t.owned {
		var metadata *zaqar.Metadata
		if metadata, err = t.queue.Metadata(ctx); err == nil && metadata.Content()["made_by"] != t.mark {
			return // the queue was not created, or belongs to somebody else
		}
	}
	if err == nil {
		err = t.queue.Delete(ctx)
	}
	if err != nil {
		fmt.Fprintf(t.streams.Err, "zaqar: could not delete the queue %s of the tour: %v\n", t.queue.Name(), err)
		return
	}
	fmt.Fprintf(t.streams.Err, "zaqar: deleted the queue %s of the tour\n", t.queue.Name())
}
