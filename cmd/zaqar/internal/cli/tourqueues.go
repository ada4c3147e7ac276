package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar"
)

// ownQueue is a queue that the tour has created, or has tried to create.
type ownQueue struct {
	queue *zaqar.Queue
	// owned is true while the queue exists. perhaps is true if its creation was
	// requested and not answered.
	owned, perhaps bool
}

// finish returns a context that signals do not end. A call that was cut off could still
// reach the server, after the clean-up: the queue would stay, or a post would create it
// again.
func finish(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// create creates the queue of the first act. The check whether it exists does not prove
// whose queue it is, because another program may create it at the same time. The mark in
// the metadata does: another queue has another mark, or none.
func (t *tour) create(ctx context.Context) (err error) {
	name := "wot"
	t.queue = t.client.Queue(name)
	exists, err := t.queue.Exists(ctx)
	if err != nil {
		return err
	}
	if !exists {
		t.queue, err = t.createNamed(ctx, name)
	}
	if exists || errors.Is(err, zaqar.ErrExists) {
		t.note = "There is a queue wot already. The tour leaves it alone and uses another name."
		t.queue, err = t.createNamed(ctx, name+"-"+t.number())
	}
	return err
}

// number is the random part of names.
func (t *tour) number() string { return strings.TrimPrefix(t.mark, "tour-") }

func (t *tour) createNamed(ctx context.Context, name string) (*zaqar.Queue, error) {
	own := &ownQueue{queue: t.client.Queue(name), perhaps: true}
	t.queues = append(t.queues, own)
	_, err := t.client.CreateQueue(finish(ctx), name, zaqar.Content{"made_by": t.mark})
	own.owned = err == nil
	if own.owned || errors.Is(err, zaqar.ErrExists) {
		own.perhaps = false
	}
	return own.queue, err
}

func (t *tour) delete(ctx context.Context, queue *zaqar.Queue) error {
	err := queue.Delete(finish(ctx))
	for _, own := range t.queues {
		if own.queue.Name() == queue.Name() {
			own.owned = own.owned && err != nil
		}
	}
	return err
}

// cleanUp deletes the tour's queues and prints that. ctx is not the tour's context, which
// may have ended.
func (t *tour) cleanUp(ctx context.Context) {
	if !t.target.lasting {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, cleanUpTime)
	defer cancel()
	if t.posted != nil {
		// A post in flight would create the queue again.
		_, _ = t.posted.Wait(ctx)
	}
	for _, own := range slices.Backward(t.queues) {
		t.cleanUpOne(ctx, own)
	}
}

func (t *tour) cleanUpOne(ctx context.Context, own *ownQueue) {
	if !own.owned && !own.perhaps {
		return
	}
	err := error(nil)
	if !own.owned {
		var metadata *zaqar.Metadata
		if metadata, err = own.queue.Metadata(ctx); err == nil && metadata.Content()["made_by"] != t.mark {
			return // the queue was not created, or belongs to somebody else
		}
	}
	if err == nil {
		err = own.queue.Delete(ctx)
	}
	if err != nil {
		fmt.Fprintf(t.streams.Err, "zaqar: could not delete the queue %s of the tour: %v\n", own.queue.Name(), err)
		return
	}
	fmt.Fprintf(t.streams.Err, "zaqar: deleted the queue %s of the tour\n", own.queue.Name())
}
