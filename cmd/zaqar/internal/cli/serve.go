package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/zaqar-go/zaqar/zaqartest"
)

// secretKeyVariable is the variable with the signing key, for users who want it neither
// in a file nor in the list of processes.
const secretKeyVariable = "ZAQAR_SECRET_KEY"

// serveFlags are the flags of zaqar serve.
type serveFlags struct {
	listen        string
	auth          string
	users         []string
	userFile      string
	roles         []string
	secretKey     string
	secretKeyFile string
	log           bool
	allowRemote   bool
	allowHosts    []string
	insecure      bool
	maxMemory     size
	limits        zaqartest.Limits
	checksums     bool
	guarded       bool
	pooling       bool
	confirm       bool
	anywhere      bool
}

// NewCmdServe returns the command zaqar serve.
func NewCmdServe(app *App) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Run the embedded server",
		Long: `Run the embedded Zaqar until Ctrl-C, for development and tests. Queues are kept
in memory only. Zaqar is at /; with --auth keystone, a small Keystone is at
/identity/v3.

The command prints what to paste into another shell. With --auth keystone there
are two users, demo and the administrator admin. Both are in the project demo,
and their password is "secret". If you add users, these two cannot sign in.

By default it uses a quarter of the machine's memory. When that is full,
requests that would store more get a 503. What is stored is kept.

The limits have the names and units of Zaqar's own options.`,
		Example: `  zaqar serve
  zaqar serve --listen 127.0.0.1:0
  zaqar serve --auth keystone --user-file users --max-memory 128MiB
  zaqar serve --max-messages-post-size 1048576 --default-message-ttl 60`,
		Args:        noArguments,
		Annotations: map[string]string{offline: "true"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context(), func() {})
			defer stop()
			return f.serve(ctx, app.Streams)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8888", "listen on this `address`; port 0 selects a free port")
	flags.StringVar(&f.auth, "auth", "none", "how callers sign in: `none|keystone`")
	flags.StringArrayVar(&f.users, "user", nil, "with keystone: add this `user`, instead of demo and admin: NAME:PASSWORD:PROJECT or NAME:PASSWORD:PROJECT:ROLE,ROLE (repeatable); others on this machine can see it")
	flags.StringVar(&f.userFile, "user-file", "", "with keystone: add the users in this `file`, one on each line, and those in "+usersVariable)
	flags.StringArrayVar(&f.roles, "role", nil, "with none: the default `role` of callers, such as admin (repeatable)")
	flags.StringVar(&f.secretKey, "secret-key", "", "sign URLs with this `key`; others on this machine can see it")
	flags.StringVar(&f.secretKeyFile, "secret-key-file", "", "sign URLs with the key in this `file` (default: the key in "+secretKeyVariable+")")
	flags.BoolVar(&f.log, "log", false, "log each request to standard error, without secrets")
	flags.BoolVar(&f.allowRemote, "allow-remote", false, "allow an address that other machines can reach")
	flags.StringArrayVar(&f.allowHosts, "allow-host", nil, "answer to this host `name`, too; otherwise only to IP addresses and localhost, so that no web page can reach the server by DNS rebinding (repeatable)")
	flags.BoolVar(&f.insecure, "insecure-no-auth", false, "allow such an address without sign-in: anybody can do anything")
	f.maxMemory = defaultMemory()
	flags.Var(&f.maxMemory, "max-memory", "use at most this much memory, a `size` such as 128MiB; then answer 503")
	flags.BoolVar(&f.checksums, "checksums", false, "add a checksum to each message, in v2 (enable_checksum in Zaqar)")
	flags.BoolVar(&f.guarded, "message-delete-with-claim-id", false, "require the claims when several messages are deleted by ids")
	flags.BoolVar(&f.pooling, "pooling", false, "serve pools and flavors; a queue then needs a pool with a weight")
	flags.BoolVar(&f.confirm, "require-confirmation", false, "send messages to confirmed subscribers only; needs a signing key")
	flags.BoolVar(&f.anywhere, "deliver-anywhere", false, "deliver to webhooks on any machine, not only on this one")
	inGroup(flags, "Behaviour", "checksums", "message-delete-with-claim-id", "pooling", "require-confirmation", "deliver-anywhere")
	addLimits(flags, &f.limits)
	return cmd
}

// serve runs the server until ctx ends. A signal is the normal end, not an error.
func (f *serveFlags) serve(ctx context.Context, streams *Streams) error {
	server, user, err := f.server(streams)
	if err != nil {
		return err
	}
	f.warnOfSecrets(streams)
	// The server holds six tenths at most, and a tenth is for the program itself. The rest
	// is for what the collector has not freed yet; near this limit it frees more often.
	debug.SetMemoryLimit(int64(f.maxMemory) / 10 * 9)
	defer func() { _ = server.Close() }()
	if err := server.Listen(f.listen); err != nil {
		return f.cannotListen(err)
	}
	// In one write, so that a reader never gets a part of it. If the reader goes away
	// afterwards, the server continues.
	fmt.Fprint(streams.Out, f.instructions(server, user))
	<-ctx.Done()
	return server.Close()
}

func (f *serveFlags) cannotListen(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another program already listens on %s; choose another address with --listen (port 0 selects a free port)", f.listen)
	}
	if cause, ok := errors.AsType[*net.OpError](err); ok {
		err = cause.Err
	}
	return fmt.Errorf("cannot listen on %s: %w", f.listen, err)
}

// server returns the server that the flags describe. user is a user who can sign in, with
// the password if everybody knows it.
func (f *serveFlags) server(streams *Streams) (_ *zaqartest.Server, user zaqartest.User, err error) {
	fail := func(err error) (*zaqartest.Server, zaqartest.User, error) { return nil, zaqartest.User{}, err }
	users, err := f.readUsers()
	if err != nil {
		return fail(err)
	}
	if err := f.check(len(users)); err != nil {
		return fail(err)
	}
	key, err := f.key()
	if err != nil {
		return fail(err)
	}
	options := []zaqartest.Option{
		zaqartest.WithSecretKey(key),
		zaqartest.WithAllowedHosts(f.allowHosts...),
		zaqartest.WithDefaultRoles(f.roles...),
		zaqartest.WithLimits(f.limits),
		zaqartest.WithChecksums(f.checksums),
		zaqartest.WithClaimGuardedBulkDelete(f.guarded),
		zaqartest.WithPooling(f.pooling),
		zaqartest.WithMaxMemory(int64(f.maxMemory) / 10 * 6),
		zaqartest.WithRequestLog(0), // nobody reads it
		zaqartest.WithLogger(slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))),
	}
	if f.confirm && key == "" {
		return fail(badUsage("--require-confirmation needs a signing key: set --secret-key-file or %s", secretKeyVariable))
	}
	options = append(options, zaqartest.WithRequireConfirmation(f.confirm))
	if f.anywhere {
		options = append(options, zaqartest.WithDeliveryClient(&http.Client{Timeout: 30 * time.Second}))
	}
	if f.auth == "keystone" {
		options = append(options, zaqartest.WithKeystone())
	}
	if f.log {
		options = append(options, zaqartest.WithRequestLog(1), zaqartest.WithObserver(observer(streams)))
	}
	server, err := zaqartest.NewServer(options...)
	if err != nil {
		return fail(contradicting(&f.limits, err)) // the server checks nothing else
	}
	if len(users) == 0 {
		return server, zaqartest.User{Name: "demo", Password: "secret", Project: "demo"}, nil
	}
	// The server's default users cannot be removed, but nobody can guess these
	// passwords.
	for _, name := range []string{"demo", "admin"} {
		server.AddUser(zaqartest.User{Name: name, Password: rand.Text()})
	}
	for _, u := range users {
		server.AddUser(u)
	}
	user = users[0]
	user.Password = ""
	return server, user, nil
}

// observer logs each request. Status 0 means that the connection was cut.
func observer(streams *Streams) func(zaqartest.Seen) {
	logger := slog.New(slog.NewTextHandler(streams.Err, nil))
	return func(s zaqartest.Seen) {
		path, _, _ := strings.Cut(s.Path, "?") // a query can have secrets
		logger.Info(s.Kind, "method", s.Method, "path", path, "status", s.Status, "project", s.Project, "client", s.ClientID)
	}
}

// check refuses flags that are wrong or not safe.
func (f *serveFlags) check(users int) error {
	host, _, err := net.SplitHostPort(f.listen)
	remote := !loopback(host)
	switch {
	case err != nil:
		return badUsage("--listen is %q; it must be an address such as 127.0.0.1:8888", f.listen)
	case f.auth != "none" && f.auth != "keystone":
		return badUsage("--auth is %q; it must be none or keystone", f.auth)
	case f.auth == "none" && len(f.users) > 0:
		return badUsage("--user needs --auth keystone: without it nobody signs in")
	case f.auth == "none" && f.userFile != "":
		return badUsage("--user-file needs --auth keystone: without it nobody signs in")
	case f.maxMemory < leastMemory:
		return badUsage("--max-memory is %v; it must be at least 16MiB", &f.maxMemory)
	case f.auth == "keystone" && len(f.roles) > 0:
		return badUsage("--role needs --auth none; with keystone, set roles with --user NAME:PASSWORD:PROJECT:ROLE")
	case remote && f.auth == "none" && (!f.allowRemote || !f.insecure):
		return badUsage(`--listen %s can be reached from other machines, and with --auth none anybody there can do anything.
Listen on 127.0.0.1, or let users sign in:
  --allow-remote --auth keystone --user-file FILE
To allow anybody to do anything, use both of these:
  --allow-remote --insecure-no-auth`, f.listen)
	case remote && users == 0 && f.auth == "keystone":
		return badUsage(`--listen %s can be reached from other machines, and everybody knows the passwords of demo and admin.
Add users of your own: --allow-remote --user-file FILE`, f.listen)
	case remote && !f.allowRemote:
		return badUsage("--listen %s can be reached from other machines; to allow that, add --allow-remote", f.listen)
	}
	return checkLimits(&f.limits)
}

// loopback reports whether only this machine can reach a host. A name other than
// localhost can be any address, and an empty host is every interface.
func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// key returns the signing key, or "" if there is none.
func (f *serveFlags) key() (string, error) {
	var given []string
	for _, source := range []struct{ name, value string }{
		{"--secret-key", f.secretKey}, {"--secret-key-file", f.secretKeyFile}, {secretKeyVariable, os.Getenv(secretKeyVariable)},
	} {
		if source.value != "" {
			given = append(given, source.name)
		}
	}
	switch {
	case len(given) > 1:
		return "", badUsage("the signing key is set twice, by %s: use one of them", strings.Join(given, " and by "))
	case f.secretKeyFile == "":
		return f.secretKey + os.Getenv(secretKeyVariable), nil
	}
	content, err := os.ReadFile(f.secretKeyFile)
	if err != nil {
		return "", fmt.Errorf("--secret-key-file: %w", err)
	}
	key := strings.TrimRight(string(content), "\r\n")
	if key == "" {
		return "", fmt.Errorf("--secret-key-file: %s is empty", f.secretKeyFile)
	}
	return key, nil
}
