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
	// longestPause keeps the message, which lives for two minutes and is claimed
	// for one, alive until its step comes.
	longestPause = 30 * time.Second
	// cleanUpTime is how long a tour that ended early may take to clean up.
	cleanUpTime = 10 * time.Second
)

// NewCmdTour makes the command zaqar tour.
func NewCmdTour(streams *Streams) *cobra.Command {
	var where targetFlags
	var pause time.Duration
	cmd := &cobra.Command{
		Use:   "tour [flags]",
		Short: "Run a session with the library and print each step",
		Long: `Runs a session with the library: makes a queue, posts, claims and deletes a
message, changes metadata, and deletes the queue. Each step prints the Go code
and what it returned.

It runs on the cloud that --os-cloud or the usual OS_* variables name, else on an
embedded server inside this program. On a cloud it touches nothing but the one
queue that it makes, "wot" or, where there is one already, "wot-" and a random
number. That queue is deleted at the end, and also after an error or Ctrl-C.`,
		Example: `  zaqar tour
  zaqar tour --pause 3s
  zaqar tour --os-cloud devstack --os-region-name RegionOne
  zaqar tour --endpoint http://127.0.0.1:8888 --project demo`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if pause < 0 || pause > longestPause {
				return badUsage("--pause is %v; it must be from 0s to %v, since the message would expire meanwhile", pause, longestPause)
			}
			to, err := where.target()
			if err != nil {
				return err
			}
			defer to.close()
			t := &tour{streams: streams, target: to, pause: pause, mark: newMark(), told: make(chan struct{})}
			ctx, stop := untilSignal(cmd.Context(), t.interrupted)
			defer stop()
			return t.run(ctx)
		},
	}
	cmd.Flags().SortFlags = false
	where.add(cmd)
	cmd.Flags().DurationVar(&pause, "pause", 0, "wait between steps, at most "+longestPause.String())
	return cmd
}

// tour is a session under way.
type tour struct {
	streams *Streams
	target  *target
	pause   time.Duration
	// mark is random. It stands in the metadata of the tour's own queue, and in
	// its name where "wot" is taken.
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
	note     string // to be told below the call

	// told is closed when the user knows that a signal was heard.
	told chan struct{}
	// owned: the queue is this tour's and is there. perhaps: its creation was
	// asked for, and no answer came.
	owned, perhaps bool
}

func newMark() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return "tour-" + hex.EncodeToString(b[:])
}

// interrupted tells that a signal was heard.
func (t *tour) interrupted() {
	defer close(t.told)
	if t.target.lasting {
		fmt.Fprintln(t.streams.Err, "zaqar: interrupted; cleaning up (once more ends at once)")
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

// cause says why the tour must end: a signal, whatever error that brought about,
// an error, or that nobody reads what is printed. It is nil when the tour goes on.
func (t *tour) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		<-t.told
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

// print shows a call and, unless it is nil, what it returned.
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

// finish shields a call from signals. One that is cut off may arrive all the
// same, later than the clean-up: the queue would stay, and a post would make it
// again.
func finish(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// create makes the tour's queue. Asking first whether there is one does not
// settle whose it is, since somebody may make it in that moment. The mark in the
// metadata does: a queue that exists already has another one, or none.
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
		t.note = "There is a queue wot already; it is left alone, and this one has another name."
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

// cleanUp deletes the tour's queue and says so. ctx is not the tour's own, which
// may have ended.
func (t *tour) cleanUp(ctx context.Context) {
	if !t.target.lasting || !t.owned && !t.perhaps {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, cleanUpTime)
	defer cancel()
	if t.posted != nil {
		// A post that is still on its way would make the queue again.
		_, _ = t.posted.Wait(ctx)
	}
	err := error(nil)
	if !t.owned {
		var metadata *zaqar.Metadata
		if metadata, err = t.queue.Metadata(ctx); err == nil && metadata.Content()["made_by"] != t.mark {
			return // it was not made, or is somebody else's
		}
	}
	if err == nil {
		err = t.queue.Delete(ctx)
	}
	if err != nil {
		fmt.Fprintf(t.streams.Err, "zaqar: the queue %s may be left behind: %v\n", t.queue.Name(), err)
		return
	}
	fmt.Fprintf(t.streams.Err, "zaqar: deleted the queue %s, which the tour had made\n", t.queue.Name())
}
