package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"regexp"
	"slices"

	"github.com/zaqar-go/zaqar"
)

// DefaultMaxBody is how large a request may be, in bytes. Zaqar takes posts of 256 KiB
// by default, and what it sends of them can be three times as long, since it writes
// other characters than ASCII as escapes.
const DefaultMaxBody = 1 << 20

// Config says what a [Handler] does.
type Config struct {
	// Queues are the names of the queues that are expected. What is about another one
	// is refused. At least one is needed.
	Queues []string
	// Handle is called with each notification, by several goroutines at once. ctx ends
	// when the request is given up. nil as its result is answered 204, an error 500:
	// Zaqar does not send the notification again then, and the message stays in the
	// queue. It is needed.
	Handle func(ctx context.Context, n Notification) error
	// Client is through what subscriptions are confirmed: no other endpoint than its
	// own is ever called. It needs no rights, since the notice brings a signature: a
	// client of zaqar.WithProject will do, also where others need a token. It must speak
	// v2 over HTTP. The caller closes it. nil means that notices are refused.
	Client *zaqar.Client
	// Project is the id of the project whose notices are answered. The default is the
	// one that the client's credentials tell (with Keystone after the first call).
	Project string
	// Policy decides about notices. The default is [Accept].
	Policy Policy
	// MaxBody limits the size of a request, in bytes. The default is DefaultMaxBody.
	MaxBody int64
	// ContentType is what requests must have, without parameters. The default is
	// "application/json", which Zaqar sends unless a subscription's PostHeaders have
	// another one.
	ContentType string
	// Logger is told of what was refused or has failed: never of bodies or signatures.
	// The default is nowhere.
	Logger *slog.Logger
}

var legalName = regexp.MustCompile(`^[a-zA-Z0-9_\-.]{1,64}$`)

// filled checks the configuration and sets the defaults.
func (c Config) filled() (Config, error) {
	switch {
	case len(c.Queues) == 0:
		return c, errors.New("webhook: Queues is empty: name the queues that are expected")
	case c.Handle == nil:
		return c, errors.New("webhook: Handle is missing")
	case c.MaxBody < 0:
		return c, errors.New("webhook: MaxBody is negative")
	}
	for _, name := range c.Queues {
		if !legalName.MatchString(name) {
			return c, fmt.Errorf("webhook: %.80q is no name of a queue", name)
		}
	}
	if c.Client != nil && c.Client.Conn().Version() != zaqar.V2 {
		return c, fmt.Errorf("webhook: the client speaks %s: subscriptions are of v2", c.Client.Conn().Version())
	}
	c.Queues = slices.Clone(c.Queues)
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.ContentType == "" {
		c.ContentType = "application/json"
	}
	wanted, _, err := mime.ParseMediaType(c.ContentType)
	if err != nil {
		return c, fmt.Errorf("webhook: ContentType: %w", err)
	}
	c.ContentType = wanted
	if c.Policy == nil {
		c.Policy = Accept
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// project is the one that is expected, "" when that is not known.
func (c Config) project() string {
	if c.Project != "" || c.Client == nil {
		return c.Project
	}
	return c.Client.Conn().ProjectID()
}
