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

// WithKeystone makes the server demand tokens, and serves the Keystone that
// issues them below /identity. The caller's project and roles come from the
// token; what a caller says about itself in X-Project-Id and X-Roles does not
// count. Without this option there is no authentication, and just those headers
// count.
func WithKeystone() Option { return func(o *options) { o.keystone = true } }

// WithSecretKey sets the key that pre-signed URLs are signed with. Default: a
// server without one, which signs nothing.
func WithSecretKey(key string) Option { return func(o *options) { o.secretKey = key } }

// WithLimits sets the bounds and defaults of requests. Default: [DefaultLimits].
func WithLimits(limits Limits) Option { return func(o *options) { o.limits = broker.Limits(limits) } }

// WithChecksums puts a checksum of its body on each message, in v2. Default
// false. Zaqar's option is enable_checksum.
func WithChecksums(on bool) Option { return func(o *options) { o.checksums = on } }

// WithClaimGuardedBulkDelete makes the deletion of several messages by their
// ids demand the claims that hold them. Default false. Zaqar's option is
// message_delete_with_claim_id.
func WithClaimGuardedBulkDelete(on bool) Option {
	return func(o *options) { o.guardedBulkDelete = on }
}

// WithDefaultRoles gives roles to callers who send no X-Roles header, on a
// server without Keystone. Default none. "admin" opens the health check of v2.
func WithDefaultRoles(roles ...string) Option {
	return func(o *options) { o.defaultRoles = slices.Clone(roles) }
}

// WithAdminMode says whether there are operations for administrators at all.
// Default true. Zaqar's option is admin_mode.
func WithAdminMode(on bool) Option { return func(o *options) { o.adminMode = on } }

// WithPooling gives the server pools and flavors, in admin mode. They are records
// and hold nothing; but without a pool that has a weight no queue can be made, and
// a queue whose metadata names a _flavor needs one of that flavor. Default false.
// Zaqar's option is pooling.
func WithPooling(on bool) Option { return func(o *options) { o.pooling = on } }

// WithStore sets where queues are kept. The server closes the store. Default:
// [NewMemoryStore].
func WithStore(store Store) Option { return func(o *options) { o.store = store } }

// WithRequestLog sets how many of the latest requests [Server.Requests] can
// tell of, and [Server.Deliveries] of deliveries. Default 1000; 0 for none.
func WithRequestLog(size int) Option { return func(o *options) { o.requestLog = max(0, size) } }

// WithObserver calls a function with each request when it has been answered or cut,
// before the next request on that connection. It may be called by several
// goroutines at once and should return soon. It is not called for requests that
// [WithRequestLog](0) does not keep.
func WithObserver(observe func(Seen)) Option { return func(o *options) { o.observer = observe } }

// WithRequireConfirmation lets a subscriber have messages only after it has
// confirmed the subscription, for which it gets a notice with a signed URL. It
// needs [WithSecretKey]. Default false. Zaqar's option is require_confirmation.
func WithRequireConfirmation(on bool) Option { return func(o *options) { o.confirm = on } }

// WithDeliveryClient sets who posts messages to webhooks. Default: a client that
// reaches this machine alone, by loopback addresses and the name localhost, follows no
// redirects and waits half a minute for an answer. So a test with a subscriber
// somewhere in the world does not talk to it. [HandlerClient] makes a client for
// receivers without sockets.
func WithDeliveryClient(client *http.Client) Option {
	return func(o *options) { o.deliveryClient = client }
}

// WithLogger sets where the server reports its own failures: panics and a store
// that does not work. Default: with [Run] and [RunInMemory] the test's log,
// otherwise nowhere.
func WithLogger(logger *slog.Logger) Option { return func(o *options) { o.logger = logger } }
