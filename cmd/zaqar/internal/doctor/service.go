package doctor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
)

const (
	pings = 5
	// slow is a round trip that a user notices.
	slow = 500 * time.Millisecond
	// skew is how wrong a clock may be. Servers tell whole seconds.
	skew = 5 * time.Second
)

// roundTrip measures how long requests take.
func (e *examination) roundTrip(ctx context.Context) bool {
	took := make([]time.Duration, pings)
	for i := range took {
		begun := time.Now()
		if err := e.client.Ping(ctx); err != nil {
			if _, signed := e.Credentials.(auth.SignedURL); signed && errors.Is(err, auth.ErrNotCovered) {
				return e.note("round trip", "the signed URL does not cover a ping", "")
			}
			return e.failed("round trip", err, advice(err))
		}
		took[i] = time.Since(begun)
	}
	slices.Sort(took)
	median := took[pings/2].Round(100 * time.Microsecond)
	if median > slow {
		return e.note("round trip", fmt.Sprintf("%v, which is slow", median), "run commands closer to the cloud, or batch: zaqar post and --claim-size send fewer requests")
	}
	return e.ok("round trip", median.String())
}

// clock compares this machine's clock with the server's.
func (e *examination) clock(ctx context.Context) bool {
	begun := time.Now()
	reply, err := e.client.Conn().Get(ctx, "/"+e.client.Conn().Version().String()+"/ping")
	took := time.Since(begun)
	if reply == nil {
		return e.note("clock", fmt.Sprintf("not compared: %v", err), "")
	}
	date, err := http.ParseTime(reply.Header.Get("Date"))
	if err != nil {
		return e.note("clock", "the server does not tell its time", "")
	}
	// The server's second began at some time in the last second.
	ahead := begun.Add(took / 2).Sub(date.Add(time.Second / 2)).Round(time.Second)
	switch {
	case ahead > skew:
		return e.note("clock", fmt.Sprintf("this machine is %v ahead of the server", ahead), clockAdvice)
	case ahead < -skew:
		return e.note("clock", fmt.Sprintf("this machine is %v behind the server", -ahead), clockAdvice)
	}
	return e.ok("clock", "it agrees with the server's")
}

const clockAdvice = "set the clock, for example with NTP: signed URLs would end too early or too late"

// rights tries what a user does.
func (e *examination) rights(ctx context.Context) bool {
	if _, signed := e.Credentials.(auth.SignedURL); signed {
		return e.note("rights", "those of the signed URL", "run zaqar signed-url show to see them")
	}
	if _, _, err := zaqar.First(e.client.Queues(ctx, zaqar.Limit(1))); err != nil {
		return e.failed("rights", err, advice(err))
	}
	if !e.Write {
		return e.ok("rights", "queues can be listed; zaqar doctor --write tries the rest")
	}
	if err := e.write(ctx); err != nil {
		return e.failed("rights", err, advice(err))
	}
	return e.ok("rights", "queues can be listed, created and deleted, messages posted, claimed and deleted")
}

// cleanUpTime limits the deletion of the doctor's queue.
const cleanUpTime = 10 * time.Second

// write creates a queue, uses it, and deletes it.
func (e *examination) write(ctx context.Context) (err error) {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never returns an error
	name := "zaqar-doctor-" + hex.EncodeToString(b[:])
	queue, err := e.client.CreateQueue(ctx, name)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
		defer cancel()
		if deleting := queue.Delete(ctx); deleting != nil && err == nil {
			err = deleting
		}
	}()
	if _, err := queue.Post(ctx, "from zaqar doctor"); err != nil {
		return err
	}
	claim, err := queue.Claim(ctx, zaqar.Limit(1))
	if err != nil {
		return err
	}
	for _, m := range claim.Messages() {
		if err := m.Delete(ctx); err != nil {
			return err
		}
	}
	if claim.Empty() {
		return errors.New("a message was posted and cannot be claimed")
	}
	return claim.Release(ctx)
}

// operator finds out whether the commands for operators work.
func (e *examination) operator(ctx context.Context) bool {
	health, err := e.client.Health(ctx)
	switch {
	case err != nil:
		return e.note("operator", "no: pools, flavors and health are for operators", "")
	case !health.OK():
		return e.note("operator", "yes, and a store is not well", "run zaqar health")
	}
	return e.ok("operator", "yes, and all stores are well")
}

// webSocketType is the name under which catalogues list the WebSocket.
const webSocketType = "messaging-websocket"

// webSocket tries the WebSocket.
func (e *examination) webSocket(ctx context.Context) bool {
	const polls = "everything works without it; new messages are found by polling"
	if _, signed := e.Credentials.(auth.SignedURL); signed {
		return e.note("WebSocket", "not tried with a signed URL", "")
	}
	url := e.WebSocket
	if finder, ok := e.Credentials.(auth.EndpointFinder); ok && url == "" {
		found, err := finder.Endpoint(ctx, webSocketType)
		if err != nil {
			return e.note("WebSocket", "the catalogue has none", polls)
		}
		url = found
	}
	client, err := zaqar.Connect(ctx, url, e.Options...)
	if err == nil {
		err = errors.Join(client.Ping(ctx), client.Close())
	}
	if err != nil {
		return e.note("WebSocket", fmt.Sprintf("%s cannot be used: %v", url, err), polls)
	}
	return e.ok("WebSocket", url)
}

// advice says what to do about an error of the service.
func advice(err error) string {
	switch {
	case errors.Is(err, zaqar.ErrForbidden):
		return "ask for a role in the project, such as member"
	case errors.Is(err, zaqar.ErrUnauthorized):
		return "Zaqar does not accept the token of this Keystone: tell the operator"
	case errors.Is(err, zaqar.ErrUnavailable):
		return "the service or its store is down: try again later, or tell the operator"
	}
	return "run the command again with --debug"
}
