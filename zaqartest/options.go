package zaqartest

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// Option changes how a server behaves.
type Option func(*options)

type options struct {
	keystone          bool
	secretKey         string
	limits            broker.Limits
	checksums         bool
	guardedBulkDelete bool
	defaultRoles      []string
	adminMode         bool
	pooling           bool
	store             Store
	requestLog        int
	observer          func(Seen)
	deliveryClient    *http.Client
	confirm           bool
	allowedHosts      []string
	maxMemory         int64
	logger            *slog.Logger
}

func newOptions(opts []Option) options {
	o := options{limits: broker.DefaultLimits(), adminMode: true, requestLog: 1000, logger: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(&o)
	}
	o.limits = o.limits.Filled()
	if o.store == nil {
		o.store = NewMemoryStore()
	}
	return o
}

// WithKeystone makes the server require tokens, and serves the Keystone that issues
// them at /identity. The caller's project and roles come from the token; the headers
// X-Project-Id and X-Roles are ignored. Without this option there is no
// authentication, and the project and roles come from those headers.
func WithKeystone() Option { return func(o *options) { o.keystone = true } }

// WithSecretKey sets the key that pre-signed URLs are signed with. Without one, the
// server signs nothing.
func WithSecretKey(key string) Option { return func(o *options) { o.secretKey = key } }

// WithLimits sets the bounds and defaults of requests. Defaults to [DefaultLimits].
func WithLimits(limits Limits) Option { return func(o *options) { o.limits = broker.Limits(limits) } }

// WithChecksums adds a checksum of its body to each message, in v1.1 and v2.
// Defaults to false. Zaqar's option is enable_checksum.
func WithChecksums(on bool) Option { return func(o *options) { o.checksums = on } }

// WithClaimGuardedBulkDelete makes the deletion of messages by their ids require the
// claims that hold them. Defaults to false. Zaqar's option is
// message_delete_with_claim_id.
func WithClaimGuardedBulkDelete(on bool) Option {
	return func(o *options) { o.guardedBulkDelete = on }
}

// WithDefaultRoles sets the roles of callers who send no X-Roles header, on a server
// without Keystone. Defaults to none. The health check of v2 requires "admin".
func WithDefaultRoles(roles ...string) Option {
	return func(o *options) { o.defaultRoles = slices.Clone(roles) }
}

// WithAdminMode says whether the server has operations for administrators. Defaults
// to true. Zaqar's option is admin_mode.
func WithAdminMode(on bool) Option { return func(o *options) { o.adminMode = on } }

// WithPooling gives the server pools and flavors, in admin mode. Pools hold nothing,
// but no queue can be created without a pool whose weight is not 0, and a queue
// whose metadata names a _flavor needs such a pool of that flavor. Defaults to
// false. Zaqar's option is pooling.
func WithPooling(on bool) Option { return func(o *options) { o.pooling = on } }

// WithStore sets where queues are kept. The server closes the store. Defaults to
// [NewMemoryStore].
func WithStore(store Store) Option { return func(o *options) { o.store = store } }

// WithRequestLog sets how many of the latest requests [Server.Requests] returns, and
// how many deliveries [Server.Deliveries] returns. Defaults to 1000; 0 keeps none.
func WithRequestLog(size int) Option { return func(o *options) { o.requestLog = max(0, size) } }

// WithObserver sets a function that is called with each request once it has been
// answered or its connection cut, before the next request on the connection. It may
// be called concurrently and should return quickly. It is not called with
// [WithRequestLog](0).
func WithObserver(observe func(Seen)) Option { return func(o *options) { o.observer = observe } }

// WithRequireConfirmation requires subscribers to confirm: a subscriber gets
// messages only after it has confirmed the subscription, with a signed URL that it
// is sent. It needs [WithSecretKey]. Defaults to false. Zaqar's option is
// require_confirmation.
func WithRequireConfirmation(on bool) Option { return func(o *options) { o.confirm = on } }

// WithDeliveryClient sets the client that posts messages to webhooks. The default
// client reaches only this machine, by loopback addresses and the name localhost, so
// tests do not send requests to other hosts. It follows no redirects and times out
// after 30 seconds. For receivers without sockets, use [HandlerClient].
func WithDeliveryClient(client *http.Client) Option {
	return func(o *options) { o.deliveryClient = client }
}

// WithLogger sets where the server reports its own failures: panics and errors of
// the store. Defaults to the test's log with [Run] and [RunInMemory], and to none
// otherwise.
func WithLogger(logger *slog.Logger) Option { return func(o *options) { o.logger = logger } }
