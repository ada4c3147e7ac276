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

// DefaultMaxBody is the default of [Config.MaxBody], 1 MiB. By default Zaqar accepts
// posts of 256 KiB, and its notifications can be three times as long, because it escapes
// all characters other than ASCII.
const DefaultMaxBody = 1 << 20

// Config is the configuration of a [Handler]. Queues and Handle are required.
type Config struct {
	// Queues are the names of the expected queues, at least one. Requests about other
	// queues are refused.
	Queues []string
	// Handle is called for each notification, from several goroutines at once. ctx ends
	// when Zaqar gives up the request. If Handle returns nil, the handler answers 204,
	// otherwise 500. Zaqar sends the notification only once either way; after an error
	// the message is still in the queue.
	Handle func(ctx context.Context, n Notification) error
	// Client confirms subscriptions; no endpoint but its own is ever called. It needs no
	// credentials, because the notice contains a signature: a client with
	// zaqar.WithProject is enough even if the server requires a token. It must use v2
	// over HTTP. The caller closes it. If nil, notices are refused.
	Client *zaqar.Client
	// Project is the id of the project whose notices are answered. Defaults to the
	// project of the client's credentials, which with Keystone is known after the
	// client's first call.
	Project string
	// Policy decides how to answer notices. Defaults to [Accept].
	Policy Policy
	// MaxBody limits the size of a request, in bytes. Defaults to DefaultMaxBody.
	MaxBody int64
	// ContentType is the content type that requests must have; its parameters are
	// ignored. Defaults to "application/json". Zaqar sends that unless a subscription's
	// PostHeaders set another one.
	ContentType string
	// Logger logs requests that were refused or failed, without bodies and signatures.
	// Defaults to no logging.
	Logger *slog.Logger
}

var legalName = regexp.MustCompile(`^[a-zA-Z0-9_\-.]{1,64}$`)

// filled checks the configuration and sets the defaults.
func (c Config) filled() (Config, error) {
	switch {
	case len(c.Queues) == 0:
		return c, errors.New("webhook: Queues is empty: name the expected queues")
	case c.Handle == nil:
		return c, errors.New("webhook: Handle is missing")
	case c.MaxBody < 0:
		return c, errors.New("webhook: MaxBody is negative; use 0 for the default")
	}
	for _, name := range c.Queues {
		if !legalName.MatchString(name) || name == "." || name == ".." {
			return c, fmt.Errorf("webhook: %.80q is not a queue name: it must have 1 to 64 letters, digits, dots, underscores or dashes, and not be . or ..", name)
		}
	}
	if c.Client != nil && c.Client.Conn().Version() != zaqar.V2 {
		return c, fmt.Errorf("webhook: the client uses API %s, but subscriptions need v2", c.Client.Conn().Version())
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

// project returns the expected project, or "" if it is not known.
func (c Config) project() string {
	if c.Project != "" || c.Client == nil {
		return c.Project
	}
	return c.Client.Conn().ProjectID()
}
