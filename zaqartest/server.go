package zaqartest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Server is a Zaqar, and a small Keystone. Make one with [Run], [RunInMemory]
// or [NewServer]. Its methods may be called by several goroutines at once.
type Server struct {
	options  options
	routes   []route
	clock    *clock
	broker   *broker
	identity *identity
	notifier *notifier
	courier  *courier
	alarms   *alarms
	faults   *faults
	journal  *journal
	sockets  *sockets
	logger   *slog.Logger

	// ctx ends when the server closes; it is the ancestor of all requests.
	ctx      context.Context
	cancel   context.CancelFunc
	handlers sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	url       string // "" until it listens
	wildcard  bool   // it listens on all addresses
	http      *http.Server
	served    chan struct{} // closed when http has stopped to accept
	fresh     map[net.Conn]bool
	client    *http.Client
	closeOnce func() error
}

// NewServer returns a server that is ready but not reachable, except through
// [Server.Handler]. Close it.
func NewServer(opts ...Option) (*Server, error) {
	s := &Server{
		options: newOptions(opts),
		routes:  routes,
		clock:   &clock{},
		faults:  &faults{},
		sockets: &sockets{open: map[string]*session{}},
		fresh:   map[net.Conn]bool{},
	}
	if err := s.options.limits.check(); err != nil {
		return nil, err
	}
	if s.options.confirm && s.options.secretKey == "" {
		return nil, errors.New("zaqartest: WithRequireConfirmation needs WithSecretKey")
	}
	s.logger = s.options.logger
	s.broker = &broker{store: s.options.store, clock: s.clock, pooling: s.options.pooling}
	s.journal = &journal{size: s.options.requestLog, observer: s.options.observer}
	s.identity = newIdentity(s)
	s.alarms = &alarms{clock: s.clock}
	s.courier = newCourier(s)
	s.notifier = newNotifier(s, s.courier)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.closeOnce = sync.OnceValue(s.shutDown)
	return s, nil
}

// Listen makes the server reachable at a TCP address such as "127.0.0.1:0",
// where 0 stands for any free port. A server listens once.
func (s *Server) Listen(addr string) error {
	var config net.ListenConfig
	listener, err := config.Listen(s.ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("zaqartest: listen: %w", err)
	}
	s.mu.Lock()
	s.wildcard = unspecified(listener.Addr())
	s.mu.Unlock()
	transport := &http.Transport{}
	return s.start(listener, "http://"+reachable(listener.Addr()), transport)
}

// reachable is an address that a client on this machine can use.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !unspecified(addr) {
		return addr.String()
	}
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}).String()
}

// unspecified reports whether an address stands for all addresses.
func unspecified(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsUnspecified()
}

// everywhere reports whether the server listens on all addresses.
func (s *Server) everywhere() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wildcard
}

// ListenInMemory makes the server reachable without sockets, and only through
// [Server.HTTPClient]. Its URL becomes http://zaqar.test. That works inside
// testing/synctest bubbles, if the server is made there, too. A server listens
// once.
func (s *Server) ListenInMemory() error {
	listener := newPipeListener()
	return s.start(listener, "http://"+inMemoryHost, &http.Transport{DialContext: listener.dial})
}

func (s *Server) start(listener net.Listener, url string, transport *http.Transport) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.http != nil {
		_ = listener.Close() // nobody has seen it
		return errors.New("zaqartest: the server listens already or is closed")
	}
	s.url, s.client, s.served = url, &http.Client{Transport: transport}, make(chan struct{})
	s.http = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 30 * time.Second,
		// The ids of a page, and signed URLs, are long.
		MaxHeaderBytes: 4 << 20,
		BaseContext:    func(net.Listener) context.Context { return s.ctx },
		ConnState:      s.watch,
		ErrorLog:       slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	allowManyHeaders(s.http)
	go func(server *http.Server, served chan struct{}) {
		defer close(served)
		if err := server.Serve(wordedListener{listener}); !errors.Is(err, http.ErrServerClosed) {
			s.logger.Error("the server cannot accept connections", "error", err)
		}
	}(s.http, s.served)
	return nil
}

// watch knows the connections on which nothing has been said yet: net/http
// would wait for them when it shuts down.
func (s *Server) watch(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.fresh, conn)
	case s.closed:
		_ = conn.Close() // it came in the very last moment
	default:
		s.fresh[conn] = true
	}
}

// Handler returns the server as a handler: Zaqar at /, and with [WithKeystone]
// Keystone at /identity. An injected cut of the connection is a panic with
// [http.ErrAbortHandler], which http.Server understands.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serveHTTP) }

// URL returns Zaqar's endpoint, without a version and without a slash at its
// end: "http://127.0.0.1:41234". It is empty until the server listens.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// KeystoneURL returns the URL to authenticate at: that of [Server.URL] followed
// by "/identity/v3". It works with [WithKeystone] only.
func (s *Server) KeystoneURL() string { return s.URL() + identityPath + "/v3" }

// HTTPClient returns a client of this server alone. Where the server listens in
// memory, every request of the client comes to it, whatever host its URL names.
// Close closes the client's idle connections. Before the server listens it is a
// client that reaches nothing of it.
func (s *Server) HTTPClient() *http.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		return &http.Client{}
	}
	return s.client
}

// begin counts a handler, unless the server is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.handlers.Add(1)
	return true
}

// Close ends the server: it takes no more requests, waits for those that run
// (what they wait for is cut short), gives up what is to be delivered, closes all
// connections and the store. It may be called again, and then returns the same.
func (s *Server) Close() error { return s.closeOnce() }

// closeGrace is how long a client may take to send or receive what is half done
// when the server closes.
const closeGrace = 5 * time.Second

func (s *Server) shutDown() error {
	s.mu.Lock()
	s.closed = true
	server, served, client := s.http, s.served, s.client
	fresh := make([]net.Conn, 0, len(s.fresh))
	for conn := range s.fresh {
		fresh = append(fresh, conn)
	}
	s.mu.Unlock()

	s.cancel()
	var errs []error
	if server != nil {
		for _, conn := range fresh {
			_ = conn.Close() // it may be closed already
		}
		client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
			errs = append(errs, err)
		} else {
			errs = append(errs, err)
		}
		cancel()
		<-served
	}
	s.handlers.Wait()
	s.alarms.close()
	s.courier.close()
	return errors.Join(append(errs, s.options.store.Close())...)
}

// TB is the part of a *testing.T that [Run] needs. So package testing is not
// linked into programs that embed the server.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// Run returns a server that listens on a free port of the loopback interface
// until the test ends.
func Run(t TB, opts ...Option) *Server {
	t.Helper()
	return run(t, opts, func(s *Server) error { return s.Listen("127.0.0.1:0") })
}

// RunInMemory returns a server without sockets, until the test ends: only
// [Server.HTTPClient] reaches it. It works inside testing/synctest bubbles.
func RunInMemory(t TB, opts ...Option) *Server {
	t.Helper()
	return run(t, opts, (*Server).ListenInMemory)
}

func run(t TB, opts []Option, listen func(*Server) error) *Server {
	t.Helper()
	s, err := NewServer(slices.Concat([]Option{WithLogger(testLogger(t))}, opts)...)
	if err != nil {
		t.Fatalf("zaqartest: %v", err)
		return nil
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Logf("zaqartest: close: %v", err)
		}
	})
	if err := listen(s); err != nil {
		t.Fatalf("zaqartest: %v", err)
	}
	return s
}

// testLogger writes failures into a test's log. The server is closed before the
// test ends, so nothing is logged too late.
func testLogger(t TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(logWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

type logWriter struct{ t TB }

// Write implements io.Writer.
func (w logWriter) Write(line []byte) (int, error) {
	w.t.Logf("%s", line)
	return len(line), nil
}
