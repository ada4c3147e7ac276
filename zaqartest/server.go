package zaqartest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

// Server is a Zaqar and a small Keystone. Make one with [Run], [RunInMemory] or
// [NewServer]. Its methods may be called concurrently.
type Server struct {
	options   options
	routes    map[routeGroup][]*route
	clock     *broker.Clock
	broker    *broker.Broker
	keystone  *keystone
	notifier  *notifier
	deliverer *deliverer
	timers    *timers
	faults    *faults
	log       *requestLog
	sessions  *wsSessions
	transit   *transit
	logger    *slog.Logger

	// ctx ends when the server closes. The context of every request descends from
	// it.
	ctx      context.Context
	cancel   context.CancelFunc
	requests sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	url       string // "" until the server listens
	wildcard  bool   // the server listens on all addresses
	http      *http.Server
	served    chan struct{} // closed when http no longer accepts connections
	unused    map[net.Conn]bool
	client    *http.Client
	closeOnce func() error
}

// NewServer returns a server that does not listen yet: only [Server.Handler] reaches
// it. The caller must close it.
func NewServer(opts ...Option) (*Server, error) {
	s := &Server{
		options:  newOptions(opts),
		clock:    &broker.Clock{},
		faults:   &faults{},
		sessions: &wsSessions{open: map[string]*wsSession{}},
		unused:   map[net.Conn]bool{},
	}
	if err := s.options.limits.Check(); err != nil {
		return nil, err
	}
	if s.options.confirm && s.options.secretKey == nil {
		return nil, errors.New("zaqartest: WithRequireConfirmation needs WithSecretKey")
	}
	s.routes = groupRoutes(s.options)
	s.logger = s.options.logger
	s.broker = broker.New(s.options.store, s.clock, s.options.pooling)
	s.transit = newTransit(s.options)
	if s.options.maxMemory > 0 {
		if err := s.broker.Bound(storeShare(s.options.maxMemory)); err != nil {
			return nil, fmt.Errorf("zaqartest: the store cannot be read: %w", err)
		}
	}
	s.log = &requestLog{size: s.options.requestLog, observer: s.options.observer}
	s.keystone = newKeystone(s)
	s.timers = &timers{clock: s.clock}
	s.deliverer = newDeliverer(s)
	s.notifier = newNotifier(s, s.deliverer)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.closeOnce = sync.OnceValue(s.shutDown)
	return s, nil
}

// Listen makes the server reachable at a TCP address such as "127.0.0.1:0", where 0
// means any free port. A server listens only once.
func (s *Server) Listen(addr string) error {
	var config net.ListenConfig
	listener, err := config.Listen(s.ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("zaqartest: listen: %w", err)
	}
	return s.start(listener, "http://"+reachable(listener.Addr()), &http.Transport{})
}

// reachable returns an address that a client on this machine can use.
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
// [Server.HTTPClient]. Its URL becomes http://zaqar.test. It works inside a
// testing/synctest bubble if the server was made in the same bubble. A server
// listens only once.
func (s *Server) ListenInMemory() error {
	listener := newPipeListener()
	return s.start(listener, "http://"+inMemoryHost, &http.Transport{DialContext: listener.dial})
}

func (s *Server) start(listener net.Listener, url string, transport *http.Transport) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.http != nil {
		_ = listener.Close() // no client has seen it
		return errors.New("zaqartest: the server already listens or is closed")
	}
	s.wildcard = unspecified(listener.Addr())
	s.url, s.client, s.served = url, &http.Client{Transport: transport}, make(chan struct{})
	s.http = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes(s.options),
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		ConnState:         s.trackConn,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	allowManyHeaders(s.http)
	go func(server *http.Server, served chan struct{}) {
		defer close(served)
		if err := server.Serve(jsonErrorListener{listener}); !errors.Is(err, http.ErrServerClosed) {
			s.logger.Error("the server cannot accept connections", "error", err)
		}
	}(s.http, s.served)
	return nil
}

// trackConn keeps track of the connections on which no request has arrived yet.
// Shutdown of net/http would wait for them.
func (s *Server) trackConn(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.unused, conn)
	case s.closed:
		_ = conn.Close() // accepted while the server was closing
	default:
		s.unused[conn] = true
	}
}

// Handler returns the server as a handler: Zaqar at / and, with [WithKeystone],
// Keystone at /identity. For a [Fault] with Cut it panics with
// [http.ErrAbortHandler], which http.Server handles.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serveHTTP) }

// URL returns Zaqar's endpoint, without a version and without a trailing slash:
// "http://127.0.0.1:41234". It is empty until the server listens.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// KeystoneURL returns the URL to authenticate at: [Server.URL] followed by
// "/identity/v3". It works only with [WithKeystone].
func (s *Server) KeystoneURL() string { return s.URL() + keystonePath + "/v3" }

// HTTPClient returns a client for this server. If the server listens in memory,
// every request of the client goes to it, whatever host the URL names. Close closes
// the client's idle connections. Until the server listens, the client cannot reach
// it.
func (s *Server) HTTPClient() *http.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		return &http.Client{}
	}
	return s.client
}

// beginRequest counts a request. It returns false if the server is closed.
func (s *Server) beginRequest() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.requests.Add(1)
	return true
}

// Close stops the server. It refuses new requests, ends the waiting of those in
// flight, waits until they return, drops pending deliveries, and closes all
// connections and the store. Later calls return the same result.
func (s *Server) Close() error { return s.closeOnce() }

// closeGrace is how long a client may take to finish sending a request or receiving
// an answer when the server closes.
const closeGrace = 5 * time.Second

func (s *Server) shutDown() error {
	server, served, unused := s.markClosed()
	s.cancel()
	var errs []error
	if server != nil {
		for _, conn := range unused {
			_ = conn.Close() // it may be closed already
		}
		s.HTTPClient().CloseIdleConnections()
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
	s.requests.Wait()
	s.timers.close()
	s.deliverer.close()
	return errors.Join(append(errs, s.options.store.Close())...)
}

// markClosed makes the server refuse requests. It returns what is to be closed.
func (s *Server) markClosed() (server *http.Server, served chan struct{}, unused []net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.http, s.served, slices.Collect(maps.Keys(s.unused))
}
