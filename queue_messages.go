package zaqar

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar/internal/wire"
	"github.com/zaqar-go/zaqar/transport"
)

// Messages lists the queue's messages, oldest first, without claiming them. It is
// lazy: the loop fetches one page at a time and blocks while it does. Leave the loop
// when you have enough. An error is yielded once, as the last item. A queue that does
// not exist has no messages.
//
// Without options it lists the messages that are free and not delayed, including
// those that this client posted. [Echo](false) leaves its own out. [IncludeClaimed]
// and [IncludeDelayed] add the claimed and the delayed ones. [IDs] and [ClaimID]
// select messages, alone or together. [Limit] is the total number of messages,
// [PageSize] the number in one request, and [Marker] starts after a message, which works
// with message ids on Redis only.
//
// Each message appears once. Messages that are posted or deleted during the loop may
// or may not appear. The loop remembers the last 10,000 ids, so its memory does not grow
// with the queue. Only if all of these messages are deleted at once can earlier ones
// appear again, on Redis (quirk 2). While a listing finds nothing new, any number of pages may follow
// each other. After 100 of them it sends ten requests a second and reports
// observe.ListingSlowed. If the server leads it in a circle, the error matches
// [ErrMalformed]. Expired messages that the server has not collected yet can hide
// the ones after them, if 20 or more are next to each other.
//
// Over the WebSocket a server on MongoDB does not say where the next page begins (quirk
// 48). With HTTP beside the WebSocket ([WithWebSocket]) the listing uses HTTP there. With
// the WebSocket alone it yields one page. If that page is full, an error that matches
// [ErrUnsupported] follows, because there may be more messages.
func (q *Queue) Messages(ctx context.Context, options ...MessagesOption) iter.Seq2[*Message, error] {
	list := listing{op: wire.MessageList, queue: q.name, observer: q.connection().observer}
	list.set("echo", true)
	for _, option := range options {
		option.applyMessages(&list)
	}
	if list.params["echo"] != true || list.params["include_claimed"] != true {
		for _, name := range []string{"echo", "include_claimed", "include_delayed"} {
			if q.connection().takes(wire.MessageList, name) {
				list.filters = append(list.filters, name)
			}
		}
	}
	switch {
	case list.claim != nil:
		list.op = wire.ClaimGet
		return q.verified(q.selected(ctx, list, q.inClaim))
	case list.ids != nil:
		list.op = wire.MessageGetMany
		return q.verified(q.selected(ctx, list, q.byIDs))
	}
	// Unless claimed messages are included, all of them are free, whatever their hrefs
	// say.
	status := Free
	if list.params["include_claimed"] == true {
		status = 0
	}
	return q.verified(paginate(ctx, list, func(ctx context.Context, p wire.Params) (page[*Message], error) {
		return q.messagesPage(ctx, p, status)
	}))
}

// messagesPage reads one page of messages.
func (q *Queue) messagesPage(ctx context.Context, p wire.Params, status Status) (page[*Message], error) {
	known := q.connection().unmarked.Load()
	sent := time.Now()
	r, found, err := q.listMessages(ctx, p)
	if err == nil && !known && unmarked(r, found) {
		// Ask again: from now on this call goes over HTTP, if there is HTTP.
		q.connection().unmarked.Store(true)
		r, found, err = q.listMessages(ctx, p)
	}
	if err != nil {
		return page[*Message]{}, err
	}
	result := page[*Message]{next: found.Next, sent: sent}
	result.served, _ = http.ParseTime(r.Header.Get("Date")) // the zero time if there is none
	result.grow(len(found.Messages))
	for _, m := range found.Messages {
		result.add(m.ID, newMessage(q, m, status, ""))
		result.ages = append(result.ages, time.Duration(m.Age))
	}
	if unmarked(r, found) && len(found.Messages) >= pageLimit(p) {
		result.cut = &Error{Op: string(wire.MessageList), Queue: q.name, Attempts: 1, repeatable: true, Err: errUnmarked}
	}
	return result, nil
}

func (q *Queue) listMessages(ctx context.Context, p wire.Params) (reply, wire.Messages, error) {
	r, err := q.call(ctx, wire.MessageList, p)
	if err != nil {
		return r, wire.Messages{}, err
	}
	found, err := decodeMessages(ctx, r)
	return r, found, err
}

// unmarked reports whether an answer of the WebSocket has messages and no marker behind
// them, as on MongoDB (quirk 48).
func unmarked(r reply, found wire.Messages) bool {
	return r.Dialect == transport.Frames && found.Next == "" && len(found.Messages) > 0
}

// pageLimit returns how many messages a full page has.
func pageLimit(p wire.Params) int {
	if limit, ok := p["limit"].(int); ok {
		return limit
	}
	return serverPageSize
}

var errUnmarked = fmt.Errorf("%w: there may be more messages, but over the WebSocket a server on MongoDB does not say where the next page begins: "+
	"connect to the URL of HTTP, and add the WebSocket with WithWebSocket", ErrUnsupported)

// verified adds the comparison of checksums to a listing; see WithChecksums.
func (q *Queue) verified(list iter.Seq2[*Message, error]) iter.Seq2[*Message, error] {
	if !q.connection().checksums {
		return list
	}
	return func(yield func(*Message, error) bool) {
		for m, err := range list {
			if err == nil {
				err = q.connection().verify(m)
			}
			if !yield(m, err) {
				return
			}
		}
	}
}

// selected yields the messages that find finds. It is for selections that have no
// pages.
func (q *Queue) selected(ctx context.Context, list listing, find func(context.Context, listing, func(*Message) bool) error) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		if err := list.check(); err != nil {
			yield(nil, err)
			return
		}
		yielded := 0
		err := find(ctx, list, func(m *Message) bool {
			yielded++
			return yield(m, nil) && (list.limit == nil || yielded < int(*list.limit))
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// inClaim finds the messages of a claim, or those of them with the given ids.
func (q *Queue) inClaim(ctx context.Context, list listing, found func(*Message) bool) error {
	claim, err := q.ClaimByID(ctx, string(*list.claim))
	if err != nil && claim == nil {
		return err
	}
	for _, m := range claim.Messages() {
		if list.ids != nil && !slices.Contains(*list.ids, m.ID()) {
			continue
		}
		if !found(m) {
			break
		}
	}
	return nil
}

// byIDs finds messages by their ids, one page of ids in each request.
func (q *Queue) byIDs(ctx context.Context, list listing, found func(*Message) bool) error {
	size := defaultPageSize
	if list.pageSize != nil {
		size = int(*list.pageSize)
	}
	for chunk := range slices.Chunk([]string(*list.ids), size) {
		r, err := q.request(ctx, wire.MessageGetMany, wire.Args{IDs: chunk})
		if err != nil {
			return err
		}
		page, err := decodeMessages(ctx, r)
		if err != nil {
			return err
		}
		for _, m := range page.Messages {
			if !found(newMessage(q, m, 0, "")) {
				return nil
			}
		}
	}
	return nil
}

// Message reads one message, claimed or not. If there is no such message, the error
// matches [ErrNotFound].
func (q *Queue) Message(ctx context.Context, id string) (*Message, error) {
	m, err := q.get(ctx, id)
	if err != nil {
		return nil, err
	}
	msg := newMessage(q, m, 0, "")
	return msg, q.connection().verify(msg)
}

func (q *Queue) get(ctx context.Context, id string) (wire.Message, error) {
	if err := checkIDs(wire.MessageGet, []string{id}); err != nil {
		return wire.Message{}, err
	}
	r, err := q.request(ctx, wire.MessageGet, wire.Args{Message: id})
	if err != nil {
		return wire.Message{}, err
	}
	return decode(r, wire.DecodeMessage)
}

// Pop removes up to n messages from the queue and returns them, oldest first. An
// empty queue gives an empty slice. Servers allow 20 at once unless the operator
// changed it.
//
// Pop delivers at most once: the server deletes the messages as it answers, so if the
// answer is lost, the messages are lost. Use [Queue.Claim] where that matters. Pop is
// not idempotent and never repeated when it may have been carried out, unless [Retry]
// allows duplicates. V1 does not have it.
func (q *Queue) Pop(ctx context.Context, n int) ([]*Message, error) {
	if n < 1 {
		return nil, &ArgumentError{Op: string(wire.MessagePop), Argument: "n", Rule: fmt.Sprintf("must be at least 1, not %d", n)}
	}
	r, err := q.call(ctx, wire.MessagePop, wire.Params{"pop": n})
	if err != nil {
		return nil, err
	}
	page, err := decodeMessages(ctx, r)
	if err != nil {
		return nil, err
	}
	popped := make([]*Message, len(page.Messages))
	for i, m := range page.Messages {
		m.ClaimID = "" // a claim that the server made to pop it, and that is over
		popped[i] = newMessage(q, m, Gone, "")
	}
	return popped, q.connection().verify(popped...)
}

// deletion collects the options of a deletion.
type deletion struct{ claims []string }

// DeleteMessage deletes one message. That is how a claimed message is acknowledged.
// It needs the [ClaimID] of the claim that holds the message. Without it the error
// matches [ErrForbidden]. With a claim that does not hold the message, or no longer
// does, it matches [ErrClaimLost]. DeleteMessage is idempotent: it succeeds if there
// is no such message.
func (q *Queue) DeleteMessage(ctx context.Context, id string, options ...DeleteOption) error {
	var d deletion
	for _, option := range options {
		d = option.applyDelete(d)
	}
	args := wire.Args{Message: id}
	switch {
	case len(d.claims) > 1:
		return &ArgumentError{Op: string(wire.MessageDelete), Argument: "ClaimID", Rule: "must be given once for one message"}
	case len(d.claims) == 1:
		if d.claims[0] == "" {
			return &ArgumentError{Op: string(wire.MessageDelete), Argument: "ClaimID", Rule: "is empty"}
		}
		args.Claim = d.claims[0]
	}
	if err := checkIDs(wire.MessageDelete, []string{id}); err != nil {
		return err
	}
	_, err := q.request(ctx, wire.MessageDelete, args)
	return err
}

// DeleteMessages deletes messages by their ids, 20 in each request. It ignores ids
// that do not exist. If a later request fails, the error says how many ids were done.
// It is idempotent.
//
// Servers delete claimed messages without asking for the claim (quirk 22). Only
// servers that run with message_delete_with_claim_id demand the [ClaimID] of every
// claim that holds one of the messages; they cannot delete unclaimed messages in this
// way.
func (q *Queue) DeleteMessages(ctx context.Context, ids []string, options ...DeleteOption) error {
	var d deletion
	for _, option := range options {
		d = option.applyDelete(d)
	}
	if err := checkIDs(wire.MessageDeleteMany, ids); err != nil {
		return err
	}
	done := 0
	for chunk := range slices.Chunk(ids, defaultPageSize) {
		if _, err := q.request(ctx, wire.MessageDeleteMany, wire.Args{IDs: chunk, ClaimIDs: d.claims}); err != nil {
			if done > 0 {
				err = fmt.Errorf("%w (the first %d of %d ids were done: call again with the rest)", err, done, len(ids))
			}
			return err
		}
		done += len(chunk)
	}
	return q.check(wire.MessageDeleteMany)
}
